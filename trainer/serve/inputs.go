package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	"t5train/data"
	"t5train/data/table"
	"t5train/data/task"
	"t5train/data/task/words"
	"t5train/trainer/serve/request"
)

// inputFields are the fields about inputs.
type inputFields struct {
	Inputs   inputList `json:"inputs" about:"texts, or objects with the text columns of the task"`
	Truncate bool      `json:"truncate,omitempty" about:"inputs that are too long lose their end"`
}

// inputList are inputs, not read yet.
type inputList []json.RawMessage

// JSONSchema describes them.
func (inputList) JSONSchema() map[string]any {
	return map[string]any{"type": "array", "minItems": 1, "items": map[string]any{"type": []string{"string", "array",
		"object"}}}
}

// texts returns what goes into the model, by the rule of its task. An input is a text, or for a task with several text
// columns an object with a text for each. A list of texts is what a column of lists holds: tokens.
func (s *Server) texts(fields *request.Object, inputs inputList) (texts []string, tokens [][]words.Token) {
	for i, element := range inputs {
		text, own, err := s.inputText(fields, fmt.Sprintf("inputs[%d]", i), element)
		if err != nil {
			fields.Fail(request.Malformed("inputs[%d]: %v", i, err))
		}
		if fields.Failed() {
			return nil, nil
		}
		if texts = append(texts, text); s.profile.task.Kind() == task.Entities {
			tokens = append(tokens, own)
		}
	}
	return texts, tokens
}

// inputText returns what goes into the model for an input, and its tokens in a task of entities.
func (s *Server) inputText(fields *request.Object, name string, element json.RawMessage) (input string,
	own []words.Token, err error) {
	spec := s.profile.task
	if columns := spec.TextColumns; len(columns) > 1 {
		if element[0] != '{' {
			fields.Wrong(name, element, "an object with the texts "+request.List(columns))
			return "", nil, nil
		}
		parts, err := s.columnTexts(element, columns)
		if err != nil {
			return "", nil, err
		}
		input, err = spec.Input(parts)
		return input, nil, err
	}
	text, ok := s.columnText(element)
	if !ok {
		fields.Wrong(name, element, "a text in quotes, or a list of them")
		return "", nil, nil
	}
	if spec.Kind() == task.Entities {
		own = words.Cut(text)
		var list []string
		if element[0] == '[' && json.Unmarshal(element, &list) == nil {
			own = words.List(list)
		}
		text = words.Join(own)
	}
	input, err = spec.Input([]string{text})
	return input, own, err
}

func (s *Server) columnTexts(element json.RawMessage, columns []string) ([]string, error) {
	fields, err := request.Parse(element)
	if err != nil {
		return nil, err
	}
	parts := make([]string, len(columns))
	for i, column := range columns {
		if raw := fields.Value(column); raw != nil {
			var ok bool
			if parts[i], ok = s.columnText(raw); !ok {
				fields.Wrong(column, raw, "a text in quotes, or a list of them")
			}
		}
		fields.Require(column)
	}
	return parts, fields.Finish()
}

// columnText reads what a text column holds, as predict reads it from a file: a text or a list of texts.
func (s *Server) columnText(raw json.RawMessage) (text string, ok bool) {
	if request.IsText(raw, &text) {
		return text, true
	}
	var items []json.RawMessage
	if raw[0] != '[' || json.Unmarshal(raw, &items) != nil {
		return "", false
	}
	for _, item := range items {
		if !request.IsText(item, &text) {
			return "", false
		}
	}
	cell, err := table.JSONCell("", raw)
	if err != nil {
		return "", false
	}
	text, err = s.profile.task.Text(cell)
	return text, err == nil
}

// measureInputs measures the texts of "inputs".
func (s *Server) measureInputs(texts []string, truncate bool) ([]input, error) {
	return s.measure(texts, s.profile.maxInput, truncate, func(i, tokens int) error {
		return request.Invalid(
			`inputs[%d] has %d tokens, want at most %d: shorten it, or set "truncate": true to cut its end`, i, tokens,
			s.profile.maxInput)
	})
}

// measure counts the tokens of texts. Those that are too long for the model lose their end where the client allows it;
// tooLong is the error for others.
func (s *Server) measure(texts []string, limit int, truncate bool, tooLong func(i, tokens int) error) ([]input, error) {
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

// enqueue puts a job into the queue until ctx ends, and notes what it is. What parsing needed is no longer of use then.
func (s *Server) enqueue(ctx context.Context, x *exchange, j *job) error {
	j.ctx = ctx
	x.inputs = len(j.inputs)
	for _, in := range j.inputs {
		x.tokensIn += in.tokens
	}
	x.leave()
	return s.queue.add(j)
}

// run waits for the answers to a job.
func (s *Server) run(x *exchange, j *job) ([]answer, error) {
	if err := s.enqueue(x.Context(), x, j); err != nil {
		return nil, err
	}
	answers, err := s.await(j)
	if err == nil {
		x.queued = j.queued
	}
	return answers, err
}
