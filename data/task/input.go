package task

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"t5train/data/table"
)

// Input builds the text that goes into the model from one text for each text column, in order. See the package comment
// for the rule. Only rows of [WSC], [DPR] and [WNLI] can be wrong: without their pronoun.
func (s Spec) Input(texts []string) (string, error) {
	if len(texts) != len(s.TextColumns) {
		return "", fmt.Errorf("task: %d texts, want %d for the columns %q",
			len(texts), len(s.TextColumns), s.TextColumns)
	}
	text, err := s.body(texts)
	if err != nil {
		return "", err
	}
	return trimEnd(s.Rule.clean(s.InputPrefix() + text)), nil
}

// body is the input behind the prefix.
func (s Spec) body(texts []string) (string, error) {
	if s.Rule.marksPronoun() {
		return s.Rule.markPronoun(texts)
	}
	clean := make([]string, len(texts))
	for i, text := range texts {
		clean[i] = s.Rule.cleanText(text)
	}
	texts = clean
	if s.Template != "" {
		t, err := parseTemplate(s.Template)
		if err != nil {
			return "", fmt.Errorf("task: template: %w", err)
		}
		return t.fill(func(column string) string {
			i := slices.Index(s.TextColumns, column)
			if i < 0 {
				return "" // Validate has refused it
			}
			return texts[i]
		}), nil
	}
	return s.general().input(s, texts), nil
}

// joined is the text alone.
func (Spec) joined(texts []string) string { return strings.Join(texts, " ") }

// question is a question and its context. Where a person names other columns than two, it is as with the glue rule.
func (s Spec) question(texts []string) string {
	if len(texts) != 2 {
		return s.glue(texts)
	}
	return "question: " + texts[0] + " context: " + texts[1]
}

// glue is the glue rule of T5's preprocessors: each column's name and text.
func (s Spec) glue(texts []string) string {
	var b strings.Builder
	for i, text := range texts {
		if i > 0 || s.InputPrefix() != "" {
			b.WriteByte(' ')
		}
		b.WriteString(s.TextColumns[i])
		b.WriteString(": ")
		b.WriteString(text)
	}
	return b.String()
}

// Text returns the text of a cell of a text column, as [Spec.Input] takes it; that of a list is its items' with a space
// between.
func (s Spec) Text(c table.Cell) (string, error) {
	if c.Kind == table.Null {
		return "", errors.New("is null: drop the row, or fill it with an empty text")
	}
	if c.Kind != table.List {
		return c.Text(), nil
	}
	texts := make([]string, len(c.Items))
	for i, item := range c.Items {
		var err error
		if texts[i], err = s.Text(item); err != nil {
			return "", fmt.Errorf("item %d (the first is 0) %w", i, err)
		}
	}
	return strings.Join(texts, s.Rule.separator()), nil
}

// InputFromLine builds the input from a plain line of text, which is the text of the one text column.
func (s Spec) InputFromLine(line string) (string, error) {
	if len(s.TextColumns) != 1 {
		return "", fmt.Errorf("task: a plain line cannot fill the text columns %q: give JSON objects with these fields",
			s.TextColumns)
	}
	return s.Input([]string{line})
}

// TextsFromJSON returns the texts of the text columns in a JSON object that has a field for each. Other fields are
// ignored. A column with a dot in its name is also found inside of an object: translation.en in {"translation": {"en":
// "Hello."}}.
func (s Spec) TextsFromJSON(object []byte) ([]string, error) {
	fields, err := fieldsOf(object)
	if err != nil {
		return nil, fmt.Errorf("task: %w: want one with the fields %q", err, s.TextColumns)
	}
	texts := make([]string, len(s.TextColumns))
	for i, column := range s.TextColumns {
		raw, ok := field(fields, column)
		if !ok {
			return nil, fmt.Errorf("task: JSON object %.80q lacks the field %q: want the fields %q",
				object, column, s.TextColumns)
		}
		text, err := s.JSONText(raw)
		if err != nil {
			return nil, fmt.Errorf("task: field %q of a JSON object: %w", column, err)
		}
		texts[i] = text
	}
	return texts, nil
}

// ListFromJSON returns the texts of the list that the one text column of a JSON object holds, or nil where it is a
// text.
func (s Spec) ListFromJSON(object []byte) ([]string, error) {
	raw, err := Field(object, s.TextColumns[0])
	if err != nil {
		return nil, err
	}
	return s.JSONList(raw)
}

// JSONList returns the texts of the items of a JSON list, or nil where a value is none.
func (s Spec) JSONList(raw json.RawMessage) ([]string, error) {
	if raw = bytes.TrimSpace(raw); len(raw) == 0 || raw[0] != '[' {
		return nil, nil
	}
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return nil, err
	}
	texts := make([]string, len(items))
	for i, item := range items {
		var err error
		if texts[i], err = s.JSONText(item); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

// Field returns the value of a column in a JSON object, which is found as [Spec.TextsFromJSON] does it.
func Field(object []byte, column string) (json.RawMessage, error) {
	fields, err := fieldsOf(object)
	if err != nil {
		return nil, err
	}
	raw, ok := field(fields, column)
	if !ok {
		return nil, fmt.Errorf("JSON object %.80q lacks the field %q", object, column)
	}
	return raw, nil
}

func fieldsOf(object []byte) (map[string]json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil || fields == nil {
		return nil, fmt.Errorf("%.80q is no JSON object", object)
	}
	return fields, nil
}

// field finds a field by its name, or by a path of names with dots between.
func field(fields map[string]json.RawMessage, name string) (json.RawMessage, bool) {
	if raw, ok := fields[name]; ok {
		return raw, true
	}
	first, rest, dotted := strings.Cut(name, ".")
	raw, ok := fields[first]
	var inner map[string]json.RawMessage
	if !dotted || !ok || json.Unmarshal(raw, &inner) != nil {
		return nil, false
	}
	return field(inner, rest)
}

// JSONText returns the text of a JSON value of a text column: a string's, numbers and booleans as they are written, and
// the texts of a list as [Spec.Text] does.
func (s Spec) JSONText(raw json.RawMessage) (string, error) {
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0:
		return "", errors.New("got nothing, want a string or a list of strings")
	case raw[0] == '"':
		var text string
		err := json.Unmarshal(raw, &text)
		return text, err
	case raw[0] == '[':
		texts, err := s.JSONList(raw)
		return strings.Join(texts, s.Rule.separator()), err
	case raw[0] == '{' || string(raw) == "null":
		return "", fmt.Errorf("got %.80s, want a string or a list of strings", raw)
	}
	return string(raw), nil
}

// trimEnd cuts white space at the end, for the reason in the package comment.
func trimEnd(text string) string { return strings.TrimRight(text, " \t\r\n") }
