package trainer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/data/parquetio"
	"t5train/internal/durable"
	"t5train/trainer/record"
)

// openData opens data files, which must have rows.
func openData(patterns, wanted []string) (*parquetio.Dataset, error) {
	set, err := parquetio.OpenSplit(wanted, patterns...)
	if err == nil && set.Rows() == 0 {
		err = fmt.Errorf("%s: no rows: its files are empty tables: name files with rows, or leave them out", strings.Join(patterns, ", "))
	}
	return set, err
}

// checkData opens all files that a run reads, before any of them is worked on, and reports everything that is wrong with them.
func checkData(ctx context.Context, c *configs.Config) error {
	var errs []error
	for _, t := range dataOf(c) {
		if _, err := openData(t.files, t.wanted); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", t.key, err))
		}
	}
	if len(errs) > 0 || !c.Pretraining() {
		return errors.Join(errs...)
	}
	// Text is tokenized corpus by corpus, each of which may take hours.
	return errors.Join(checkText(ctx, c, nil, PlainConsole(io.Discard))...)
}

// keyedFiles is data by its key in the configuration.
type keyedFiles struct {
	key           string
	files, wanted []string
}

// dataOf lists the data of a run.
func dataOf(c *configs.Config) (all []keyedFiles) {
	add := func(key string, files, wanted []string) {
		if len(files) > 0 {
			all = append(all, keyedFiles{key, files, wanted})
		}
	}
	add("data.train", c.Data.Train, forTraining)
	add("data.validation", c.Data.Validation, forValidation)
	for _, p := range c.Data.Mixture {
		add(partKey(p.Name)+", train", p.Train, forTraining)
		add(partKey(p.Name)+", validation", p.Validation, forValidation)
	}
	return all
}

// checkOutput makes sure that a run can write where it is to.
func checkOutput(c *configs.Config) error {
	if err := durable.CheckWritable(c.Output); err != nil {
		return fmt.Errorf("output: %s cannot be written: %w", c.Output, err)
	}
	inner := []string{checkpoints.DirName, record.DirName, eventsName}
	if c.Data.Tokens == "" {
		inner = append(inner, tokensName)
	}
	for _, name := range inner {
		if err := durable.CheckNoLink(filepath.Join(c.Output, name)); err != nil {
			return fmt.Errorf("output: %w", err)
		}
	}
	return nil
}

// checkSpace compares the space on the disk with the checkpoints that will be there at once: those that are kept, the best one,
// and the one that is being written. Too little for a single one is an error; for all of them, a warning.
func (l *loop) checkSpace(from start) error {
	var each int64
	for _, t := range append(l.bundle.weights(), optimizerTensors(l.stepper.optimizer)...) {
		each += int64(len(t.Data))
	}
	files, err := l.bundle.files()
	if err != nil {
		return err
	}
	for _, f := range files {
		each += int64(len(f.Data))
	}
	most := int64(l.config.Checkpoint.KeepLast + 1)
	if l.heldOut != nil {
		most++
	}
	there, err := l.saver.run.Steps()
	if err != nil {
		return err
	}
	if !from.resume {
		there = nil // they go first
	}
	output := l.config.Output
	free, ok := durable.Free(durable.Existing(output))
	if !ok {
		return nil
	}
	if from.found && !from.resume {
		free = max(free, each) // and leave room for one
	}
	warning, err := spaceFor(free, each, most, int64(len(there)))
	if err != nil {
		return fmt.Errorf("output: the disk of %s %w", output, err)
	}
	if warning != "" {
		l.console.Say("warning: the disk of %s %s", output, warning)
	}
	return nil
}

// spaceFor says what is wrong with the free bytes of a disk on which there are to be so many checkpoints at once, each of a size,
// and some are already.
func spaceFor(free, each, most, there int64) (warning string, err error) {
	left := grouped(int(free>>20)) + " MB left"
	switch size := grouped(int(each >> 20)); {
	case free < each:
		return "", fmt.Errorf("has %s, and a checkpoint takes %s MB: free some space or choose another folder", left, size)
	case free < (most-there)*each:
		return fmt.Sprintf("has %s, but up to %d checkpoints of %s MB are there at once: free some space, or lower checkpoint.keep_last", left, most, size), nil
	}
	return "", nil
}
