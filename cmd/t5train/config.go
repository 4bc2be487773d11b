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
		Long: `List every key of the configuration with its type, default, environment variable and meaning. With the name of a
preset, print that file: a start for one of your own.`,
		Example: `  t5train config
  t5train config quickstart
  t5train config finetune-classification > my.yaml`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return noArguments(c, args[1:])
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return beginning(configs.Presets(), begun), cobra.ShellCompDirectiveNoFileComp
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
				fmt.Fprintln(a.stdout, describeKey(k))
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

// describeKey writes a key with its default, what it accepts, its variable, the kind of run that has it and its
// meaning.
func describeKey(k configs.Key) string {
	text := fmt.Sprintf("%s = %s", k.Path, k.Default)
	if k.Pretraining != "" {
		text += fmt.Sprintf(" (pre-training: %s)", k.Pretraining)
	}
	text += "\n    " + k.Want
	if k.Env != "" {
		text += "; " + k.Env
	}
	if k.Use != "" {
		text += "; " + k.Use + " only"
	}
	return text + "\n    " + k.Doc
}
