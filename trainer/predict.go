package trainer

import (
	"context"
	"errors"
	"fmt"
	"math"

	"t5train/data"
	"t5train/data/objective"
	"t5train/data/task"
	"t5train/model/decode"
	"t5train/model/kernel"
)

// Prediction is the answer to one input.
type Prediction struct {
	Input       string   `json:"input"`
	Output      string   `json:"output"`
	Label       string   `json:"label,omitempty"`       // of a classification
	Probability *float64 `json:"probability,omitempty"` // of the label among all labels
	Truncated   bool     `json:"truncated,omitempty"`   // the output reached the limit of tokens before its end
}

// Predictor answers inputs with one model. It is for one goroutine at a time.
type Predictor struct {
	bundle    *Bundle
	spec      task.Spec
	generator *decode.Generator
	labels    *labelScorer // of a classification
	maxInput  int
	maxOutput int
	vocab     objective.Vocabulary

	InputsCut  int // inputs so far that were longer than the limit
	OutputsCut int // outputs so far that reached the limit before their end
}

// PredictorOptions are the limits of a predictor, in tokens with EOS; zero means the checkpoint's, or else T5's
// 512 for inputs and 128 for outputs.
type PredictorOptions struct {
	MaxInputLength  int
	MaxOutputLength int
}

// NewPredictor returns a predictor for a task: labels for a classification, generated text for every other task, and
// for the form of a classification without labels.
func NewPredictor(b *Bundle, spec task.Spec, w *kernel.Workers, o PredictorOptions) (*Predictor, error) {
	p := &Predictor{
		bundle: b, spec: spec, vocab: vocabularyOf(b.Tokenizer),
		maxInput:  firstPositive(o.MaxInputLength, b.Info.MaxInputLength, 512),
		maxOutput: firstPositive(o.MaxOutputLength, b.Info.MaxTargetLength, 128),
	}
	var err error
	if len(spec.Labels) > 0 {
		p.labels, err = newLabelScorer(b, spec, w)
	} else {
		p.generator, err = decode.New(b.Model, w)
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// firstPositive returns the first value above 0: the option that is set, or else its default.
func firstPositive(values ...int) int {
	for _, v := range values {
		if v > 0 {
			return v
		}
	}
	return 0
}

// Close frees the predictor.
func (p *Predictor) Close() {
	if p.labels != nil {
		p.labels.close()
		return
	}
	p.generator.Close()
}

// Predict answers a batch of inputs, in order.
func (p *Predictor) Predict(inputs []Input) ([]Prediction, error) {
	ids := make([][]int32, len(inputs))
	predictions := make([]Prediction, len(inputs))
	for i, in := range inputs {
		predictions[i].Input = in.Shown
		var cut bool
		if ids[i], cut = data.AppendText(nil, p.bundle.Tokenizer, in.Text, p.maxInput); cut {
			p.InputsCut++
		}
	}
	if p.labels != nil {
		best, probability, err := p.labels.classify(ids)
		if err != nil {
			return nil, fmt.Errorf("predict: %w", err)
		}
		for i := range predictions {
			if math.IsNaN(probability[i]) {
				return nil, errors.New("predict: the model gives no number: its weights are damaged, copy the checkpoint again")
			}
			label := p.spec.Labels[best[i]]
			predictions[i].Output, predictions[i].Label, predictions[i].Probability = label.Text, label.Name, &probability[i]
		}
		return predictions, nil
	}
	outputs, err := p.generator.Generate(context.Background(), ids, decode.Options{MaxTokens: p.maxOutput})
	if err != nil {
		return nil, fmt.Errorf("predict: %w", err)
	}
	for i := range outputs {
		out := outputs[i][0]
		// Whoever asks for the text of gaps wants to see which is which.
		gaps := holdsSentinel(p.vocab, ids[i])
		predictions[i].Output = p.bundle.Tokenizer.Decode(out.IDs, !gaps)
		if predictions[i].Truncated = !out.Finished; !out.Finished {
			p.OutputsCut++
		}
	}
	return predictions, nil
}

// mostProbable returns the position of the largest log-probability and its share of the sum of all probabilities.
func mostProbable(logProbs []float64) (best int, share float64) {
	for i, v := range logProbs {
		if v > logProbs[best] {
			best = i
		}
	}
	var sum float64
	for _, v := range logProbs {
		sum += math.Exp(v - logProbs[best])
	}
	return best, 1 / sum
}

// Report says what was cut short.
func (p *Predictor) Report(c *Console) {
	if p.InputsCut > 0 {
		c.Say("inputs longer than %[2]d tokens, which lost their end: %[1]s (raise --max-input-length to keep it)", grouped(p.InputsCut), p.maxInput)
	}
	if p.OutputsCut > 0 {
		c.Say("outputs that reached %[2]d tokens before their end, marked truncated: %[1]s (raise --max-output-length)", grouped(p.OutputsCut), p.maxOutput)
	}
}
