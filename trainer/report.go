package trainer

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"

	"t5train/internal/atomicfile"
	"t5train/internal/ui"
	"t5train/trainer/evaluate"
	"t5train/trainer/metric"
	"t5train/trainer/runlog"
)

// reportNotes writes the files that a report shows of a run besides its metrics.
type reportNotes struct{ output string }

// begin writes what is known of a run as this process begins to train, at the step of s. Evaluations that a stopped
// run has made after that step are dropped: they come again.
func (n reportNotes) begin(run runlog.Run, session runlog.Session, s state) error {
	if err := n.dropAfter(s); err != nil {
		return fmt.Errorf("write report: %w", atomicfile.WithRemedy(err))
	}
	var before []runlog.Session
	if s.Step > 0 {
		was, _ := runlog.Read[runlog.Run](n.path(runlog.RunName)) // what cannot be read is written again
		before = was.Sessions
	}
	run.Begin(before, session)
	return runlog.Write(n.path(runlog.RunName), run)
}

// dropAfter removes the evaluations that s does not have.
func (n reportNotes) dropAfter(s state) error {
	for _, name := range []string{runlog.LatestName, runlog.BestName} {
		e, err := runlog.Read[runlog.Evaluation](n.path(name))
		if err == nil && e.Step <= s.LastEvalStep || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := os.Remove(n.path(name)); err != nil {
			return err
		}
	}
	return nil
}

// hooks write what evaluations of a set have seen, and at the end what only a whole run tells.
func (n reportNotes) hooks(set evaluate.Set) Hooks {
	if set == nil {
		return Hooks{}
	}
	return Hooks{
		OnEval: func(e EvalEvent) error { return n.evaluation(e, set) },
		OnCheckpoint: func(e CheckpointEvent) error {
			if !e.Finished {
				return nil
			}
			return n.finish()
		},
	}
}

func (n reportNotes) evaluation(e EvalEvent, set evaluate.Set) error {
	if e.Step == 0 {
		return nil
	}
	var seen runlog.Evaluation
	if r, ok := set.(evaluate.Recorded); ok {
		seen = r.Seen()
	}
	seen.Step, seen.Epoch = e.Step, e.Epoch
	for _, line := range e.Samples {
		seen.Samples = append(seen.Samples, runlog.Clip(line))
	}
	if e.Improved {
		if err := runlog.Write(n.path(runlog.BestName), seen); err != nil {
			return err
		}
	}
	return runlog.Write(n.path(runlog.LatestName), seen)
}

// finish adds a note on how the metric moved, if the files of the run are still there.
func (n reportNotes) finish() error {
	history, historyErr := runlog.ReadHistory(n.path(runlog.HistoryName))
	run, runErr := runlog.Read[runlog.Run](n.path(runlog.RunName))
	note, ok := stillBetter(run.Metric, history.Eval, run.Steps) // not ok for a history without evaluations
	if historyErr != nil || runErr != nil || !ok {
		return nil
	}
	run.Notes = append(run.Notes, note)
	return runlog.Write(n.path(runlog.RunName), run)
}

// read returns what is noted on the best checkpoint and on the run. Runs of older versions have no notes.
func (n reportNotes) read() ([]runlog.Constant, []ui.Note) {
	best, _ := runlog.Read[runlog.Evaluation](n.path(runlog.BestName))
	run, _ := runlog.Read[runlog.Run](n.path(runlog.RunName))
	return best.Constants, slices.Concat(run.Notes, best.Notes)
}

func (n reportNotes) path(name string) string {
	return filepath.Join(n.output, filepath.FromSlash(name))
}

// stillBetter returns a note on a metric that still improved at the end of a run of some steps: its last value is the
// best, and since four fifths of the steps it has improved by at least 1 % of itself and 10 % of all that it has
// improved.
func stillBetter(name string, evals []runlog.Eval, steps int) (ui.Note, bool) {
	var before []runlog.Eval
	for _, e := range evals {
		if _, ok := e.Metrics[name]; ok && e.Step > 0 && 5*e.Step <= 4*steps {
			before = append(before, e)
		}
	}
	if len(before) == 0 || evals[len(evals)-1].Step != steps {
		return ui.Note{}, false
	}
	last, ok := evals[len(evals)-1].Metrics[name]
	best := before[0]
	for _, e := range evals[:len(evals)-1] {
		if v, ok := e.Metrics[name]; ok && !metric.Better(name, last, v) {
			return ui.Note{}, false
		}
		if v, ok := e.Metrics[name]; ok && 5*e.Step <= 4*steps && metric.Better(name, v, best.Metrics[name]) {
			best = e
		}
	}
	first, reached := before[0].Metrics[name], best.Metrics[name]
	gain := math.Abs(last - reached)
	if !ok || gain < 0.01*math.Abs(last) || gain < 0.1*math.Abs(last-first) {
		return ui.Note{}, false
	}
	return ui.Note{Kind: ui.NoteImproving, Text: fmt.Sprintf("the last evaluation was the best by far: "+
		"%s %.4f at step %s, and %.4f at the end: train longer (train.epochs, train.steps or train.minutes)",
		name, reached, ui.Grouped(best.Step), last)}, true
}
