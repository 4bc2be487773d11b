package task

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Input builds the text that goes into the model from one text for each text column, in order. See the package
// comment for the rule.
func (s Spec) Input(texts []string) string {
	var b strings.Builder
	b.WriteString(s.Prefix)
	if s.Name == Seq2Seq {
		b.WriteString(strings.Join(texts, " "))
		return trimEnd(b.String())
	}
	for i, text := range texts {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(s.TextColumns[i])
		b.WriteString(": ")
		b.WriteString(text)
	}
	return trimEnd(b.String())
}

// InputFromLine builds the input from a plain line of text, which is the text of the one text column.
func (s Spec) InputFromLine(line string) (string, error) {
	if len(s.TextColumns) != 1 {
		return "", fmt.Errorf("task: a plain line cannot fill the text columns %q: give JSON objects with these fields", s.TextColumns)
	}
	return s.Input([]string{line}), nil
}

// InputFromJSON builds the input from a JSON object that has a field for each text column. Other fields are ignored.
func (s Spec) InputFromJSON(object []byte) (string, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil || fields == nil {
		return "", fmt.Errorf("task: %.80q is no JSON object: want one with the fields %q", object, s.TextColumns)
	}
	texts := make([]string, len(s.TextColumns))
	for i, column := range s.TextColumns {
		raw, ok := fields[column]
		if !ok {
			return "", fmt.Errorf("task: JSON object %.80q lacks the field %q: want the fields %q", object, column, s.TextColumns)
		}
		text, err := jsonText(raw)
		if err != nil {
			return "", fmt.Errorf("task: field %q of a JSON object: %w", column, err)
		}
		texts[i] = text
	}
	return s.Input(texts), nil
}

// jsonText returns a string's text; numbers and booleans as they are written.
func jsonText(raw json.RawMessage) (string, error) {
	raw = bytes.TrimSpace(raw)
	switch {
	case raw[0] == '"':
		var text string
		err := json.Unmarshal(raw, &text)
		return text, err
	case raw[0] == '{' || raw[0] == '[' || string(raw) == "null":
		return "", fmt.Errorf("got %.80s, want a string", raw)
	}
	return string(raw), nil
}

// trimEnd cuts white space at the end, for the reason in the package comment.
func trimEnd(text string) string { return strings.TrimRight(text, " \t\r\n") }
