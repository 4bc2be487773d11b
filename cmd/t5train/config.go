package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"t5train/configs"
)

func configCommand(a app) *cobra.Command {
	return &cobra.Command{
		Use:   "config [PRESET]",
		Short: "List the keys of the configuration, or print a preset",
		Long:  "List every key of the configuration with its type, default, environment variable and meaning. With the name of a preset, print that file: a start for one of your own.",
		Example: `  t5train config
  t5train config finetune-classification > my.yaml`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return noArguments(c, args[1:])
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				text, err := configs.Preset(args[0])
				if err == nil {
					_, err = a.stdout.Write(text)
				}
				return err
			}
			for _, k := range configs.Keys() {
				fmt.Fprintf(a.stdout, "%s = %s\n    %s; %s\n    %s\n", k.Path, k.Default, k.Want, k.Env, k.Doc)
			}
			fmt.Fprintf(a.stdout, "\npresets: ")
			for _, name := range configs.Presets() {
				fmt.Fprintf(a.stdout, "%s ", name)
			}
			_, err := fmt.Fprintln(a.stdout)
			return err
		},
	}
}
