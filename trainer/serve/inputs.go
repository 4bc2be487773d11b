package serve

import (
	"math"

	"t5train/data"
	"t5train/trainer/serve/inputs"
	"t5train/trainer/serve/request"
)

// inputFields are the fields about inputs.
type inputFields struct {
	Inputs   inputs.List `json:"inputs" about:"texts, or objects with the text columns of the task"`
	Truncate bool        `json:"truncate,omitempty" about:"inputs that are too long lose their end"`
	Adapter  string      `json:"adapter,omitempty" about:"name of one of the adapters that are served (none)"`
}

// measureInputs measures the texts of "inputs".
func (s served) measureInputs(texts []string, truncate bool) ([]input, error) {
	return s.measure(texts, s.profile.maxInput, truncate, func(i, tokens int) error {
		return request.Invalid(
			`inputs[%d] has %d tokens, want at most %d: shorten it, or set "truncate": true to cut its end`, i, tokens,
			s.profile.maxInput)
	})
}

// measure counts the tokens of texts. Those that are too long for the model lose their end where the client allows it;
// tooLong is the error for others.
func (s served) measure(texts []string, limit int, truncate bool, tooLong func(i, tokens int) error) ([]input, error) {
	inputs := make([]input, len(texts))
	for i, text := range texts {
		ids, _ := data.AppendText(nil, s.profile.tokenizer, text, math.MaxInt)
		if len(ids) > limit && !truncate {
			return nil, tooLong(i, len(ids))
		}
		inputs[i] = input{text, min(len(ids), limit)}
	}
	return inputs, nil
}
