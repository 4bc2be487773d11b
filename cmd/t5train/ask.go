package main

import (
	"io"

	"github.com/spf13/cobra"

	"t5train/checkpoints"
	"t5train/data/task"
	"t5train/internal/ui"
	"t5train/trainer/evaluate"
	"t5train/trainer/predict"
)

// askFlags are those of every command that asks a checkpoint about inputs and writes what it says.
type askFlags struct {
	model              modelFlags
	in                 inputFlags
	out                answerFlags
	task               taskFlags
	limits             predict.PredictorOptions
	batchSize, threads int
}

func (f *askFlags) add(c *cobra.Command) {
	f.model.add(c)
	f.in.add(c)
	f.out.add(c)
	f.task.add(c)
	c.Flags().IntVar(&f.limits.MaxInputLength, "max-input-length", 0, "longest input in tokens (default: the checkpoint's, or 512)")
	c.Flags().IntVar(&f.batchSize, "batch-size", 32, "inputs at a time; changes memory and time, and results by rounding only")
	c.Flags().IntVar(&f.threads, "threads", 0, "threads to compute with; 0 is all")
}

// check reports flags with values that can never be, before a model is loaded.
func (f *askFlags) check(c *cobra.Command, stdin io.Reader) error {
	if err := requireFlags(c, "checkpoint"); err != nil {
		return err
	}
	if err := f.in.check(c); err != nil {
		return err
	}
	if err := requireAtLeast(c, 1, "batch-size"); err != nil {
		return err
	}
	if err := requireAtLeast(c, 2, "max-input-length"); err != nil {
		return err
	}
	if err := f.out.check(c); err != nil {
		return err
	}
	return checkSpared(c, f.out.output, []string{f.in.path}, stdin)
}

// open loads the checkpoint and returns it with the task for inputs.
func (f *askFlags) open(c *cobra.Command, console ui.Sink) (openedModel, task.Spec, error) {
	options, err := f.task.read(c)
	if err != nil {
		return openedModel{}, task.Spec{}, err
	}
	if err := predict.SayInputs(console, f.in.path, f.in.format); err != nil {
		return openedModel{}, task.Spec{}, err
	}
	m, err := f.model.open(console)
	if err != nil {
		return openedModel{}, task.Spec{}, err
	}
	if err := f.task.choose(m.bundle); err != nil {
		return openedModel{}, task.Spec{}, err
	}
	sayUnread(m.bundle, console)
	spec, err := evaluate.PredictionTask(m.bundle, options)
	return m, spec, err
}

// sayUnread says so where a model makes nothing of its inputs.
func sayUnread(b *checkpoints.Folder, console ui.Sink) {
	if o := b.Info.Objective; b.Info.Task == nil && o != nil && o.Name == "lm" {
		ui.Say(console, "", "the checkpoint is pre-trained by objective lm, so it reads no inputs: it goes on with the text that an output begins with (--output-prefix; in requests prefix)")
	}
}
