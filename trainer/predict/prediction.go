package predict

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"t5train/data/task"
	"t5train/data/task/words"
	"t5train/data/tokenizer"
	"t5train/internal/jsonlines"
	"t5train/internal/ui"
	"t5train/model/generate"
	"t5train/trainer/predict/inputfile"
)

// LabelShare is a label and its probability among all labels.
type LabelShare struct {
	Label       string  `json:"label" parquet:"label,dict"`
	Probability float64 `json:"probability" parquet:"probability"`
}

// Prediction is the answer to one input, by the task: the text of a label, or what the model writes.
type Prediction struct {
	Input       string   `json:"input" parquet:"input,zstd"`
	Rank        *int     `json:"-" parquet:"rank,optional"` // of a row of parquet among those of its input, from 1
	Output      string   `json:"output" parquet:"output,zstd"`
	Label       string   `json:"label,omitempty" parquet:"label,optional,dict"`        // of a classification
	Probability *float64 `json:"probability,omitempty" parquet:"probability,optional"` // of the label among all labels
	LogProb     *float64 `json:"log_prob,omitempty" parquet:"log_prob,optional"`       // of a text, in nats
	// the output reached the limit of tokens before its end
	Truncated bool `json:"truncated,omitempty" parquet:"truncated"`
	// the input was longer than the limit and lost its end
	InputCut  bool       `json:"truncated_input,omitempty" parquet:"truncated_input"`
	Sequences []Sequence `json:"sequences,omitempty" parquet:"-"` // all of them, where several are asked for

	// of a classification, the most probable first
	Labels []LabelShare `json:"labels,omitempty" parquet:"labels,list"`
	// of a task of entities; empty where there are none
	Entities []task.Entity `json:"entities,omitzero" parquet:"entities,list"`
	// entities of the output that stand nowhere in the input
	Unplaced int `json:"unplaced,omitempty" parquet:"unplaced,optional"`

	// that a text is right, where a least confidence is asked for; that of a label is its probability
	Confidence *float64 `json:"confidence,omitempty" parquet:"confidence,optional"`
	Unsure     bool     `json:"unsure,omitempty" parquet:"unsure"` // less than that confidence

	Kept inputfile.Kept `json:"-" parquet:"-"` // columns of the input, whose fields follow that of the input
}

// MarshalJSON implements json.Marshaler.
func (p Prediction) MarshalJSON() ([]byte, error) {
	type plain Prediction
	return MarshalKept(plain(p), p.Input, p.Kept)
}

// MarshalKept returns the JSON of an answer whose first field is its input, with the columns that were kept behind it.
func MarshalKept(answer any, input string, kept inputfile.Kept) ([]byte, error) {
	var b bytes.Buffer
	if err := jsonlines.NewEncoder(&b).Encode(answer); err != nil || len(kept) == 0 {
		return b.Bytes(), err
	}
	beginning, err := jsonlines.Beginning(struct {
		Input string `json:"input"`
	}{input})
	if err != nil {
		return nil, err
	}
	return append(kept.AppendTo(slices.Clone(beginning)), b.Bytes()[len(beginning):]...), nil
}

// Rows returns the rows of the prediction in a table: one, or one for each of its sequences.
func (p Prediction) Rows() []Prediction {
	if len(p.Sequences) == 0 {
		return []Prediction{p}
	}
	var rows []Prediction
	for i, s := range p.Sequences {
		rank := i + 1
		rows = append(rows, Prediction{
			Input: p.Input, Rank: &rank, Output: s.Text, LogProb: &s.LogProb, Truncated: s.Truncated,
			InputCut: p.InputCut,
			Entities: s.Entities, Unplaced: s.Unplaced, Confidence: p.Confidence, Unsure: p.Unsure, Kept: p.Kept,
		})
	}
	return rows
}

// Cuts counts what was cut short, by this process: answers that an earlier one wrote say so themselves.
type Cuts struct {
	Answered int // all that there were
	Inputs   int // that were longer than the limit
	Outputs  int // that reached the limit before their end
	Unsure   int // of which the model is less sure than it is to be
	Unknown  int // targets to score with characters that the tokenizer does not know
}

