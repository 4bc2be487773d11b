package trainer

import (
	"context"
	"fmt"

	"t5train/data"
	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/model"
	"t5train/model/decode"
	"t5train/model/kernel"
	"t5train/trainer/metric"
	"t5train/trainer/record"
)

// Evaluator computes the loss and the metrics of a task on held-out examples. It holds no more than a batch of
// activations, and is for one goroutine at a time.
type Evaluator struct {
	model     *model.T5
	spec      task.Spec
	loss      *decode.Loss
	generator *decode.Generator // of a classification
	labels    labelScorer

	// Fit finds the temperature of the labels' probabilities anew: the examples are those to calibrate on.
	Fit bool

	tokenizer *tokenizer.Tokenizer
	seen      record.Evaluation // of the last evaluation
}

// NewEvaluator returns an evaluator of a model for a task.
func NewEvaluator(b *Bundle, spec task.Spec, w *kernel.Workers) *Evaluator {
	e := &Evaluator{model: b.Model, spec: spec, loss: decode.NewLoss(b.Model, w), tokenizer: b.Tokenizer}
	if spec.Name == task.Classification {
		e.generator = decode.New(b.Model, w)
		e.labels = newLabelScorer(b, spec)
	}
	return e
}

// Evaluate returns the metrics of the examples, in the order in which they are shown: the loss per target token in
// nats and its perplexity, and for a classification the scores of the most probable labels, and how good their
// probabilities are: ece, the expected calibration error, and label_nll, the mean of minus the log-probability of the
// right label in nats. With Fit these are of the model alone, and temperature and calibrated_ece follow. A loss that is no
// finite number is an error.
func (e *Evaluator) Evaluate(ctx context.Context, examples *data.Examples, batchSize int, done func(n int64)) ([]metric.Value, error) {
	var loss metric.Loss
	var classes *metric.Classification
	var calibration metric.Calibration
	exhibition := exhibition{examples: examples, tokenizer: e.tokenizer}
	var names []string
	if e.generator != nil {
		for _, l := range e.spec.Labels {
			names = append(names, l.Name)
		}
		var err error
		if classes, err = metric.NewClassification(names); err != nil {
			return nil, err
		}
	}
	batches, err := data.NewBatches(examples, data.Size{Examples: batchSize}, data.Order{})
	if err != nil {
		return nil, fmt.Errorf("evaluate: %w", err)
	}
	correct := 0
	var batch data.Batch
	for position := int64(0); position < int64(examples.Len()); {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		position = batches.Read(position, &batch)
		totals, err := e.loss.Run(modelBatch(e.model, batch))
		if err != nil {
			return nil, fmt.Errorf("evaluate: %w", err)
		}
		if !finite(totals.NLL) {
			return nil, fmt.Errorf("evaluate: the loss is %g: %w", totals.NLL, errDiverged)
		}
		loss.Add(totals.NLL, int64(totals.Tokens))
		correct += totals.Correct
		if classes != nil {
			if err := e.classify(ctx, classes, &calibration, &exhibition, batch.Index); err != nil {
				return nil, fmt.Errorf("evaluate: %w", err)
			}
		} else {
			exhibition.written(&batch, totals)
		}
		done(position)
	}
	e.seen = exhibition.close(names, classes)
	values := append([]metric.Value{{Name: "examples", Value: float64(examples.Len())}}, loss.Result()...)
	if tokens := loss.Tokens(); tokens > 0 {
		values = append(values, metric.Value{Name: "token_accuracy", Value: float64(correct) / float64(tokens)})
	}
	if classes != nil {
		for _, v := range classes.Result() {
			if v.Name != "examples" {
				values = append(values, v)
			}
		}
		values = append(values, e.calibrate(&calibration)...)
	}
	return values, nil
}

// classify adds the answers to some of the examples.
func (e *Evaluator) classify(ctx context.Context, classes *metric.Classification, calibration *metric.Calibration, x *exhibition, index []int) error {
	examples := x.examples
	inputs := make([][]int32, len(index))
	for i, j := range index {
		inputs[i] = examples.Input(j)
	}
	logits, err := e.labels.logits(ctx, e.generator, inputs)
	if err != nil {
		return err
	}
	for i, j := range index {
		if err := classes.Add(examples.Label(j), largest(logits[i])); err != nil {
			return err
		}
		if err := calibration.Add(logits[i], examples.Label(j)); err != nil {
			return err
		}
		x.classified(j, e.spec.Labels, logits[i])
	}
	return nil
}

// calibrate returns how good the probabilities of the labels are.
func (e *Evaluator) calibrate(c *metric.Calibration) []metric.Value {
	t := e.labels.temperature
	if e.Fit {
		t = 1
	}
	values := []metric.Value{{Name: "ece", Value: c.Error(t)}, {Name: "label_nll", Value: c.NLL(t)}}
	if e.Fit {
		fitted := c.Fit()
		values = append(values, metric.Value{Name: "temperature", Value: fitted}, metric.Value{Name: "calibrated_ece", Value: c.Error(fitted)})
	}
	return values
}

// modelBatch hands a batch of the data to the model. The slices are shared.
func modelBatch(m *model.T5, b data.Batch) model.Batch {
	if start := int32(m.Config.DecoderStartTokenID); start != data.DecoderStart {
		for _, first := range b.DecOffsets[:b.Sequences()] {
			b.DecIDs[first] = start
		}
	}
	return model.Batch{
		EncoderIDs: b.EncIDs, EncoderOffsets: b.EncOffsets,
		DecoderIDs: b.DecIDs, DecoderOffsets: b.DecOffsets, Labels: b.Labels,
	}
}
