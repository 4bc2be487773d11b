package evaluate

import (
	"context"
	"fmt"
	"slices"

	"t5train/data"
	"t5train/data/task"
	"t5train/internal/ui"
	"t5train/model/kernel"
	"t5train/trainer/metric"
	"t5train/trainer/predict"
	"t5train/trainer/runlog"
)

// labelEvaluator is the [answerEvaluator] of a classification, which is answered by label scoring: the most probable
// label.
type labelEvaluator struct {
	evaluator   *Evaluator
	collector   exampleCollector
	names       []string // of the labels
	classes     *metric.Classification
	groups      *metric.Groups // nil without groups
	calibrated  data.Sample    // of the examples, those whose labels all get a probability
	calibration metric.Calibration
	temperature float64 // that the probabilities are calibrated by
	notes       []ui.Note
}

func newLabelEvaluator(e *Evaluator, x exampleCollector) (*labelEvaluator, error) {
	if err := checkMetrics(e.spec); err != nil {
		return nil, err
	}
	r := &labelEvaluator{evaluator: e, collector: x}
	for _, l := range e.spec.Labels {
		r.names = append(r.names, l.Name)
	}
	if len(e.spec.GroupColumns) > 0 {
		r.groups = new(metric.Groups)
	}
	if x.examples != nil {
		r.calibrated = data.NewSample(x.examples.Len(), e.labels.Affordable(), 0)
	}
	var err error
	if r.classes, err = metric.NewClassification(r.names); err != nil {
		return nil, err
	}
	r.classes.All = e.spec.Rule == task.CB
	return r, nil
}

// compute scores all labels of the examples to calibrate on, and finds the best label of the others.
func (r *labelEvaluator) compute(ctx context.Context, batch *data.Batch, _ kernel.Totals) (batchResult, error) {
	e, a := r.evaluator, batchResult{Logits: make([][]float64, len(batch.Index)),
		Answers: make([]int, len(batch.Index))}
	var all, others []int // places in the batch
	for i, j := range batch.Index {
		if r.calibrated.Has(j) {
			all = append(all, i)
		} else {
			others = append(others, i)
		}
	}
	logits, err := e.labels.Logits(ctx, e.generator, r.inputs(batch, all))
	if err != nil {
		return batchResult{}, err
	}
	for k, i := range all {
		a.Logits[i], a.Answers[i] = logits[k], predict.Largest(logits[k])
	}
	best, err := e.labels.Best(ctx, e.generator, r.inputs(batch, others))
	for k, i := range others {
		a.Answers[i] = best[k]
	}
	return a, err
}

// inputs returns the inputs at some places of a batch.
func (r *labelEvaluator) inputs(batch *data.Batch, places []int) [][]int32 {
	index := make([]int, len(places))
	for k, i := range places {
		index[k] = batch.Index[i]
	}
	return inputsOf(r.collector.examples, index)
}

func (r *labelEvaluator) add(a batchResult) error {
	examples := r.collector.examples
	for i, j := range a.Index {
		if err := r.count(j, a.Answers[i]); err != nil {
			return err
		}
		if len(a.Logits[i]) == 0 {
			continue
		}
		if err := r.calibration.Add(a.Logits[i], examples.Label(j)); err != nil {
			return err
		}
		r.collector.addLabel(j, r.evaluator.spec.Labels, a.Logits[i])
	}
	return nil
}

// count adds the answer to example i.
func (r *labelEvaluator) count(i, answer int) error {
	label := r.collector.examples.Label(i)
	if r.groups != nil {
		r.groups.Add(r.collector.examples.Reference(i).Group, answer == label)
	}
	return r.classes.Add(label, answer)
}

func (r *labelEvaluator) values() []metric.Value { return append(r.scores(), r.calibrate()...) }

// scores returns how good the labels are.
func (r *labelEvaluator) scores() []metric.Value {
	var values []metric.Value
	for _, s := range r.sampled() {
		values = append(values, s.Result()...)
	}
	values = slices.DeleteFunc(values, func(v metric.Value) bool { return task.MetricOf(v.Name).IsCount })
	return only(values, r.evaluator.spec.Metrics)
}

