package task

import (
	"fmt"
	"strings"

	"t5train/data/table"
)

// label finds the number of the label that a cell holds. A string is a label's name or text, so that a file with
// words can be evaluated on a model trained with numbers; anything else is a label's value.
func (s Spec) label(c table.Cell) (int, error) {
	switch c.Kind {
	case table.Null:
		return 0, fmt.Errorf("label column %s is null: drop rows without a label", s.LabelColumn)
	case table.String:
		for i, l := range s.Labels {
			if c.Str == l.Name {
				return i, nil
			}
		}
		if i := s.Decode(c.Str); i >= 0 {
			return i, nil
		}
	default:
		value := c.Text()
		for i, l := range s.Labels {
			if value == l.Value {
				return i, nil
			}
		}
	}
	remedy := "correct the row, or list every label with task.labels"
	if c.Kind == table.Int && c.Int == noLabel {
		remedy = "-1 marks rows without a label, as test splits have them: use another file"
	}
	return 0, fmt.Errorf("label column %s holds %v, want one of %s: %s", s.LabelColumn, c, describe(s.Labels), remedy)
}

// Decode returns the number of the label whose text a model wrote, white space at both ends aside, or -1.
func (s Spec) Decode(text string) int {
	text = strings.TrimSpace(text)
	for i, l := range s.Labels {
		if text == strings.TrimSpace(l.Text) {
			return i
		}
	}
	return -1
}

// describe lists labels as a message shows them, the first of many: 0 (ham), 1 (spam).
func describe(labels []Label) string {
	const most = 10
	var b strings.Builder
	for i, l := range labels {
		if i > 0 {
			b.WriteString(", ")
		}
		if i == most {
			fmt.Fprintf(&b, "... (%d labels)", len(labels))
			break
		}
		if l.Value == "" || l.Value == l.Name {
			b.WriteString(l.Name)
		} else {
			fmt.Fprintf(&b, "%s (%s)", l.Value, l.Name)
		}
		if l.Text != l.Name {
			fmt.Fprintf(&b, " written %q", l.Text)
		}
	}
	return b.String()
}

// LabelText returns what the model writes for a cell of the label column of a classification.
func (s Spec) LabelText(c table.Cell) (string, error) {
	i, err := s.label(c)
	if err != nil {
		return "", err
	}
	return s.Labels[i].Text, nil
}
