package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"t5train/data/dataset"
	"t5train/trainer"
)

func validateCommand(a app) *cobra.Command {
	var sources configSources
	c := &cobra.Command{
		Use:   "validate [pretrain | finetune]",
		Short: "Report every mistake of a configuration, without running it",
		Long: `Report every mistake of a configuration, without running it. What it is for may be said; else its keys tell: it is of
pre-training if it names an objective, or no task but any other key that only pre-training has, or mixes text in.`,
		Example: `  t5train validate --config my.yaml
  t5train validate pretrain --config my.yaml`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := requireFlags(c, "config"); err != nil {
				return err
			}
			sources.open = func(split, pattern string) error { // to tell it beside all other mistakes
				_, err := dataset.OpenFiles(c.Context(), []string{pattern}, []string{split})
				return err
			}
			if err := sources.readKind(c, args, ""); err != nil {
				return err
			}
			config, err := sources.load(c)
			if err != nil && len(args) == 0 {
				err = fmt.Errorf("%w\nits keys told what it is for: 't5train validate pretrain' or 't5train validate "+
					"finetune' says it", err)
			}
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
	sources.takesKind(c)
	return c
}
