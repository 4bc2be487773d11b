// Package inputs reads the inputs of a request by the rule of a task.
package inputs

import (
	"encoding/json"
	"fmt"

	"t5train/data/table"
	"t5train/data/task"
	"t5train/data/task/words"
	"t5train/trainer/serve/request"
)

// List are inputs, not read yet.
type List []json.RawMessage

// JSONSchema describes them.
func (List) JSONSchema() map[string]any {
	return map[string]any{"type": "array", "minItems": 1, "items": map[string]any{"type": []string{"string", "array",
		"object"}}}
}

// Texts returns what goes into the model, by the rule of its task. An input is a text, or for a task with several text
// columns an object with a text for each. A list of texts is what a column of lists holds: tokens.
func Texts(spec task.Spec, fields *request.Object, inputs List) (texts []string, tokens [][]words.Token) {
	for i, element := range inputs {
		text, own, err := one(spec, fields, fmt.Sprintf("inputs[%d]", i), element)
		if err != nil {
			fields.Fail(request.Malformed("inputs[%d]: %v", i, err))
		}
		if fields.Failed() {
			return nil, nil
		}
		if texts = append(texts, text); spec.Kind() == task.Entities {
			tokens = append(tokens, own)
		}
	}
	return texts, tokens
}

// one returns what goes into the model for an input, and its tokens in a task of entities.
func one(spec task.Spec, fields *request.Object, name string, element json.RawMessage) (input string,
	own []words.Token, err error) {
	if columns := spec.TextColumns; len(columns) > 1 {
		if element[0] != '{' {
			fields.Wrong(name, element, "an object with the texts "+request.List(columns))
			return "", nil, nil
		}
		parts, err := columnTexts(spec, element, columns)
		if err != nil {
			return "", nil, err
		}
		input, err = spec.Input(parts)
		return input, nil, err
	}
	text, ok := columnText(spec, element)
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

func columnTexts(spec task.Spec, element json.RawMessage, columns []string) ([]string, error) {
	fields, err := request.Parse(element)
	if err != nil {
		return nil, err
	}
	parts := make([]string, len(columns))
	for i, column := range columns {
		if raw := fields.Value(column); raw != nil {
			var ok bool
			if parts[i], ok = columnText(spec, raw); !ok {
				fields.Wrong(column, raw, "a text in quotes, or a list of them")
			}
		}
		fields.Require(column)
	}
	return parts, fields.Finish()
}

// columnText reads what a text column holds, as predict reads it from a file: a text or a list of texts.
func columnText(spec task.Spec, raw json.RawMessage) (text string, ok bool) {
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
	text, err = spec.Text(cell)
	return text, err == nil
}
