package trainer

import (
	"context"
	"slices"

	"t5train/data"
	"t5train/model/kernel"
	"t5train/trainer/metric"
	"t5train/trainer/record"
)

// written are answers that the model generates.
type written struct {
	evaluator  *Evaluator
	exhibition exhibition
	grader     grader
	truncated  int // answers that reached the limit before their end
}

func (w *written) compute(ctx context.Context, batch *data.Batch, totals kernel.Totals) (answered, error) {
	e := w.evaluator
	outputs, err := e.generator.Generate(ctx, inputsOf(w.exhibition.examples, batch.Index), e.how.ForInputs(batch.Index))
	if err != nil {
		return answered{}, err
	}
	var a answered
	for s, sequences := range outputs {
		a.Texts = append(a.Texts, e.tokenizer.Decode(sequences[0].IDs, true))
		if !sequences[0].Finished {
			a.Truncated++
		}
		var sum float64
		terms := totals.NLLs[batch.DecOffsets[s]:batch.DecOffsets[s+1]]
		for _, nll := range terms {
			sum += nll
		}
		a.Losses = append(a.Losses, sum/float64(len(terms)))
	}
	return a, nil
}

func (w *written) add(a answered) error {
	w.truncated += a.Truncated
	for i, text := range a.Texts {
		if err := w.grader.Add(text, w.exhibition.examples.Reference(a.Index[i])); err != nil {
			return err
		}
	}
	w.exhibition.written(a)
	return nil
}

func (w *written) values() []metric.Value {
	return slices.Concat(w.grader.Result(), w.grader.Counts(), []metric.Value{{Name: "truncated", Value: float64(w.truncated)}})
}

func (w *written) sampled() []metric.Sampled { return []metric.Sampled{w.grader} }
func (w *written) signatures() []string      { return w.grader.Signatures() }
func (w *written) close() record.Evaluation  { return w.exhibition.close(nil, nil) }
