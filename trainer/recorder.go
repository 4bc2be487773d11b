package trainer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"t5train/internal/atomicfile"
	"t5train/internal/ui"
	"t5train/model/kernel"
	"t5train/trainer/evaluate"
	"t5train/trainer/runlog"
	"t5train/trainer/setup"
)

// recorder writes what a report shows of a run besides its lines: see package record.
type recorder struct{ output string }

// begin notes what is known as a process begins to train, or goes on from the loop's step. What a stopped run has seen
// after that step comes again.
func (r recorder) begin(l *loop, m *setup.Datasets, w *kernel.Workers) error {
	if err := r.forget(l.state); err != nil {
		return fmt.Errorf("write report: %w", atomicfile.WithRemedy(err))
	}
	var before []runlog.Session
	if l.state.Step > 0 {
		// One that cannot be read is of no use, and made anew.
		if was, err := runlog.Read[runlog.Run](r.path(runlog.RunName)); err == nil {
			before = was.Sessions
		}
	}
	run := runlog.Run{
		Parameters: l.bundle.Model.Config.Parameters(), Steps: l.total,
		Lengths: map[string]runlog.Lengths{"train": runlog.Measure(m.Train)}, Notes: m.Notes,
	}
	if m.HeldOut != nil {
		run.Metric = l.compared()
	}
	if held, ok := m.HeldOut.(evaluate.Sourced); ok {
		run.Lengths["validation"] = runlog.Measure(held.Source())
	}
	here := runlog.Here()
	here.Kernels, here.Threads = w.ISA(), w.Threads()
	run.Begin(before, runlog.Session{Time: runlog.Now(), Step: l.state.Step, Environment: here})
	return runlog.Write(r.path(runlog.RunName), run)
}

// forget drops the evaluations that s does not have.
func (r recorder) forget(s state) error {
	for _, name := range []string{runlog.LatestName, runlog.BestName} {
		e, err := runlog.Read[runlog.Evaluation](r.path(name))
		if err == nil && e.Step <= s.LastEvalStep || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := os.Remove(r.path(name)); err != nil {
			return err
		}
	}
	return nil
}

// evaluated notes what an evaluation has seen.
func (r recorder) evaluated(l *loop, shown []string, improved bool) error {
	var e runlog.Evaluation
	if x, ok := l.heldOut.(evaluate.Recorded); ok {
		e = x.Exhibit()
	}
	e.Step, e.Epoch = l.state.Step, l.epoch()
	for _, line := range shown {
		e.Samples = append(e.Samples, runlog.Clip(line))
	}
	if improved {
		if err := runlog.Write(r.path(runlog.BestName), e); err != nil {
			return err
		}
	}
	return runlog.Write(r.path(runlog.LatestName), e)
}

// finish adds to the notes what only the end of a run tells, if its records are there still.
func (r recorder) finish(l *loop) error {
	if l.heldOut == nil {
		return nil
	}
	history, historyErr := runlog.ReadHistory(r.path(runlog.HistoryName))
	run, runErr := runlog.Read[runlog.Run](r.path(runlog.RunName))
	if historyErr != nil || runErr != nil {
		return nil
	}
	n, ok := stillBetter(l.compared(), history.Eval, l.total)
	if !ok {
		return nil
	}
	run.Notes = append(run.Notes, n)
	return runlog.Write(r.path(runlog.RunName), run)
}

// findings returns what the records say about the best checkpoint and about the run. Runs of older versions have none.
func (r recorder) findings() ([]runlog.Constant, []ui.Note) {
	best, _ := runlog.Read[runlog.Evaluation](r.path(runlog.BestName))
	run, _ := runlog.Read[runlog.Run](r.path(runlog.RunName))
	return best.Constants, slices.Concat(run.Notes, best.Notes)
}

func (r recorder) path(name string) string { return filepath.Join(r.output, filepath.FromSlash(name)) }
