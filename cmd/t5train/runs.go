package main

import (
	"github.com/spf13/cobra"

	"t5train/internal/jsonlines"
	"t5train/trainer/report"
)

func runsCommand(a app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "runs [FOLDER]",
		Short: "List runs with their state and their best metric",
		Long: `List the runs in a folder (default: runs), at any depth: task, model, steps, state and the best value of the metric that
decides. A run is running, finished, or stopped; a stopped one is resumed by the command that began it.`,
		Example: `  t5train runs
  t5train runs experiments
  t5train runs experiments --json`,
		RunE: func(c *cobra.Command, args []string) error {
			folder := "runs"
			if len(args) > 1 {
				return misuse(c, "got %d folders, want one", len(args))
			}
			if len(args) == 1 {
				folder = args[0]
			}
			runs, err := report.Open(folder)
			if err != nil {
				return err
			}
			if asJSON {
				lines := jsonlines.NewEncoder(a.stdout)
				for _, r := range runs {
					if err := lines.Encode(r.Summary()); err != nil {
						return err
					}
				}
			} else if err := report.WriteTable(a.stdout, runs); err != nil {
				return err
			}
			sayNotes(a, runs)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object a line for each run")
	return c
}
