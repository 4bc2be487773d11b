package main

import (
	"strings"

	"github.com/spf13/cobra"

	"t5train/internal/jsonlines"
	"t5train/trainer"
)

func examplesCommand(a app) *cobra.Command {
	sources := configSources{noRun: true}
	var batches int
	var heldOut bool
	c := &cobra.Command{
		Use:   "examples",
		Short: "Print the examples that training reads",
		Long: `Print the examples that a run with a configuration reads, or with --held-out those of its evaluations: one JSON object
a line, with the number of the batch, the ids of inputs and targets, and their text. Pre-training makes its token
stores, if they are missing, in the folder of --tokens or in the output folder that the configuration names.`,
		Example: `  t5train data examples --config my.yaml --batches 1
  t5train data examples --config my.yaml --held-out > held-out.jsonl
  t5train data examples --config configs/quickstart.yaml`,
		RunE: func(c *cobra.Command, args []string) error {
			sources.sink = a.console()
			if err := sources.readKind(c, strings.Join(args, ""), pretrainName); err != nil {
				return err
			}
			if err := requireAtLeast(c, 1, "batches"); err != nil {
				return err
			}
			config, err := sources.load(c)
			if err != nil {
				return err
			}
			out := jsonlines.NewEncoder(a.stdout)
			print := func(e trainer.Example) error { return out.Encode(e) }
			if heldOut {
				return trainer.HeldOutExamples(c.Context(), config, a.console(), print)
			}
			return trainer.TrainExamples(c.Context(), config, batches, a.console(), print)
		},
	}
	sources.add(c)
	sources.takesKind(c)
	c.Flags().IntVar(&batches, "batches", 1, "micro-batches of training, from the first")
	c.Flags().BoolVar(&heldOut, "held-out", false, "the examples of an evaluation instead")
	return c
}
