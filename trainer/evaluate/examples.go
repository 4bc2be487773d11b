package evaluate

import (
	"math"

	"t5train/data"
	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/trainer/metric"
	"t5train/trainer/predict"
	"t5train/trainer/runlog"
)

// exampleCollector gathers what an evaluation of examples shows besides its metrics: the best and the worst of them.
type exampleCollector struct {
	examples  *data.Examples
	tokenizer *tokenizer.Tokenizer
	extremes  runlog.Extremes
}

// addLabel adds the answer to example i, by the probability of its label.
func (x *exampleCollector) addLabel(i int, labels []task.Label, logits []float64) {
	probabilities, answer := predict.Softmax(logits), predict.Largest(logits)
	// Not the logarithm of the probability, which may be too small for a number.
	loss := logits[answer] - logits[x.examples.Label(i)] - math.Log(probabilities[answer])
	x.extremes.Add(runlog.Example{Index: i, Loss: loss, Prediction: labels[answer].Text,
		Probability: &probabilities[answer]})
}

// addGenerated adds the answers to a batch, by the mean loss of their tokens.
func (x *exampleCollector) addGenerated(a batchResult) {
	for s, i := range a.Index {
		x.extremes.Add(runlog.Example{Index: i, Loss: a.Losses[s], Prediction: a.Texts[s]})
	}
}

// close returns what there is to show; classes is nil where there are none.
func (x *exampleCollector) close(labels []string, classes *metric.Classification) runlog.Evaluation {
	var e runlog.Evaluation
	if classes != nil {
		e.Confuse(labels, classes.Confusion())
	}
	x.extremes.Fill(&e, func(i int) (input, target string) {
		return x.text(x.examples.Input(i)), x.text(x.examples.Target(i))
	})
	return e
}

// text returns what ids say, without the end that every sequence has.
func (x *exampleCollector) text(ids []int32) string {
	return x.tokenizer.Decode(ids[:len(ids)-1], false)
}
