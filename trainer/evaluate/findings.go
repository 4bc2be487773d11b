package evaluate

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"

	"t5train/data"
	"t5train/data/task"
	"t5train/internal/ui"
	"t5train/trainer/metric"
	"t5train/trainer/runlog"
)

// knownConstant is the constant answer to examples, which is the same at each evaluation.
type knownConstant struct {
	examples *data.Examples
	runlog.Constant
}

// inspect adds to what the evaluation has seen the value of a constant answer, and notes that the model is not better.
func (e *Evaluator) inspect(ctx context.Context, examples *data.Examples, a answerEvaluator,
	values []metric.Value) error {
	if e.known.examples != examples {
		constant, err := a.constant()
		if err != nil {
			return err
		}
		maps.DeleteFunc(constant.Values,
			func(name string, _ float64) bool { return !slices.Contains(e.spec.Values(), name) })
		e.known = knownConstant{examples, constant}
	}
	if answer, ok := a.oneAnswer(); ok {
		e.note(ui.NoteOneAnswer,
			"the answer to all %s examples is %.80q: the model tells none from another; train longer, "+
				"or with another learning rate",
			ui.Grouped(examples.Len()), answer)
	}
	if len(e.known.Values) == 0 {
		return nil
	}
	e.seen.Constants = []runlog.Constant{e.known.Constant}
	return e.compare(ctx, a, metric.Map(values))
}

func (e *Evaluator) note(kind, format string, args ...any) {
	e.seen.Notes = append(e.seen.Notes, ui.Notef(kind, format, args...)...)
}

// compare notes that the metric which counts is not better than that of the constant answer, or only so little that
// another set of examples could have shown the opposite.
func (e *Evaluator) compare(ctx context.Context, a answerEvaluator, values map[string]float64) error {
	name, ok := e.compared()
	value, there := values[name]
	if !ok || !there {
		return nil
	}
	constant := e.known.Values[name]
	if !metric.Better(name, value, constant) {
		e.note(ui.NoteConstant, "%s %.4f is no better than the %.4f of answering %.80q always", name, value, constant,
			e.known.Answer)
		return nil
	}
	interval, err := e.nearInterval(ctx, a, name, value, constant)
	if err == nil && interval.Low <= constant && constant <= interval.High {
		e.note(ui.NoteConstant, "%s %.4f (95 %% interval %.4f to %.4f) may be no better than the %.4f of answering "+
			"%.80q always",
			name, value, interval.Low, interval.High, constant, e.known.Answer)
	}
	return err
}

// compared returns the metric to compare with that of the constant answer, if it has one: that which decides about
// checkpoints, else the first of the task. A constant answer has no loss.
func (e *Evaluator) compared() (string, bool) {
	names := append([]string{e.Compared, e.spec.Best()}, e.spec.Values()...)
	at := slices.IndexFunc(names, func(name string) bool {
		_, ok := e.known.Values[name]
		return ok
	})
	if at < 0 {
		return "", false
	}
	return names[at], true
}

// cheapExamples bounds the examples that an interval is computed of in each evaluation: a tenth of a second for labels.
const cheapExamples = 20_000

// nearInterval returns the interval of a metric whose value is so near to that of the constant answer that the interval
// may hold both; otherwise one that holds nothing.
func (e *Evaluator) nearInterval(ctx context.Context, a answerEvaluator, name string, value,
	constant float64) (metric.Interval, error) {
	none := metric.Interval{Low: math.Inf(1), High: math.Inf(-1)}
	for _, s := range a.sampled() {
		// An interval of n right and wrong answers is at most 2/sqrt(n) wide.
		if n := s.Len(); n > cheapExamples || math.Abs(value-constant)/scaleOf(name,
			constant) > 4/math.Sqrt(float64(n)) {
			continue
		}
		if !slices.ContainsFunc(s.Result(), func(v metric.Value) bool { return v.Name == name }) {
			continue
		}
		if g, ok := s.(*numberGrader); ok { // the others take time
			alone, err := g.Only(name)
			if err != nil {
				return none, err
			}
			s = alone
		}
		all, err := metric.Bootstrap(ctx, s, bootstrapSeed)
		if err != nil {
			return none, err
		}
		return all[slices.IndexFunc(all, func(i metric.Interval) bool { return i.Name == name })], nil
	}
	return none, nil
}

// scaleOf returns the size of a metric's values.
func scaleOf(name string, constant float64) float64 {
	switch m := task.MetricOf(name); {
	case m.Percent:
		return 100
	case m.Unbounded:
		return cmp.Or(math.Abs(constant), 1)
	}
	return 1
}
