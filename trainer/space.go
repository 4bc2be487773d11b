package trainer

import (
	"fmt"
	"path/filepath"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/internal/atomicfile"
	"t5train/internal/ui"
	"t5train/trainer/runlog"
	"t5train/trainer/setup"
)

// checkOutput makes sure that a run can write where it is to.
func checkOutput(c *configs.Config) error {
	if err := atomicfile.CheckWritable(c.Output); err != nil {
		return fmt.Errorf("output: %s cannot be written: %w", c.Output, err)
	}
	inner := []string{checkpoints.DirName, runlog.DirName, runlog.EventsName}
	if c.Data.Tokens == "" {
		inner = append(inner, setup.TokensName)
	}
	for _, name := range inner {
		if err := atomicfile.CheckNoLink(filepath.Join(c.Output, name)); err != nil {
			return fmt.Errorf("output: %w", err)
		}
	}
	return nil
}

// checkSpace compares the space on the disk with the checkpoints that will be there at once: those that are kept, the best one,
// and the one that is being written. Too little for a single one is an error; for all of them, a warning.
func (l *loop) checkSpace(from resumePoint) error {
	var each int64
	for _, t := range append(l.bundle.Weights(), optimizerTensors(l.stepper.Optimizer)...) {
		each += int64(len(t.Data))
	}
	files, err := l.bundle.Files()
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
	free, ok := atomicfile.Free(atomicfile.Existing(output))
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
	left := ui.Grouped(int(free>>20)) + " MB left"
	switch size := ui.Grouped(int(each >> 20)); {
	case free < each:
		return "", fmt.Errorf("has %s, and a checkpoint takes %s MB: free some space or choose another folder", left, size)
	case free < (most-there)*each:
		return fmt.Sprintf("has %s, but up to %d checkpoints of %s MB are there at once: free some space, or lower checkpoint.keep_last", left, most, size), nil
	}
	return "", nil
}
