package trainer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"t5train/data"
	"t5train/internal/durable"
	"t5train/model/kernel"
	"t5train/trainer/record"
)

// exhibitor is a heldOut that tells more about its last evaluation than metrics. What it returns is the caller's.
type exhibitor interface{ exhibit() record.Evaluation }

// measured is a heldOut whose examples have lengths.
type measured interface{ source() data.Source }

// recorder writes what a report shows of a run besides its lines: see package record.
type recorder struct{ output string }

// begin notes what is known as a process begins to train, or goes on from the loop's step. What a stopped run has seen
// after that step comes again.
func (r recorder) begin(l *loop, m *material, w *kernel.Workers) error {
	if err := r.forget(l.state); err != nil {
		return fmt.Errorf("write report: %w", durable.WithRemedy(err))
	}
	var before []record.Session
	if l.state.Step > 0 {
		// One that cannot be read is of no use, and made anew.
		if was, err := record.Read[record.Run](r.path(record.RunName)); err == nil {
			before = was.Sessions
		}
	}
	run := record.Run{
		Parameters: l.bundle.Model.Config.Parameters(), Steps: l.total,
		Lengths: map[string]record.Lengths{"train": record.Measure(m.train)}, Notes: m.notes,
	}
	if m.heldOut != nil {
		run.Metric = l.compared()
	}
	if held, ok := m.heldOut.(measured); ok {
		run.Lengths["validation"] = record.Measure(held.source())
	}
	here := record.Here()
	here.Kernels, here.Threads = w.ISA(), w.Threads()
	run.Begin(before, record.Session{Time: now(), Step: l.state.Step, Environment: here})
	return record.Write(r.path(record.RunName), run)
}

// forget drops the evaluations that s does not have.
func (r recorder) forget(s state) error {
	for _, name := range []string{record.LatestName, record.BestName} {
		e, err := record.Read[record.Evaluation](r.path(name))
		if err == nil && e.Step <= s.Evaluated || errors.Is(err, fs.ErrNotExist) {
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
	var e record.Evaluation
	if x, ok := l.heldOut.(exhibitor); ok {
		e = x.exhibit()
	}
	e.Step, e.Epoch = l.state.Step, l.epoch()
	for _, line := range shown {
		e.Samples = append(e.Samples, record.Clip(line))
	}
	if improved {
		if err := record.Write(r.path(record.BestName), e); err != nil {
			return err
		}
	}
	return record.Write(r.path(record.LatestName), e)
}

// finish adds to the notes what only the end of a run tells, if its records are there still.
func (r recorder) finish(l *loop) error {
	if l.heldOut == nil {
		return nil
	}
	history, historyErr := record.ReadHistory(r.path(record.HistoryName))
	run, runErr := record.Read[record.Run](r.path(record.RunName))
	if historyErr != nil || runErr != nil {
		return nil
	}
	n, ok := stillBetter(l.compared(), history.Eval, l.total)
	if !ok {
		return nil
	}
	run.Notes = append(run.Notes, n)
	return record.Write(r.path(record.RunName), run)
}

// findings returns what the records say about the best checkpoint and about the run. Runs of older versions have none.
func (r recorder) findings() ([]record.Constant, []record.Note) {
	best, _ := record.Read[record.Evaluation](r.path(record.BestName))
	run, _ := record.Read[record.Run](r.path(record.RunName))
	return best.Constants, slices.Concat(run.Notes, best.Notes)
}

func (r recorder) path(name string) string { return filepath.Join(r.output, filepath.FromSlash(name)) }
