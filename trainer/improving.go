package trainer

import (
	"fmt"
	"math"

	"t5train/internal/ui"
	"t5train/trainer/metric"
	"t5train/trainer/runlog"
)

// stillBetter notes that a metric still rose at the end of a run of some steps: its last value is the best, by a hundredth of
// itself and by a tenth of all that it has gained over what it had reached after four fifths of the steps.
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
	return ui.Note{Kind: ui.NoteImproving, Text: fmt.Sprintf("the last evaluation was the best by far: %s %.4f at step %s, and %.4f at the end: train longer (train.epochs or train.steps)",
		name, reached, ui.Grouped(best.Step), last)}, true
}
