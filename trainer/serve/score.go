package serve

import (
	"context"
	"slices"

	"t5train/trainer/predict"
	"t5train/trainer/serve/inputs"
	"t5train/trainer/serve/request"
)

// scoreRequest is what /v1/score reads.
type scoreRequest struct {
	inputFields
	Targets []string `json:"targets" about:"texts that each input may be followed by"`
}

// scored is the answer of /v1/score.
type scored struct {
	Results []scoredResult `json:"results"` // one for each input
}

type scoredResult struct {
	Scores         []predict.TargetScore `json:"scores"` // one for each target, in their order
	TruncatedInput bool                  `json:"truncated_input"`
}

func (s served) score(x *exchange, fields *request.Object) (scored, error) {
	if err := s.decodes(); err != nil {
		return scored{}, err
	}
	var asked scoreRequest
	fields.Read(&asked, s.options.MaxInputs)
	texts, _ := inputs.Texts(s.profile.task, fields, asked.Inputs)
	targets := asked.Targets
	if err := fields.Finish(); err != nil {
		return scored{}, err
	}
	measured, err := s.measureInputs(texts, asked.Truncate)
	if err != nil {
		return scored{}, err
	}
	tokens := 0
	for i, target := range targets {
		n := len(s.profile.tokenizer.Encode(target)) + 1
		if n > s.options.MaxOutputLength {
			return scored{}, request.Invalid("targets[%d] has %d tokens, want at most %d: shorten it", i, n,
				s.options.MaxOutputLength)
		}
		tokens += n
	}
	answers, err := s.run(x, &job{
		key: "score\x00" + string(fields.Value("targets")), inputs: measured, rows: 1, outputs: tokens,
		compute: func(ctx context.Context, m model, b batch) ([]answer, error) {
			results, err := m.Score(ctx, b.texts(), slices.Repeat([][]string{targets}, len(b)))
			answers := make([]answer, len(results))
			for i, r := range results {
				answers[i].scored = r
			}
			return answers, err
		},
	})
	if err != nil {
		return scored{}, err
	}
	results := make([]scoredResult, len(answers))
	for i, a := range answers {
		results[i] = scoredResult{a.scored.Targets, a.scored.InputCut}
	}
	return scored{results}, nil
}
