package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"t5train/trainer"
)

func validateCommand(a app) *cobra.Command {
	var sources configSources
	c := &cobra.Command{
		Use:     "validate",
		Short:   "Report every mistake of a configuration, without running it",
		Example: `  t5train validate --config my.yaml`,
		Args:    noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := requireFlags(c, "config"); err != nil {
				return err
			}
			config, err := sources.load(c)
			if err != nil {
				return err
			}
			if err := trainer.Check(c.Context(), config, a.console()); err != nil {
				return err
			}
			fmt.Fprintf(a.stdout, "%s is valid\n", sources.file)
			return nil
		},
	}
	sources.add(c)
	return c
}