// Predict answers a batch of inputs, in order: with labels where the task has some, with text by o otherwise. first is
// the number of the first input among all that there are: what is sampled depends on it, and not on the batches. It
// adds to cuts.
func (p *Predictor) Predict(ctx context.Context, first int64, inputs []inputfile.Input, o generate.Options,
	cuts *Cuts) ([]Prediction, error) {
	texts := make([]string, len(inputs))
	predictions := make([]Prediction, len(inputs))
	for i, in := range inputs {
		texts[i], predictions[i].Input, predictions[i].Kept = in.Text, in.Shown, in.Kept
	}
	if len(p.spec.Labels) > 0 {
		answers, err := p.Classify(ctx, texts)
		for i, a := range answers {
			predictions[i].Output, predictions[i].Label, predictions[i].Probability = a.Label.Text, a.Label.Name,
				&a.Probability
			predictions[i].Labels = p.top(a.Probabilities)
			predictions[i].InputCut = a.InputCut
			predictions[i].Unsure = a.Probability < p.minConfidence
			cuts.count(a.InputCut, false, predictions[i].Unsure)
		}
		return predictions, err
	}
	indices := make([]int, len(inputs))
	for i := range indices {
		indices[i] = int(first) + i
	}
	answers, err := p.Generate(ctx, texts, o.ForInputs(indices))
	for i, a := range answers {
		if p.spec.Kind() == task.Entities {
			for k := range a.Sequences {
				s := &a.Sequences[k]
				s.Entities, s.Unplaced = EntitiesOf(p.spec, p.folder.Tokenizer, s.Text, inputs[i].Tokens)
			}
		}
		best := a.Sequences[0]
		predictions[i].Entities, predictions[i].Unplaced = best.Entities, best.Unplaced
		predictions[i].Output, predictions[i].LogProb, predictions[i].Truncated = best.Text, &best.LogProb,
			best.Truncated
		if o.NumReturnSequences > 1 {
			predictions[i].Sequences = a.Sequences
		}
		predictions[i].InputCut = a.InputCut
		if p.minConfidence > 0 {
			c, _ := p.folder.Info.Confidence()
			sure := c.Of(best.LogProb, best.Tokens)
			predictions[i].Confidence, predictions[i].Unsure = &sure, sure < p.minConfidence
		}
		cuts.count(a.InputCut, best.Truncated, predictions[i].Unsure)
	}
	return predictions, err
}

// top returns the most probable labels, those of equal probability in the order of the task.
func (p *Predictor) top(probabilities []float64) []LabelShare {
	order := make([]int, len(probabilities))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(probabilities[b], probabilities[a]) })
	shares := make([]LabelShare, min(len(order), FirstPositive(p.topLabels, DefaultTop)))
	for i := range shares {
		shares[i] = LabelShare{p.spec.Labels[order[i]].Name, probabilities[order[i]]}
	}
	return shares
}

// DefaultTop is how many labels a prediction has where nothing else is asked for.
const DefaultTop = 5

// EntitiesOf finds the entities of an output among the tokens of its input, and counts those that are not there.
func EntitiesOf(spec task.Spec, t *tokenizer.Tokenizer, output string, tokens []words.Token) (entities []task.Entity,
	unplaced int) {
	return spec.EntitiesOf(output, tokens, func(text string) string { return t.Decode(t.Encode(text), true) })
}

func (c *Cuts) count(input, output, unsure bool) {
	c.Answered++
	if unsure {
		c.Unsure++
	}
	if input {
		c.Inputs++
	}
	if output {
		c.Outputs++
	}
}

// Add adds what another rank has counted.
func (c *Cuts) Add(other Cuts) {
	c.Answered += other.Answered
	c.Inputs += other.Inputs
	c.Outputs += other.Outputs
	c.Unsure += other.Unsure
	c.Unknown += other.Unknown
}

// ReportInputs says how many inputs were longer than the limit.
func (c Cuts) ReportInputs(sink ui.Sink, limit int) {
	if c.Inputs > 0 {
		ui.Say(sink, "", "inputs longer than %[2]d tokens, which lost their end: %[1]s of the %[3]s answered now "+
			"(raise predict.max_input_length to keep it)", ui.Grouped(c.Inputs), limit, ui.Grouped(c.Answered))
	}
}

// Report says what was cut short, or not understood.
func (c Cuts) Report(sink ui.Sink, p *Predictor) {
	c.ReportInputs(sink, p.maxInput)
	if p.minConfidence > 0 {
		ui.Say(sink, "", "answers that are right with a probability below %g, marked unsure: %s of the %s answered now",
			p.minConfidence, ui.Grouped(c.Unsure), ui.Grouped(c.Answered))
	}
	if c.Unknown > 0 {
		ui.Say(sink, ui.Warning, "targets with characters that the tokenizer does not know, marked unknown_tokens: "+
			"%s; their scores are not those of the texts", ui.Grouped(c.Unknown))
	}
	if c.Outputs > 0 {
		ui.Say(sink, "", "outputs that reached %[2]d tokens before their end, marked truncated: "+
			"%[1]s of the %[3]s answered now (raise predict.max_output_length)", ui.Grouped(c.Outputs), p.maxOutput,
			ui.Grouped(c.Answered))
	}
}
