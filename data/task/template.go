package task

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// template is a text with places for columns: "question: {question} context: {context}". A brace of the text itself is
// doubled.
type template []slot

// slot is a text and the column that follows it; the last one has none.
type slot struct{ text, column string }

func parseTemplate(s string) (template, error) {
	var t template
	var text strings.Builder
	for i := 0; i < len(s); i++ {
		brace := s[i]
		switch {
		case brace != '{' && brace != '}':
			text.WriteByte(brace)
		case i+1 < len(s) && s[i+1] == brace:
			text.WriteByte(brace)
			i++
		case brace == '}':
			return nil, fmt.Errorf("%q has a } without its {: double it if it is a part of the text", s)
		default:
			column, _, closed := strings.Cut(s[i+1:], "}")
			if !closed || strings.Contains(column, "{") {
				return nil, fmt.Errorf("%q has a { without its }: double it if it is a part of the text", s)
			}
			if column == "" {
				return nil, fmt.Errorf("%q has {} without a column: write its name between the braces", s)
			}
			t = append(t, slot{text.String(), column})
			text.Reset()
			i += len(column) + 1
		}
	}
	return append(t, slot{text: text.String()}), nil
}

// columns returns the columns, each once, in the order of their first places.
func (t template) columns() []string {
	var columns []string
	for _, p := range t {
		if p.column != "" && !slices.Contains(columns, p.column) {
			columns = append(columns, p.column)
		}
	}
	return columns
}

// fill puts the text of each column in its places.
func (t template) fill(text func(column string) string) string {
	var b strings.Builder
	for _, p := range t {
		b.WriteString(p.text)
		if p.column != "" {
			b.WriteString(text(p.column))
		}
	}
	return b.String()
}

// rename writes the template with other columns in the places of some.
func (t template) rename(names map[string]string) string {
	double := strings.NewReplacer("{", "{{", "}", "}}")
	var b strings.Builder
	for _, p := range t {
		b.WriteString(double.Replace(p.text))
		if p.column != "" {
			b.WriteString("{" + cmp.Or(names[p.column], p.column) + "}")
		}
	}
	return b.String()
}

// TemplateColumns returns the columns of a template, each once, in the order of their first places.
func TemplateColumns(s string) ([]string, error) {
	t, err := parseTemplate(s)
	if err != nil {
		return nil, err
	}
	if len(t.columns()) == 0 {
		return nil, errors.New("it has no column: write names of columns in braces, such as {text}")
	}
	return t.columns(), nil
}
