package task

import (
	"fmt"
	"strings"

	"t5train/data/parquetio"
)

// Example is one row as text.
type Example struct {
	Input, Target string
	Label         int // number of the label; -1 for Seq2Seq
}

// Example turns the cells of [Spec.Columns] into an example. An error names column and value; the caller knows the
// file and the row.
func (s Spec) Example(cells []parquetio.Cell) (Example, error) {
	if want := len(s.TextColumns) + 1; len(cells) != want {
		return Example{}, fmt.Errorf("task: %d cells, want %d for the columns %q", len(cells), want, s.Columns())
	}
	texts := make([]string, len(s.TextColumns))
	for i, column := range s.TextColumns {
		if cells[i].Kind == parquetio.Null {
			return Example{}, fmt.Errorf("text column %s is null: drop the row, or fill it with an empty text", column)
		}
		texts[i] = cells[i].Text()
	}
	example := Example{Input: s.Input(texts), Label: -1}
	last := cells[len(cells)-1]
	if s.Name == Classification {
		label, err := s.label(last)
		if err != nil {
			return Example{}, err
		}
		example.Label, example.Target = label, trimEnd(s.Labels[label].Text)
		return example, nil
	}
	if last.Kind == parquetio.Null {
		return Example{}, fmt.Errorf("target column %s is null: drop the row, or fill it with an empty text", s.TargetColumn)
	}
	example.Target = trimEnd(last.Text())
	return example, nil
}

// label finds the number of the label that a cell holds. A string is a label's name or text, so that a file with
// words can be evaluated on a model trained with numbers; anything else is a label's value.
func (s Spec) label(c parquetio.Cell) (int, error) {
	switch c.Kind {
	case parquetio.Null:
		return 0, fmt.Errorf("label column %s is null: drop rows without a label", s.LabelColumn)
	case parquetio.String:
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
	remedy := "correct the row, or list every label with --labels"
	if c.Kind == parquetio.Int && c.Int == -1 {
		remedy = "-1 marks rows without a label, as test splits have them: use another file"
	}
	return 0, fmt.Errorf("label column %s holds %v, want one of %s: %s", s.LabelColumn, c, s.describeLabels(), remedy)
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

// describeLabels lists the labels as a message shows them, the first of many: 0 (ham), 1 (spam).
func (s Spec) describeLabels() string {
	const most = 10
	var b strings.Builder
	for i, l := range s.Labels {
		if i > 0 {
			b.WriteString(", ")
		}
		if i == most {
			fmt.Fprintf(&b, "... (%d labels)", len(s.Labels))
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
