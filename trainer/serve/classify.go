package serve

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"t5train/internal/optional"
	"t5train/trainer/predict"
	"t5train/trainer/serve/inputs"
	"t5train/trainer/serve/request"
)

// classifyRequest is what /v1/classify reads.
type classifyRequest struct {
	inputFields
	Top *int `json:"top,omitempty" about:"only this many labels, the most probable ones"`
}

// classified is the answer of /v1/classify.
type classified struct {
	Results []classifiedResult `json:"results"` // one for each input
}

type classifiedResult struct {
	Label       string  `json:"label"` // the most probable one
	Probability float64 `json:"probability"`
	// all, in the order of the task; of a request with top the most probable ones, first the best
	Labels         []predict.LabelShare `json:"labels"`
	TruncatedInput bool                 `json:"truncated_input"`
}

// labelTexts is the same for adapters that tell the same labels by the same texts.
func (s served) labelTexts() string {
	var b strings.Builder
	for _, l := range s.profile.task.Labels {
		fmt.Fprintf(&b, "%q %q ", l.Name, l.Text)
	}
	return b.String()
}

func (s served) classify(x *exchange, fields *request.Object) (classified, error) {
	labels := s.profile.task.Labels
	if len(labels) == 0 {
		return classified{}, request.New(http.StatusNotFound, "no_labels",
			"the model knows no labels: ask /v1/generate, or start the server with labels")
	}
	if err := s.decodes(); err != nil {
		return classified{}, err
	}
	var asked classifyRequest
	fields.Read(&asked, s.options.MaxInputs)
	texts, _ := inputs.Texts(s.profile.task, fields, asked.Inputs)
	top := optional.Value(asked.Top)
	if asked.Top != nil && (top < 1 || top > len(labels)) {
		fields.Refuse("top", "is %d, want 1 to %d", top, len(labels))
	}
	if err := fields.Finish(); err != nil {
		return classified{}, err
	}
	measured, err := s.measureInputs(texts, asked.Truncate)
	if err != nil {
		return classified{}, err
	}
	answers, err := s.run(x, &job{
		key: "classify\x00" + s.labelTexts(), inputs: measured, rows: 1, outputs: s.profile.labelTokens,
		compute: func(ctx context.Context, m model, b batch) ([]answer, error) {
			var by []predict.LabelScorer // whose temperatures differ
			for _, slot := range b {
				by = append(by, slot.job.model.profile.scorer)
			}
			results, err := m.Classify(ctx, b.texts(), by...)
			answers := make([]answer, len(results))
			for i, r := range results {
				answers[i].classified = r
			}
			return answers, err
		},
	})
	if err != nil {
		return classified{}, err
	}
	results := make([]classifiedResult, len(answers))
	for i, a := range answers {
		c := a.classified
		r := classifiedResult{Label: c.Label.Name, Probability: c.Probability, TruncatedInput: c.InputCut}
		for k, p := range c.Probabilities {
			r.Labels = append(r.Labels, predict.LabelShare{Label: labels[k].Name, Probability: p})
		}
		if top > 0 {
			slices.SortStableFunc(r.Labels,
				func(a, b predict.LabelShare) int { return cmp.Compare(b.Probability, a.Probability) })
			r.Labels = r.Labels[:top]
		}
		results[i] = r
	}
	return classified{results}, nil
}
