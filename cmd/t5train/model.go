package main

import (
	"errors"

	"github.com/spf13/cobra"

	"t5train/checkpoints"
	"t5train/internal/ui"
	"t5train/trainer/predict"
)

// modelFlags name a checkpoint that answers.
type modelFlags struct {
	checkpoint string
	noVerify   bool
}

func (f *modelFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.checkpoint, "checkpoint", "", "checkpoint, run or Hugging Face folder")
	addNoVerify(c, &f.noVerify)
}

// addNoVerify adds the flag of all commands that read weights.
func addNoVerify(c *cobra.Command, noVerify *bool) {
	c.Flags().BoolVar(noVerify, "no-verify", false, "take weights as they are, whatever their checksums say, NaN and infinities included")
}

func (f *modelFlags) open(console ui.Sink) (*checkpoints.Folder, error) {
	open := checkpoints.Open
	if f.noVerify {
		open = checkpoints.OpenUnverified
	}
	bundle, how, err := open(f.checkpoint)
	if err == nil {
		ui.Say(console, "", "%s", how)
	}
	return bundle, err
}

// optionUsage makes a mistake in options one of the command line.
func optionUsage(c *cobra.Command, err error) error {
	if errors.As(err, new(predict.OptionError)) {
		return usageError{err, c.CommandPath()}
	}
	return err
}
