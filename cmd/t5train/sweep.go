package main

import (
	"cmp"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"t5train/checkpoints"
	"t5train/cmd/t5train/next"
	"t5train/configs"
	"t5train/internal/atomicfile"
	"t5train/internal/ui"
	"t5train/trainer/sweep"
	sweeppage "t5train/trainer/sweep/page"
)

func sweepCommand(a app) *cobra.Command {
	var file, output string
	var trials int
	var minutes float64
	c := &cobra.Command{
		Use:   "sweep",
		Short: "Find better settings: train many trials and give the good ones more time",
		Long: `Train a configuration with other values of some keys again and again, stop early what does badly, and say what is won
over the settings as they are, trial 0. --config is a file with base:, search: and output: (docs/sweep.md). Each trial
is a run in FOLDER/trials. The same command goes on with a sweep that was stopped; several processes may share one.`,
		Example: `  t5train sweep --config configs/sweep/quickstart.yaml
  t5train sweep --config sweep.yaml --minutes 20 --output runs/sweep
  t5train report runs/sweep`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := requireFlags(c, "config"); err != nil {
				return err
			}
			content, err := configs.ReadFile(file)
			if err != nil {
				return err
			}
			spec, err := sweep.Parse(file, content,
				configs.LoadOptions{Env: os.Environ(), Sizes: sizeNames(), Paths: true})
			if err != nil {
				text := strings.ReplaceAll(err.Error(), "\n", "\n  ")
				return configError{fmt.Errorf("the sweep is wrong:\n  %s", text)}
			}
			f := c.Flags()
			if f.Changed("output") {
				spec.Output = output
			}
			if f.Changed("minutes") {
				spec.Minutes = minutes
			}
			if f.Changed("trials") {
				spec.Trials = trials
			}
			collectEarly()
			r, err := sweep.Run(c.Context(), spec, sweep.Options{Sink: a.console()})
			if err != nil {
				return err
			}
			if r.Interrupted {
				a.tell("stopped after %d trials: the same command goes on", len(r.Trials))
				return c.Context().Err()
			}
			return printSweep(a, r)
		},
	}
	f := c.Flags()
	f.StringVar(&file, "config", "", "YAML file with the sweep")
	f.StringVar(&output, "output", "", "folder of the sweep (default: output in the file)")
	f.IntVar(&trials, "trials", 0, "trials at most, trial 0 among them (default: trials in the file)")
	f.Float64Var(&minutes, "minutes", 0, "minutes that the trials may take (default: minutes in the file)")
	return c
}

// reportSweep writes the page of a sweep.
func reportSweep(a app, c *cobra.Command, folder, output string, named, overwrite bool) error {
	if named {
		if err := cmp.Or(checkUnpacked(c, output), atomicfile.CheckReplaceable(output, overwrite)); err != nil {
			return err
		}
	}
	r, err := sweep.Read(folder)
	if err != nil {
		return err
	}
	var lines []string
	if r.Best >= 0 {
		best := next.Quoted(sweep.TrialDir(folder, r.Best))
		lines = []string{"t5train predict --model " + best + " " + sweepInput(r), "t5train report " + best,
			"t5train " + r.Command + " --config " + next.Quoted(sweep.BestFile(folder))}
	}
	w, finish, err := atomicfile.OpenOutput(a.data, output)
	if err != nil {
		return err
	}
	if err := finish(sweeppage.Write(w, r, lines)); err != nil {
		return err
	}
	if output != "-" {
		ui.Say(a.console(), "report", "%s", output)
	}
	return nil
}

// sweepInput returns the flags by which predict gets an input of the best trial.
func sweepInput(r *sweep.Result) string {
	checkpoint, _, _ := checkpoints.Resolve(sweep.TrialDir(r.Output, r.Best)) // else any input will do
	return next.Input(r.Base["objective.name"], checkpoint)
}

// printSweep writes what a sweep has found.
func printSweep(a app, r *sweep.Result) error {
	if err := r.WriteTable(a.stdout); err != nil {
		return err
	}
	say := func(format string, args ...any) { fmt.Fprintf(a.stdout, format+"\n", args...) }
	for i, e := range r.Effects() {
		if i == 0 {
			say("share of the differences between trials that goes with a key (docs/sweep.md):")
		}
		say("  %3.0f %%  %s", 100*e.Share, e.Key)
	}
	if r.Validation != nil {
		say("validation: %s", r.Validation)
	}
	if r.Test != nil {
		say("test: %s", r.Test)
	}
	if r.Late {
		say("the time was over: the same command with more minutes goes on")
	}
	switch {
	case r.Best < 0:
		say("no trial has a result")
		return nil
	case r.Best == 0:
		say("best: trial 0, the settings as they are")
	default:
		say("best: trial %d", r.Best)
	}
	say("settings: %s", sweep.BestFile(r.Output))
	say("next: t5train report %s; t5train predict --model %s %s", next.Quoted(r.Output),
		next.Quoted(sweep.TrialDir(r.Output, r.Best)), sweepInput(r))
	return nil
}
