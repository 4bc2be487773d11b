package evaluate

import (
	"context"
	"slices"
	"strconv"

	"t5train/data"
	"t5train/data/task"
	"t5train/model/kernel"
	"t5train/trainer/metric"
	"t5train/trainer/runlog"
)

// generationEvaluator is the [answerEvaluator] of texts, which the model generates.
type generationEvaluator struct {
	evaluator *Evaluator
	collector exampleCollector
	grader    grader
	truncated int     // answers that reached the limit before their end
	first     *string // answer
	differ    bool    // some answer is another text than the first

	confidence metric.Confidence
}

func (w *generationEvaluator) compute(ctx context.Context, batch *data.Batch, totals kernel.Totals) (batchResult,
	error) {
	e := w.evaluator
	outputs, err := e.generator.Generate(ctx, inputsOf(w.collector.examples, batch.Index), e.how.ForInputs(batch.Index))
	if err != nil {
		return batchResult{}, err
	}
	var a batchResult
	for s, sequences := range outputs {
		a.Texts = append(a.Texts, e.tokenizer.Decode(sequences[0].IDs, true))
		if !sequences[0].Finished {
			a.Truncated++
		}
		tokens := len(sequences[0].IDs)
		if sequences[0].Finished {
			tokens++
		}
		a.LogProbs = append(a.LogProbs, sequences[0].LogProb/float64(max(1, tokens)))
		var sum float64
		terms := totals.NLLs[batch.Labels.Offsets[s]:batch.Labels.Offsets[s+1]]
		for _, nll := range terms {
			sum += nll
		}
		a.Losses = append(a.Losses, sum/float64(len(terms)))
	}
	return a, nil
}

func (w *generationEvaluator) add(a batchResult) error {
	w.truncated += a.Truncated
	for i, text := range a.Texts {
		if err := w.grader.Add(text, w.collector.examples.Reference(a.Index[i])); err != nil {
			return err
		}
		w.confidence.Add(a.LogProbs[i], slices.Contains(w.collector.examples.Reference(a.Index[i]).Texts, text) ||
			text == w.collector.text(w.collector.examples.Target(a.Index[i])))
		if w.first == nil {
			w.first = &text
		}
		w.differ = w.differ || text != *w.first
	}
	w.collector.addGenerated(a)
	return nil
}

func (w *generationEvaluator) values() []metric.Value {
	values := slices.Concat(w.grader.Result(), w.grader.Counts(),
		[]metric.Value{{Name: "truncated", Value: float64(w.truncated)}})
	if slope, bias, ok := w.confidence.Fit(); ok && w.evaluator.Fit {
		values = append(values, metric.Value{Name: "confidence_slope", Value: slope},
			metric.Value{Name: "confidence_bias", Value: bias})
	}
	return values
}

func (w *generationEvaluator) sampled() []metric.Sampled { return []metric.Sampled{w.grader} }
func (w *generationEvaluator) signatures() []string      { return w.grader.Signatures() }

func (w *generationEvaluator) close() runlog.Evaluation {
	e := w.collector.close(nil, nil)
	if slope, bias, ok := w.confidence.Fit(); ok {
		e.Coverage = w.confidence.Curve(func(score float64) float64 { return metric.Logistic(slope*score + bias) })
	}
	return e
}

// oneAnswer returns the text that the model writes for all examples, if these have different targets.
func (w *generationEvaluator) oneAnswer() (string, bool) {
	examples, targets := w.collector.examples, false
	for i := 1; i < examples.Len() && !targets; i++ {
		targets = !slices.Equal(examples.Target(i), examples.Target(0))
	}
	if !targets || w.differ {
		return "", false
	}
	return *w.first, true
}

// constant answers each example with the same text, if there is one that is more than the target of one of them.
func (w *generationEvaluator) constant() (runlog.Constant, error) {
	spec, examples := w.evaluator.spec, w.collector.examples
	answer := constantText(spec, examples)
	if answer == "" {
		return runlog.Constant{}, nil
	}
	same, err := newGrader(spec, w.evaluator.copied)
	if err != nil {
		return runlog.Constant{}, err
	}
	for i := range examples.Len() {
		if err := same.Add(answer, examples.Reference(i)); err != nil {
			return runlog.Constant{}, err
		}
	}
	return runlog.Constant{Answer: answer, Values: metric.Map(same.Result())}, nil
}

// constantText returns the best answer that does not depend on the input: the mean of numbers, no entities, or the most
// frequent target, the first one of several. It is empty where all targets differ, and for referents, of which each
// input has its own.
func constantText(spec task.Spec, examples *data.Examples) string {
	switch spec.Kind() {
	case task.Entities:
		return task.NoEntities
	case task.Referents:
		return ""
	case task.Numbers:
		var mean float64
		for i := range examples.Len() {
			mean += (examples.Reference(i).Number - mean) / float64(i+1)
		}
		return strconv.FormatFloat(mean, 'f', -1, 64)
	}
	counts, most := make(map[string]int), ""
	for i := range examples.Len() {
		counts[examples.Reference(i).Texts[0]]++
	}
	for i := range examples.Len() {
		if text := examples.Reference(i).Texts[0]; counts[text] > max(1, counts[most]) {
			most = text
		}
	}
	return most
}
