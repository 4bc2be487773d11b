package serve

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"

	"t5train/data/task"
	"t5train/model/generate"
	"t5train/trainer/predict"
	"t5train/trainer/serve/inputs"
	"t5train/trainer/serve/openapi"
	"t5train/trainer/serve/request"
)

// generateRequest is what /v1/generate reads, with the options of generate.Table.
type generateRequest struct {
	inputFields
	constraintFields
}

// Properties describes the options.
func (generateRequest) Properties() map[string]any {
	properties := make(map[string]any)
	for _, o := range generate.Table() {
		if o.Request != "" && o.Field != "Prefix" && o.Field != "Allowed" && o.Field != "BadWords" {
			properties[o.Request] = openapi.Option(o)
		}
	}
	return properties
}

// generated is the answer of /v1/generate.
type generated struct {
	Results []generatedResult `json:"results"` // one for each input
}

type generatedResult struct {
	Outputs        []generatedText `json:"outputs"` // best first
	TruncatedInput bool            `json:"truncated_input"`
}

// generatedText is a [predict.Sequence] with the fields of /v1/generate.
type generatedText struct {
	Text      string  `json:"text"`
	LogProb   float64 `json:"log_prob"` // of all its tokens, in nats
	Score     float64 `json:"score"`    // what beams are ordered by
	Tokens    int     `json:"tokens"`   // with the end of the text, where it came
	Truncated bool    `json:"truncated"`

	Entities []task.Entity `json:"entities,omitzero"`
	Unplaced int           `json:"unplaced,omitempty"`
}

func (s served) generate(x *exchange, fields *request.Object) (generated, error) {
	var asked inputFields
	fields.Read(&asked, s.options.MaxInputs)
	texts, tokens := inputs.Texts(s.profile.task, fields, asked.Inputs)
	if err := s.decodes(); err != nil {
		return generated{}, err
	}
	options, err := s.generateOptions(fields)
	if err != nil {
		return generated{}, err
	}
	measured, err := s.measureInputs(texts, asked.Truncate)
	if err != nil {
		return generated{}, err
	}
	answers, err := s.run(x, s.generateJob(fields, measured, options))
	if err != nil {
		return generated{}, err
	}
	results := make([]generatedResult, len(answers))
	for i, a := range answers {
		outputs := make([]generatedText, len(a.generated.Sequences))
		for k, q := range a.generated.Sequences {
			if tokens != nil {
				q.Entities, q.Unplaced = predict.EntitiesOf(s.profile.task, s.profile.tokenizer, q.Text, tokens[i])
			}
			outputs[k] = generatedText(q)
			x.tokensOut += q.Tokens
		}
		results[i] = generatedResult{outputs, a.generated.InputCut}
	}
	return generated{results}, nil
}

// generateJob makes a job of inputs and of the options that fields say.
func (s served) generateJob(fields *request.Object, inputs []input, options generate.Options) *job {
	rows := max(1, options.Beams, options.NumReturnSequences)
	j := &job{
		key: generateKey(fields, s.profile.maxOutput), inputs: inputs, rows: rows, outputs: rows * options.MaxTokens,
		compute: func(ctx context.Context, m model, b batch) ([]answer, error) {
			return generateBatch(ctx, m, b, options)
		},
	}
	if options.Sampling != nil && !fields.Has("seed") {
		// All of these requests have one seed, and their inputs numbers of their own: so they can be in one batch.
		j.first = int(s.drawn.Add(int64(len(inputs)))) - len(inputs)
	}
	return j
}

func generateBatch(ctx context.Context, m model, b batch, o generate.Options) ([]answer, error) {
	o = o.ForInputs(b.indices())
	o.Watch = b.watch()
	results, err := m.Generate(ctx, b.texts(), o)
	answers := make([]answer, len(results))
	for i, r := range results {
		answers[i].generated = r
	}
	return answers, err
}

// watch returns what follows the tokens of a batch: for those who want to see them, and to end the sequences of clients
// that have gone while others of the batch wait. It is nil where neither is needed.
func (b batch) watch() func(generate.Step) bool {
	watched := false
	for _, s := range b {
		if w := s.job.watch; w != nil {
			w.Begin(s.index)
			watched = true
		}
	}
	if !watched && len(b.jobs()) == 1 { // whose end is that of the batch
		return nil
	}
	return func(step generate.Step) bool {
		s := b[step.Input]
		stopped := s.job.watch != nil && s.job.watch.Step(s.index, step)
		return stopped || s.job.ctx.Err() != nil
	}
}

// generateKey is the same for requests that ask for the same: all fields as they were written, but the inputs and their
// adapter, whose longest output may be another one.
func generateKey(fields *request.Object, maxOutput int) string {
	var key bytes.Buffer
	fmt.Fprint(&key, "generate ", maxOutput)
	for _, name := range slices.Sorted(maps.Keys(fields.Fields())) {
		if name != "inputs" && name != "truncate" && name != "adapter" {
			fmt.Fprintf(&key, "\x00%s\x00%s", name, fields.Fields()[name])
		}
	}
	return key.String()
}
