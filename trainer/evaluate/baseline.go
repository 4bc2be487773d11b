package evaluate

import (
	"context"
	"fmt"
	"slices"

	"t5train/data"
	"t5train/data/task"
	"t5train/internal/ui"
	"t5train/trainer/baseline"
	"t5train/trainer/metric"
	"t5train/trainer/runlog"
)

// Baseline are the answers of a simple method to held-out examples, in their order.
type Baseline struct {
	Method  string // in words
	Answers []string
}

// FitBaseline learns from the rows of train, on some threads, and answers those of held, which are of the same task and
// may have their labels as other numbers. The metric, by default the best one of the task, chooses how strongly weights
// are held back. It returns nil where there is nothing to learn.
func FitBaseline(ctx context.Context, spec task.Spec, train data.Table, heldSpec task.Spec, held data.Table,
	name string, threads int) (*Baseline, error) {
	rows, err := baseline.Read(ctx, train, spec)
	if err != nil {
		return nil, err
	}
	asked, err := baseline.Read(ctx, held, heldSpec)
	if err != nil {
		return nil, err
	}
	m, err := baseline.Fit(ctx, spec, rows, scoreBy(spec, name), threads)
	if m == nil || err != nil {
		return nil, err
	}
	return &Baseline{m.Method, m.Answer(asked)}, nil
}

// scoreBy returns the metric of a name as a score, or else the first one of the task that answers have.
func scoreBy(spec task.Spec, name string) baseline.Score {
	return func(answers []string, rows []baseline.Row) (float64, error) {
		values, err := grade(spec, answers, func(i int) task.Reference { return rows[i].Ref })
		if err != nil {
			return 0, err
		}
		all := metric.Map(values)
		for _, n := range append([]string{name, spec.Best()}, spec.Values()...) {
			if v, ok := all[n]; ok && task.MetricOf(n).Smaller {
				return -v, nil
			} else if ok {
				return v, nil
			}
		}
		return 0, fmt.Errorf("baseline: answers have none of the metrics of %s", spec.Name)
	}
}

// grade returns the metrics of answers.
func grade(spec task.Spec, answers []string, of func(i int) task.Reference) ([]metric.Value, error) {
	if spec.Kind() == task.Labels {
		names := make([]string, len(spec.Labels))
		for i, l := range spec.Labels {
			names[i] = l.Name
		}
		classes, err := metric.NewClassification(names)
		for i, a := range answers {
			if err != nil {
				return nil, err
			}
			err = classes.Add(of(i).Label, spec.Decode(a))
		}
		return classes.Result(), err
	}
	g, err := newGrader(spec, func(text string) string { return text })
	for i, a := range answers {
		if err != nil {
			return nil, err
		}
		err = g.Add(a, of(i))
	}
	if err != nil {
		return nil, err
	}
	return g.Result(), nil
}

// baselineSampled returns the metrics of the answers of the baseline to examples.
func (e *Evaluator) baselineSampled(examples *data.Examples) ([]metric.Sampled, error) {
	if e.spec.ScoresLabels() {
		same, err := newLabelEvaluator(e, exampleCollector{examples: examples})
		for i, a := range e.Baseline.Answers {
			if err != nil {
				return nil, err
			}
			err = same.count(i, e.spec.Decode(a))
		}
		return same.sampled(), err
	}
	g, err := newGrader(e.spec, e.copied)
	for i, a := range e.Baseline.Answers {
		if err != nil {
			return nil, err
		}
		err = g.Add(a, examples.Reference(i))
	}
	return []metric.Sampled{g}, err
}

// compareBaseline notes which is better, the model or the baseline, by the metric that counts, and how sure that is.
func (e *Evaluator) compareBaseline(ctx context.Context, examples *data.Examples, a answerEvaluator) error {
	if e.Baseline == nil || len(e.Baseline.Answers) != examples.Len() || examples.Len() == 0 {
		return nil
	}
	if e.rivals == nil {
		var err error
		if e.rivals, err = e.baselineSampled(examples); err != nil {
			return err
		}
	}
	b := &runlog.Baseline{Method: e.Baseline.Method, Values: map[string]float64{}}
	for _, r := range e.rivals {
		for _, v := range r.Result() {
			if slices.Contains(e.spec.Values(), v.Name) {
				b.Values[v.Name] = v.Value
			}
		}
	}
	for _, name := range append([]string{e.Compared, e.spec.Best()}, e.spec.Values()...) {
		if _, ok := b.Values[name]; ok {
			b.Metric = name
			break
		}
	}
	for i, s := range a.sampled() {
		values := metric.Map(s.Result())
		value, ok := values[b.Metric]
		if !ok {
			continue
		}
		b.Difference = value - b.Values[b.Metric]
		rival := e.rivals[i]
		if n, ok := s.(*numberGrader); ok { // the other values take time
			own, err := n.Only(b.Metric)
			if err != nil {
				return err
			}
			other, err := rival.(*numberGrader).Only(b.Metric)
			if err != nil {
				return err
			}
			s, rival = own, other
		}
		if e.spec.Kind() != task.Texts && s.Len() <= cheapExamples {
			interval, err := metric.BootstrapDifference(ctx, rival, s, b.Metric, bootstrapSeed)
			if err != nil {
				return err
			}
			b.Interval = []float64{interval.Low, interval.High}
		}
		e.seen.Baseline = b
		e.note(ui.NoteBaseline, "%s", baselineText(b, value))
		break
	}
	return nil
}

// baselineText says which is better.
func baselineText(b *runlog.Baseline, value float64) string {
	better := metric.Better(b.Metric, value, b.Values[b.Metric])
	sure, how := true, ""
	if len(b.Interval) > 0 {
		sure = b.Interval[0] > 0 || b.Interval[1] < 0
		how = fmt.Sprintf("; 95 %% interval of the difference %.4f to %.4f", b.Interval[0], b.Interval[1])
	}
	than := "no better than"
	switch {
	case better && sure:
		than = "better than"
	case !sure:
		than = "not clearly better or worse than"
	case value != b.Values[b.Metric]:
		than = "worse than"
	}
	text := fmt.Sprintf("%s %.4f is %s the %.4f of a baseline without a network (%s%s)", b.Metric, value, than,
		b.Values[b.Metric], b.Method, how)
	if !better {
		text += ": train longer, with more rows or from a larger model, or take the baseline"
	}
	return text
}
