package infer

import (
	"fmt"
	"slices"
	"strings"

	"t5train/data/table"
)

// knownPairs are text columns that belong together, in the order of T5's tasks (alphabetical).
func knownPairs() [][2]string {
	return [][2]string{
		{"sentence1", "sentence2"}, {"question1", "question2"}, {"hypothesis", "premise"},
		{"question", "sentence"}, {"passage", "question"}, {"text1", "text2"}, {"text_a", "text_b"},
	}
}

// knownTexts are usual names of the one text column.
func knownTexts() []string {
	return strings.Fields("text sentence sms content review comment message tweet document question query body")
}

func isString(c table.Column) bool { return c.Type == table.TypeString && c.Lists == 0 }

// isText reports whether a column may hold the text of an input, by its name, its type and what is known of its values.
func (in *inference) isText(c table.Column) bool {
	return isString(c) && !IsIdentifier(c.Name) && !slices.Contains(in.data.Identifiers, c.Name)
}

// textColumns finds the columns of an input that names them, unless a template has done so.
func (in *inference) textColumns() error {
	if in.spec.Template != "" {
		return nil
	}
	if asked := in.asked.TextColumns; len(asked) > 0 {
		in.takeTexts(asked, "task.text_columns")
		return in.check("task.text_columns", asked...)
	}
	all := names(in.filter(func(c table.Column) bool { return in.isText(c) && c.Name != in.spec.LabelColumn }))
	var known [][]string
	for _, pair := range knownPairs() {
		if slices.Contains(all, pair[0]) && slices.Contains(all, pair[1]) {
			known = append(known, pair[:])
		}
	}
	reason := "a known pair"
	if len(known) == 0 {
		reason = "a usual name"
		for _, name := range all {
			if slices.Contains(knownTexts(), name) {
				known = append(known, []string{name})
			}
		}
	}
	switch {
	case len(all) == 0:
		return fmt.Errorf("no string column to read the text from: the columns are %s: choose with "+
			"task.text_columns", in.all())
	case len(all) == 1:
		known, reason = [][]string{all}, in.only(all[0])
	case len(known) > 1:
		var shown []string
		for _, k := range known {
			shown = append(shown, strings.Join(k, ","))
		}
		return fmt.Errorf("the text may be in %s: choose with task.text_columns", strings.Join(shown, " or in "))
	case len(known) == 0:
		known, reason = [][]string{all}, "all string columns"
	}
	rest := slices.DeleteFunc(slices.Clone(all), func(name string) bool { return slices.Contains(known[0], name) })
	if len(rest) > 0 {
		reason += "; left out: " + strings.Join(rest, ", ")
	}
	in.takeTexts(known[0], reason)
	return nil
}

// takeTexts takes the columns of the input.
func (in *inference) takeTexts(columns []string, reason string) {
	in.spec.TextColumns = columns
	key := "text columns"
	if len(columns) == 1 {
		key = "text column"
	}
	in.note(key, strings.Join(columns, ", "), reason)
}

// only says why a column of text was taken that no other one can be.
func (in *inference) only(text string) string {
	others := names(in.filter(func(c table.Column) bool {
		return isString(c) && c.Name != in.spec.LabelColumn && c.Name != text
	}))
	if len(others) == 0 {
		return "the only string column"
	}
	return "the only string column besides identifiers: " + strings.Join(others, ", ")
}

// Text finds the column of a corpus of plain text: the one that is asked for (data.text_column), else the only string
// column that is no identifier, else the one called text.
func Text(columns []table.Column, asked string) (string, Note, error) {
	in := inference{data: Data{Columns: columns}}
	texts := in.filter(in.isText)
	only := ""
	if len(texts) == 1 {
		only = in.only(texts[0].Name)
	}
	c, err := in.pick(search{
		what: "text column", key: "data.text_column", asked: asked,
		rules:      append([]rule{{only, in.isText}}, usual([]string{"text"}, in.isText)...),
		candidates: texts, several: "the text may be in", none: "no string column to read the text from",
	})
	if asked != "" && !isString(c) {
		err = fmt.Errorf("data.text_column %s: there is no such string column: the columns are %s", asked,
			list(columns))
	}
	if err != nil {
		return "", Note{}, fmt.Errorf("infer the text column: %w", err)
	}
	return c.Name, in.notes[0], nil
}
