package task

import (
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

// trimEnd cuts white space at the end, for the reason in the package comment.
func trimEnd(text string) string { return strings.TrimRight(text, " \t\r\n") }