// calibrate returns how good the probabilities of the labels are: those of the model alone, then those that a
// temperature makes of them.
func (r *labelEvaluator) calibrate() []metric.Value {
	c, t := &r.calibration, r.evaluator.labels.Temperature
	values := []metric.Value{{Name: "ece", Value: c.Error(1)}, {Name: "label_nll", Value: c.NLL(1)}}
	if r.evaluator.Fit {
		t = r.fit()
		values = append(values, metric.Value{Name: "temperature", Value: t})
	}
	r.temperature = t
	if r.evaluator.Fit || t != 1 {
		values = append(values, metric.Value{Name: "calibrated_ece", Value: c.Error(t)},
			metric.Value{Name: "calibrated_label_nll", Value: c.NLL(t)})
	}
	return values
}

// fit returns the temperature that the checkpoint keeps: 1 where the best one is out of range, as that of answers that
// are no better than chance, or makes the error larger that it is there to make smaller.
func (r *labelEvaluator) fit() float64 {
	c := &r.calibration
	t, bound := c.Fit()
	reason := ""
	if before, after := c.Error(1), c.Error(t); after > before {
		reason = fmt.Sprintf("it makes the expected calibration error %.4f, which is %.4f without it", after, before)
	}
	if bound {
		reason = "it is at its bound: the probabilities hardly tell which answers are right"
	}
	if reason == "" {
		return t
	}
	r.notes = append(r.notes, ui.Notef(ui.NoteCalibration,
		"calibration: temperature %.4g is not kept, and probabilities stay those of the model: %s", t, reason)...)
	return 1
}

// constant answers each example with the label that most of them have.
func (r *labelEvaluator) constant() (runlog.Constant, error) {
	examples := r.collector.examples
	counts := examples.CountLabels(len(r.names))
	most := slices.Index(counts, slices.Max(counts))
	same, err := newLabelEvaluator(r.evaluator, exampleCollector{examples: examples})
	if err != nil {
		return runlog.Constant{}, err
	}
	for i := range examples.Len() {
		if err := same.count(i, most); err != nil {
			return runlog.Constant{}, err
		}
	}
	return runlog.Constant{Answer: r.names[most], Values: metric.Map(same.scores())}, nil
}

// oneAnswer returns the label that all examples got, if there are several with different labels.
func (r *labelEvaluator) oneAnswer() (string, bool) {
	answer, labels := -1, 0
	for i, c := range r.classes.Classes() {
		if c.Support > 0 {
			labels++
		}
		if c.Predicted > 0 && c.Predicted == r.classes.Len() {
			answer = i
		}
	}
	if answer < 0 || labels < 2 {
		return "", false
	}
	return r.names[answer], true
}

// sampled is by groups, where there are any: the answers of one question depend on each other.
func (r *labelEvaluator) sampled() []metric.Sampled {
	if r.groups == nil {
		return []metric.Sampled{r.classes}
	}
	return []metric.Sampled{r.groups.Whole(r.classes), r.groups}
}

func (r *labelEvaluator) signatures() []string { return nil }

func (r *labelEvaluator) close() runlog.Evaluation {
	e := r.collector.close(r.names, r.classes)
	e.Notes = r.notes
	e.Coverage = r.calibration.Confidence(r.temperature).Curve(func(p float64) float64 { return p })
	if !r.calibrated.All() {
		e.Notes = append(e.Notes, ui.Note{Kind: ui.NoteSampled, Text: fmt.Sprintf(
			"calibration: measured on %s of the %s examples, drawn at random: to score all of %d labels takes long",
			ui.Grouped(r.calibrated.Len()), ui.Grouped(r.collector.examples.Len()), len(r.names))})
	}
	return e
}

// inputsOf returns the inputs of some examples.
func inputsOf(examples *data.Examples, index []int) [][]int32 {
	inputs := make([][]int32, len(index))
	for i, j := range index {
		inputs[i] = examples.Input(j)
	}
	return inputs
}
