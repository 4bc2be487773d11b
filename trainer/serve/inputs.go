package serve

import (
	"encoding/json"
	"fmt"
	"math"

	"t5train/data"
	"t5train/data/task"
	"t5train/data/task/words"
	"t5train/trainer/serve/request"
)

// texts reads the field "inputs" and returns what goes into the model, by the rule of its task. An input is a text, or
// for a task with several text columns an object with a text for each. A list of texts is what a column of lists holds:
// tokens.
func (s *Server) texts(fields *request.Object) (texts []string, tokens [][]words.Token) {
	columns := s.profile.task.TextColumns
	fields.Each("inputs", s.options.MaxInputs, func(i int, element json.RawMessage) {
		if len(columns) == 1 {
			text, ok := s.columnText(element)
			if !ok {
				fields.Wrong(fmt.Sprintf("inputs[%d]", i), element, "a text in quotes, or a list of them")
				return
			}
			if s.profile.task.Kind() == task.Entities {
				own := words.Cut(text)
				if list, err := s.profile.task.JSONList(element); err == nil && list != nil {
					own = words.List(list)
				}
				text, tokens = words.Join(own), append(tokens, own)
			}
			if text, err := s.profile.task.Input([]string{text}); err != nil {
				fields.Fail(request.Malformed("inputs[%d]: %v", i, err))
			} else {
				texts = append(texts, text)
			}
			return
		}
		if element[0] != '{' {
			fields.Wrong(fmt.Sprintf("inputs[%d]", i), element, "an object with the texts "+request.List(columns))
			return
		}
		parts, err := s.columnTexts(element, columns)
		if err != nil {
			fields.Fail(request.Malformed("inputs[%d]: %v", i, err))
			return
		}
		text, err := s.profile.task.Input(parts)
		if err != nil {
			fields.Fail(request.Malformed("inputs[%d]: %v", i, err))
			return
		}
		texts = append(texts, text)
	})
	fields.Require("inputs")
	return texts, tokens
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
	text, err := s.profile.task.JSONText(raw)
	return text, err == nil
}

// measure counts the tokens of texts. Those that are too long for the model lose their end where the client allows it.
func (s *Server) measure(texts []string, truncate bool) ([]input, error) {
	inputs := make([]input, len(texts))
	limit := s.profile.maxInput
	for i, text := range texts {
		ids, _ := data.AppendText(nil, s.profile.tokenizer, text, math.MaxInt)
		if len(ids) > limit && !truncate {
			return nil, request.Invalid(`inputs[%d] has %d tokens, want at most %d: shorten it, or set "truncate": true to cut its end`,
				i, len(ids), limit)
		}
		inputs[i] = input{text, min(len(ids), limit)}
	}
	return inputs, nil
}

// run waits for the answers to a job, and notes what it was. What parsing needed is no longer of use then.
func (s *Server) run(x *exchange, j *job) ([]answer, error) {
	j.ctx = x.Context()
	x.inputs = len(j.inputs)
	for _, in := range j.inputs {
		x.tokensIn += in.tokens
	}
	x.leave()
	answers, err := s.submit(j)
	if err == nil {
		x.queued = j.queued
	}
	return answers, err
}
