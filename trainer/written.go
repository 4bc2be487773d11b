package trainer

import (
	"context"

	"t5train/data"
	"t5train/model/decode"
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

func (w *written) add(ctx context.Context, batch *data.Batch, totals kernel.Totals) error {
	e, examples := w.evaluator, w.exhibition.examples
	outputs, err := e.generator.Generate(ctx, inputsOf(examples, batch.Index), decode.Options{MaxTokens: e.limit})
	if err != nil {
		return err
	}
	texts := make([]string, len(outputs))
	for i, sequences := range outputs {
		texts[i] = e.tokenizer.Decode(sequences[0].IDs, true)
		if !sequences[0].Finished {
			w.truncated++
		}
		if err := w.grader.Add(texts[i], examples.Reference(batch.Index[i])); err != nil {
			return err
		}
	}
	w.exhibition.written(batch, totals, texts)
	return nil
}

func (w *written) values() []metric.Value {
	return append(w.grader.Result(), metric.Value{Name: "truncated", Value: float64(w.truncated)})
}

func (w *written) sampled() []metric.Sampled { return []metric.Sampled{w.grader} }
func (w *written) signatures() []string      { return w.grader.Signatures() }
func (w *written) close() record.Evaluation  { return w.exhibition.close(nil, nil) }
