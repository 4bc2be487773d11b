package trainer

import (
	"context"
	"slices"

	"t5train/data"
	"t5train/data/task"
	"t5train/model/kernel"
	"t5train/trainer/metric"
	"t5train/trainer/record"
)

// ranked are the answers to a classification: the most probable labels.
type ranked struct {
	evaluator   *Evaluator
	exhibition  exhibition
	names       []string // of the labels
	classes     *metric.Classification
	groups      *metric.Groups // nil without groups
	calibration metric.Calibration
}

func newRanked(e *Evaluator, x exhibition) (*ranked, error) {
	r := &ranked{evaluator: e, exhibition: x}
	for _, l := range e.spec.Labels {
		r.names = append(r.names, l.Name)
	}
	if len(e.spec.GroupColumns) > 0 {
		r.groups = new(metric.Groups)
	}
	var err error
	if r.classes, err = metric.NewClassification(r.names); err != nil {
		return nil, err
	}
	r.classes.All = e.spec.Rule == task.CB
	return r, nil
}

func (r *ranked) compute(ctx context.Context, batch *data.Batch, _ kernel.Totals) (answered, error) {
	logits, err := r.evaluator.labels.logits(ctx, r.evaluator.generator, inputsOf(r.exhibition.examples, batch.Index))
	return answered{Logits: logits}, err
}

func (r *ranked) add(a answered) error {
	examples := r.exhibition.examples
	for i, j := range a.Index {
		label, answer := examples.Label(j), largest(a.Logits[i])
		if err := r.classes.Add(label, answer); err != nil {
			return err
		}
		if r.groups != nil {
			r.groups.Add(examples.Reference(j).Group, answer == label)
		}
		if err := r.calibration.Add(a.Logits[i], label); err != nil {
			return err
		}
		r.exhibition.classified(j, r.evaluator.spec.Labels, a.Logits[i])
	}
	return nil
}

func (r *ranked) values() []metric.Value {
	var values []metric.Value
	for _, s := range r.sampled() {
		values = append(values, s.Result()...)
	}
	values = slices.DeleteFunc(values, func(v metric.Value) bool { return v.Name == "examples" })
	return append(only(values, r.evaluator.spec.Metrics), r.calibrate()...)
}

// calibrate returns how good the probabilities of the labels are: those of the model alone, then those that a temperature
// makes of them.
func (r *ranked) calibrate() []metric.Value {
	c, t := &r.calibration, r.evaluator.labels.temperature
	values := []metric.Value{{Name: "ece", Value: c.Error(1)}, {Name: "label_nll", Value: c.NLL(1)}}
	if r.evaluator.Fit {
		t = c.Fit()
		values = append(values, metric.Value{Name: "temperature", Value: t})
	}
	if r.evaluator.Fit || t != 1 {
		values = append(values, metric.Value{Name: "calibrated_ece", Value: c.Error(t)}, metric.Value{Name: "calibrated_label_nll", Value: c.NLL(t)})
	}
	return values
}

// sampled is by groups, where there are any: the answers of one question depend on each other.
func (r *ranked) sampled() []metric.Sampled {
	if r.groups == nil {
		return []metric.Sampled{r.classes}
	}
	return []metric.Sampled{r.groups.Whole(r.classes), r.groups}
}

func (r *ranked) signatures() []string     { return nil }
func (r *ranked) close() record.Evaluation { return r.exhibition.close(r.names, r.classes) }

// inputsOf returns the inputs of some examples.
func inputsOf(examples *data.Examples, index []int) [][]int32 {
	inputs := make([][]int32, len(index))
	for i, j := range index {
		inputs[i] = examples.Input(j)
	}
	return inputs
}
