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
	"t5train/trainer/serve/request"
)

// generated is the answer of /v1/generate.
type generated struct {
	Results []generatedResult `json:"results"` // one for each input
}

type generatedResult struct {
	Outputs        []generatedText `json:"outputs"` // best first
	TruncatedInput bool            `json:"truncated_input"`
}

type generatedText struct {
	Text      string  `json:"text"`
	LogProb   float64 `json:"log_prob"` // of all its tokens, in nats
	Score     float64 `json:"score"`    // what beams are ordered by
	Tokens    int     `json:"tokens"`   // with the end of the text, where it came
	Truncated bool    `json:"truncated"`

	// Of a task of entities, as predict gives them.
	Entities []task.Entity `json:"entities,omitzero"`
	Unplaced int           `json:"unplaced,omitempty"`
}

func (s *Server) generate(x *exchange, fields *request.Object) (generated, error) {
	texts, tokens := s.texts(fields)
	truncate := fields.Boolean("truncate", false)
	options, err := s.generateOptions(fields)
	if err != nil {
		return generated{}, err
	}
	inputs, err := s.measure(texts, truncate)
	if err != nil {
		return generated{}, err
	}
	rows := max(1, options.Beams, options.NumReturnSequences)
	j := &job{
		key: generateKey(fields), inputs: inputs, rows: rows, outputs: rows * options.MaxTokens,
		compute: func(ctx context.Context, m model, b batch) ([]answer, error) {
			return generateBatch(ctx, m, b, options)
		},
	}
	if options.Sampling != nil && !fields.Has("seed") {
		// All of these requests have one seed, and their inputs numbers of their own: so they can be in one batch.
		j.first = int(s.drawn.Add(int64(len(inputs)))) - len(inputs)
	}
	answers, err := s.run(x, j)
	if err != nil {
		return generated{}, err
	}
	results := make([]generatedResult, len(answers))
	for i, a := range answers {
		outputs := make([]generatedText, len(a.generated.Sequences))
		for k, q := range a.generated.Sequences {
			outputs[k] = generatedText{Text: q.Text, LogProb: q.LogProb, Score: q.Score, Tokens: q.Tokens,
				Truncated: q.Truncated}
			if tokens != nil {
				outputs[k].Entities,
					outputs[k].Unplaced = predict.EntitiesOf(s.profile.task, s.profile.tokenizer, q.Text,
					tokens[i])
			}
			x.tokensOut += q.Tokens
		}
		results[i] = generatedResult{outputs, a.generated.InputCut}
	}
	return generated{results}, nil
}

func generateBatch(ctx context.Context, m model, b batch, o generate.Options) ([]answer, error) {
	results, err := m.Generate(ctx, b.texts(), o.ForInputs(b.indices()))
	answers := make([]answer, len(results))
	for i, r := range results {
		answers[i].generated = r
	}
	return answers, err
}

// generateKey is the same for requests that ask for the same: all fields as they were written, but the inputs.
func generateKey(fields *request.Object) string {
	var key bytes.Buffer
	key.WriteString("generate")
	for _, name := range slices.Sorted(maps.Keys(fields.Fields())) {
		if name != "inputs" && name != "truncate" {
			fmt.Fprintf(&key, "\x00%s\x00%s", name, fields.Fields()[name])
		}
	}
	return key.String()
}
