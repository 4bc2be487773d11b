package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"t5train/internal/atomicfile"
	"t5train/internal/ui"
	"t5train/trainer/verify"
)

func verifyCommand(a app) *cobra.Command {
	var o verify.Options
	var certificate, against string
	var overwrite bool
	c := &cobra.Command{
		Use:   "verify RUN",
		Short: "Train a run again and confirm its checkpoints bit for bit",
		Long: `Check data, starting weights and settings of a run by their digests, train it again beside it, and compare
losses, weights and optimizer bit for bit; the first step that differs is an error. --certificate writes what was
confirmed, and --against compares a run or a model with such a file, without training (docs/checkpoints.md).`,
		Example: `  t5train verify runs/first
  t5train verify runs/first --from 140 --steps 20 --certificate certificate.json
  t5train verify runs/first --against certificate.json`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misuse(c, "got %d runs, want the folder of one, such as runs/first", len(args))
			}
			if against != "" {
				known, err := verify.ReadCertificate(against)
				if err != nil {
					return err
				}
				steps, err := verify.Check(args[0], known)
				if err == nil {
					fmt.Fprintf(a.stdout, "%s holds what the certificate of %s says, without training: %s\n", args[0],
						known.Run, stepsOf(steps))
				}
				return err
			}
			if _, err := os.Lstat(certificate); err == nil && !overwrite {
				return fmt.Errorf("there is a file %s: choose another --certificate, or replace it with --overwrite",
					certificate)
			}
			o.Sink = a.console()
			done, err := verify.Run(c.Context(), args[0], o)
			if err != nil {
				return err
			}
			start := "from the beginning"
			if done.From > 0 {
				start = fmt.Sprintf("from the checkpoint of step %d", done.From)
			}
			fmt.Fprintf(a.stdout, "the same bits %s to step %d: %s, %d losses, %d evaluations\n", start, done.To,
				stepsOf(checkpointSteps(done)), done.Rows, done.Evaluations)
			if len(done.Checkpoints) > 0 {
				fmt.Fprintln(a.stdout, "these checkpoints come from this data by these settings")
			}
			if certificate == "" {
				return nil
			}
			w, finish, err := atomicfile.OpenOutput(a.data, certificate)
			if err != nil {
				return err
			}
			if err := finish(done.Write(w)); err != nil {
				return err
			}
			ui.Say(o.Sink, "certificate", "%s", certificate)
			return nil
		},
	}
	f := c.Flags()
	f.IntVar(&o.From, "from", 0, "step of the checkpoint to begin at; 0 is the beginning")
	f.IntVar(&o.Steps, "steps", 0, "steps to train again; 0 is to the last checkpoint")
	f.StringArrayVar(&o.Set, "set", nil, "where files are now: data.train=[a.parquet], model.path=folder")
	f.StringVar(&certificate, "certificate", "", "file for what was confirmed, as JSON; - is standard output")
	f.StringVar(&against, "against", "", "certificate to compare a run or a model with, without training")
	f.BoolVar(&overwrite, "overwrite", false, "replace the file that --certificate names")
	return c
}

func checkpointSteps(c *verify.Certificate) (steps []int) {
	for _, k := range c.Checkpoints {
		steps = append(steps, k.Step)
	}
	return steps
}

// stepsOf names checkpoints.
func stepsOf(steps []int) string {
	switch len(steps) {
	case 0:
		return "no checkpoint"
	case 1:
		return fmt.Sprintf("the checkpoint of step %d", steps[0])
	}
	return "the checkpoints of steps " + strings.Trim(strings.ReplaceAll(fmt.Sprint(steps), " ", ", "), "[]")
}
