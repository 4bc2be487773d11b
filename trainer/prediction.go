package trainer

import (
	"cmp"
	"context"
	"slices"

	"t5train/model/decode"
)

// Prediction is the answer to one input, by the task: the text of a label, or what the model writes.
type Prediction struct {
	Input       string     `json:"input" parquet:"input,zstd"`
	Rank        *int       `json:"-" parquet:"rank,optional"` // of a row of parquet among those of its input, from 1
	Output      string     `json:"output" parquet:"output,zstd"`
	Label       string     `json:"label,omitempty" parquet:"label,optional,dict"`        // of a classification
	Probability *float64   `json:"probability,omitempty" parquet:"probability,optional"` // of the label among all labels
	LogProb     *float64   `json:"log_prob,omitempty" parquet:"log_prob,optional"`       // of a text, in nats
	Truncated   bool       `json:"truncated,omitempty" parquet:"truncated"`              // the output reached the limit of tokens before its end
	Sequences   []Sequence `json:"sequences,omitempty" parquet:"-"`                      // all of them, where several are asked for
}

// Rows returns the rows of the prediction in a table: one, or one for each of its sequences.
func (p Prediction) Rows() []Prediction {
	if len(p.Sequences) == 0 {
		return []Prediction{p}
	}
	var rows []Prediction
	for i, s := range p.Sequences {
		rank := i + 1
		rows = append(rows, Prediction{Input: p.Input, Rank: &rank, Output: s.Text, LogProb: &s.LogProb, Truncated: s.Truncated})
	}
	return rows
}

// Cuts counts what was cut short.
type Cuts struct {
	Inputs  int // that were longer than the limit
	Outputs int // that reached the limit before their end
}

// PredictOptions say how Predict answers.
type PredictOptions struct {
	BatchSize  int            // inputs at a time; changes memory and time, and results by rounding only
	Generation decode.Options // of texts
	First      int            // number of the first input among all that there are; sampling depends on it
	Done       func(n int)    // is told how many more are answered; may be nil
}

// Predict answers inputs, in order: with labels where the task has some, with text otherwise. It adds to cuts.
//
// Batches hold inputs of similar length, since a batch takes as long as its longest output.
func (p *Predictor) Predict(ctx context.Context, inputs []Input, o PredictOptions, cuts *Cuts) ([]Prediction, error) {
	order := make([]int, len(inputs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(inputs[b].Text), len(inputs[a].Text)) })
	predictions := make([]Prediction, len(inputs))
	for batch := range slices.Chunk(order, max(1, o.BatchSize)) {
		if err := p.predictBatch(ctx, inputs, batch, o, predictions, cuts); err != nil {
			return nil, err
		}
		if o.Done != nil {
			o.Done(len(batch))
		}
	}
	return predictions, nil
}

// predictBatch answers the inputs of some positions.
func (p *Predictor) predictBatch(ctx context.Context, inputs []Input, batch []int, o PredictOptions, to []Prediction, cuts *Cuts) error {
	texts := make([]string, len(batch))
	for i, at := range batch {
		texts[i] = inputs[at].Text
	}
	if len(p.spec.Labels) > 0 {
		answers, err := p.Classify(ctx, texts)
		for i, a := range answers {
			to[batch[i]] = Prediction{Input: inputs[batch[i]].Shown, Output: a.Label.Text, Label: a.Label.Name, Probability: &a.Probability}
			cuts.count(a.InputCut, false)
		}
		return err
	}
	if s := o.Generation.Sampling; s != nil {
		own := *s
		own.Indices = nil
		for _, at := range batch {
			own.Indices = append(own.Indices, o.First+at)
		}
		o.Generation.Sampling = &own
	}
	answers, err := p.Generate(ctx, texts, o.Generation)
	for i, a := range answers {
		best := a.Sequences[0]
		to[batch[i]] = Prediction{Input: inputs[batch[i]].Shown, Output: best.Text, LogProb: &best.LogProb, Truncated: best.Truncated}
		if o.Generation.Returned > 1 {
			to[batch[i]].Sequences = a.Sequences
		}
		cuts.count(a.InputCut, best.Truncated)
	}
	return err
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
