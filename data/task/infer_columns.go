package task

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
	return []string{"text", "sentence", "sms", "content", "review", "comment", "message", "tweet", "document", "question", "query", "body"}
}

// textColumns finds the columns of an input that names them, unless a template has done so.
func (in *inference) textColumns() error {
	if in.spec.Template != "" {
		return nil
	}
	if names := in.options.TextColumns; len(names) > 0 {
		for _, name := range names {
			if _, err := in.column("task.text_columns", name); err != nil {
				return err
			}
		}
		in.spec.TextColumns = names
		in.say("text columns: %s (task.text_columns)", strings.Join(names, ", "))
		return nil
	}
	texts := in.pick(func(c table.Column) bool {
		return in.isText(c) && c.Name != in.spec.LabelColumn
	})
	names := make([]string, len(texts))
	for i, c := range texts {
		names[i] = c.Name
	}
	var known []string
	for _, pair := range knownPairs() {
		if slices.Contains(names, pair[0]) && slices.Contains(names, pair[1]) {
			known = append(known, pair[0]+","+pair[1])
		}
	}
	why := "a known pair"
	if len(known) == 0 {
		why = "a usual name"
		known = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !slices.Contains(knownTexts(), name) })
	}
	switch {
	case len(names) == 0:
		return fmt.Errorf("no string column to read the text from: the columns are %s: choose with "+
			"task.text_columns", list(in.columns))
	case len(names) == 1:
		known, why = names, in.only(texts)
	case len(known) > 1:
		return fmt.Errorf("the text may be in %s: choose with task.text_columns", strings.Join(known, " or in "))
	case len(known) == 0:
		in.spec.TextColumns = names
		in.say("text columns: %s (all string columns)", strings.Join(names, ", "))
		return nil
	}
	in.spec.TextColumns = strings.Split(known[0], ",")
	if len(names) > len(in.spec.TextColumns) {
		rest := slices.DeleteFunc(names, func(name string) bool { return slices.Contains(in.spec.TextColumns, name) })
		why += "; left out: " + strings.Join(rest, ", ")
	}
	noun := "text column"
	if len(in.spec.TextColumns) > 1 {
		noun = "text columns"
	}
	in.say("%s: %s (%s)", noun, strings.Join(in.spec.TextColumns, ", "), why)
	return nil
}

// only says why a column of text was taken that no other one can be.
func (in *inference) only(texts []table.Column) string {
	others := in.pick(func(c table.Column) bool {
		return c.Type == table.TypeString && c.Lists == 0 && c.Name != in.spec.LabelColumn && !slices.ContainsFunc(texts, func(t table.Column) bool { return t.Name == c.Name })
	})
	if len(others) == 0 {
		return "the only string column"
	}
	names := make([]string, len(others))
	for i, c := range others {
		names[i] = c.Name
	}
	return "the only string column besides identifiers: " + strings.Join(names, ", ")
}
