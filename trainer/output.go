package trainer

import (
	"context"
	"fmt"
	"path/filepath"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/internal/atomicfile"
	"t5train/internal/ui"
	"t5train/trainer/evaluate"
	"t5train/trainer/runlog"
	"t5train/trainer/setup"
)

// lockOutput makes the first rank the only writer of the output folder, and lets it prepare the folder.
func (p *preparedRun) lockOutput(ctx context.Context) error {
	o, output := p.options, p.config.Output
	if p.from.state.Finished {
		return o.Group.OnFirst(func() error { return p.from.cleanupFinished(p.run, p.config, o.Sink) })
	}
	unlock, err := exclusive(ctx, o.Group, o.Sink, output)
	p.closers = append(p.closers, unlock)
	if err != nil {
		return err
	}
	return o.Group.OnFirst(func() error {
		if err := ctx.Err(); err != nil { // it may have ended while others looked for the folder
			return err
		}
		return p.initOutput()
	})
}

// initOutput prepares the output folder, whose lock must be held.
func (p *preparedRun) initOutput() error {
	c, l := p.config, p.loop
	err := p.from.check(p.run, c.Output)
	if err != nil {
		return err
	}
	if p.from.resume {
		err = tidy(p.run, p.from.step, l.state.BestStep == p.from.step, c.Checkpoint.KeepLast)
	} else {
		err = p.from.discard(p.run)
	}
	if err != nil {
		return err
	}
	if initial := p.options.Initial; initial != "" && !p.from.resume {
		if err := checkpoints.Create(initial, l.folder.Write); err != nil {
			return err
		}
		ui.Say(p.options.Sink, "initial model", "written to %s", initial)
	}
	yaml, err := c.YAML()
	if err != nil {
		return err
	}
	// Before config.yaml, which without a report may be the user's own: see checkConfigSpared.
	notes := reportNotes{c.Output}
	if err := notes.begin(p.describeRun(), p.describeSession(), l.state); err != nil {
		return err
	}
	if err := checkpoints.ReplaceFile(filepath.Join(c.Output, runlog.ConfigName), yaml); err != nil {
		return atomicfile.WriteError(runlog.ConfigName, err)
	}
	evaluated := l.state.Step > 0 && l.state.LastEvalStep == l.state.Step
	history, err := runlog.OpenLog(filepath.Join(c.Output, runlog.HistoryName), l.state.Step, evaluated)
	if err != nil {
		return err
	}
	p.closers = append(p.closers, func() { history.Close() })
	l.hooks = append(hookList{notes.hooks(l.evalSet), historyHooks(history)}, l.hooks...)
	return nil
}

// describeRun returns what the report shows of a run.
func (p *preparedRun) describeRun() runlog.Run {
	l, d := p.loop, p.datasets
	run := runlog.Run{
		Parameters: l.folder.Model.Config.Parameters(), Steps: l.total,
		Lengths: map[string]runlog.Lengths{"train": runlog.Measure(d.Train)}, Notes: d.Notes,
	}
	if l.evalSet != nil {
		run.Metric = l.state.Metric
	}
	if set, ok := l.evalSet.(evaluate.Sourced); ok {
		run.Lengths["validation"] = runlog.Measure(set.Source())
	}
	return run
}

// describeSession returns what the report shows of this process.
func (p *preparedRun) describeSession() runlog.Session {
	here := runlog.Here()
	here.Kernels, here.Threads = p.workers.ISA(), p.workers.Threads()
	return runlog.Session{Time: runlog.Now(), Step: p.loop.state.Step, Environment: here}
}

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

// checkSpace compares the space on the disk with the checkpoints that will be there at once: those that are kept, the
// best one, and the one that is being written. Too little for a single one is an error; for all of them, a warning.
func (l *loop) checkSpace(from resumePoint) error {
	var each int64
	for _, t := range append(l.folder.Weights(), tensorsOf(l.stepper.Optimizer.State())...) {
		each += int64(len(t.Data))
	}
	files, err := l.folder.Files()
	if err != nil {
		return err
	}
	for _, f := range files {
		each += int64(len(f.Data))
	}
	most := int64(l.config.Checkpoint.KeepLast + 1)
	if l.evalSet != nil {
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
		ui.Say(l.sink, ui.Warning, "the disk of %s %s", output, warning)
	}
	return nil
}

// spaceFor checks the free bytes of a disk that is to hold up to most checkpoints of each bytes at once, of which some
// are there already.
func spaceFor(free, each, most, there int64) (warning string, err error) {
	left := ui.Grouped(int(free>>20)) + " MB left"
	switch size := ui.Grouped(int(each >> 20)); {
	case free < each:
		return "", fmt.Errorf("has %s, and a checkpoint takes %s MB: free some space or choose another folder",
			left, size)
	case free < (most-there)*each:
		return fmt.Sprintf("has %s, but up to %d checkpoints of %s MB are there at once: "+
			"free some space, or lower checkpoint.keep_last", left, most, size), nil
	}
	return "", nil
}
