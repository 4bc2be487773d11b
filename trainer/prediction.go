package trainer

import (
	"context"

	"t5train/model/decode"
)

// Prediction is the answer to one input, by the task: the text of a label, or what the model writes.
type Prediction struct {
	Input       string   `json:"input"`
	Output      string   `json:"output"`
	Label       string   `json:"label,omitempty"`       // of a classification
	Probability *float64 `json:"probability,omitempty"` // of the label among all labels
	Truncated   bool     `json:"truncated,omitempty"`   // the output reached the limit of tokens before its end
}

// Cuts counts what was cut short.
type Cuts struct {
	Inputs  int // that were longer than the limit
	Outputs int // that reached the limit before their end
}

// Predict answers a batch of inputs, in order: with labels where the task has some, with text otherwise. It adds to cuts.
func (p *Predictor) Predict(ctx context.Context, inputs []Input, cuts *Cuts) ([]Prediction, error) {
	texts := make([]string, len(inputs))
	predictions := make([]Prediction, len(inputs))
	for i, in := range inputs {
		texts[i], predictions[i].Input = in.Text, in.Shown
	}
	if len(p.spec.Labels) > 0 {
		answers, err := p.Classify(ctx, texts)
		for i, a := range answers {
			predictions[i].Output, predictions[i].Label, predictions[i].Probability = a.Label.Text, a.Label.Name, &a.Probability
			cuts.count(a.InputCut, false)
		}
		return predictions, err
	}
	answers, err := p.Generate(ctx, texts, decode.Options{})
	for i, a := range answers {
		best := a.Sequences[0]
		predictions[i].Output, predictions[i].Truncated = best.Text, best.Truncated
		cuts.count(a.InputCut, best.Truncated)
	}
	return predictions, err
}

func (c *Cuts) count(input, output bool) {
	if input {
		c.Inputs++
	}
	if output {
		c.Outputs++
	}
}

// Report says what was cut short.
func (c Cuts) Report(console *Console, p *Predictor) {
	if c.Inputs > 0 {
		console.Say("inputs longer than %[2]d tokens, which lost their end: %[1]s (raise --max-input-length to keep it)", grouped(c.Inputs), p.maxInput)
	}
	if c.Outputs > 0 {
		console.Say("outputs that reached %[2]d tokens before their end, marked truncated: %[1]s (raise --max-output-length)", grouped(c.Outputs), p.maxOutput)
	}
}
