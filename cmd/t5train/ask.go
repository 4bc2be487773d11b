package main

import (
	"io"

	"github.com/spf13/cobra"

	"t5train/internal/ui"
	"t5train/trainer/predict"
	"t5train/trainer/predict/inputfile"
)

// askFlags are those of every command that asks a checkpoint about inputs and writes what it says.
type askFlags struct {
	model              modelFlags
	in                 inputfile.Source
	out                predict.Output
	task               taskFlags
	limits             predict.PredictorOptions
	batchSize, threads int
}

func (f *askFlags) add(c *cobra.Command) {
	f.model.add(c)
	addInputs(c, &f.in)
	addOutput(c, &f.out)
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
	f.in.Stdin = stdin
	if err := checkInputs(c, &f.in); err != nil {
		return err
	}
	if err := requireAtLeast(c, 1, "batch-size"); err != nil {
		return err
	}
	if err := requireAtLeast(c, 2, "max-input-length"); err != nil {
		return err
	}
	if err := checkOutput(c, &f.out); err != nil {
		return err
	}
	if err := checkSpared(c, f.out.Path, []string{f.in.Path}, stdin); err != nil {
		return err
	}
	_, err := f.task.read(c)
	return err
}

// open loads the checkpoint that answers.
func (f *askFlags) open(console ui.Sink, threads int) (*predict.Predictor, error) {
	return predict.Open(f.model.checkpoint, predict.OpenOptions{
		Unverified: f.model.noVerify, Task: f.task.options, Part: f.task.part, Limits: f.limits, Threads: threads, Sink: console,
	})
}
