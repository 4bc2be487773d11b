package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"t5train/trainer"
)

// app is the outside world of a command.
type app struct {
	stdin  io.Reader
	stdout io.Writer
	stderr *os.File
}

func (a app) console() *trainer.Console { return trainer.NewConsole(a.stderr) }

// usageError is a mistake in the command line itself.
type usageError struct {
	error
	command string
}

func rootCommand(a app) *cobra.Command {
	root := &cobra.Command{
		Use:   "t5train",
		Short: "Pre-train, fine-tune, evaluate and run T5 models on a CPU",
		Long: `t5train fine-tunes, evaluates and runs T5 (text-to-text transformers) on a CPU, from one binary.

It reads parquet and writes checkpoints that Hugging Face transformers opens.`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		Args:              cobra.NoArgs,
		RunE:              func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.AddCommand(finetuneCommand(a), evaluateCommand(a), predictCommand(a), validateCommand(a), inspectCommand(a), sizesCommand(a))
	usage := func(c *cobra.Command, err error) error { return usageError{err, c.CommandPath()} }
	root.SetFlagErrorFunc(usage)
	for _, c := range append(root.Commands(), root) {
		args := c.Args
		c.Args = func(c *cobra.Command, given []string) error {
			if err := args(c, given); err != nil {
				return usage(c, err)
			}
			return nil
		}
	}
	return root
}

// requireFlags reports flags that a command cannot do without.
func requireFlags(c *cobra.Command, names ...string) error {
	for _, name := range names {
		if !c.Flags().Changed(name) {
			return usageError{fmt.Errorf("--%s is missing", name), c.CommandPath()}
		}
	}
	return nil
}
