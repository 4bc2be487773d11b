package task

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"t5train/data/table"
)

// ner finds the lists of tokens and of tags, and the types of entities.
func (in *inference) ner() error {
	tokens, err := in.listColumn("task.text_columns", in.oneTextColumn(), []string{"tokens", "words"}, func(c table.Column) bool {
		return c.Type == table.TypeString && c.ClassLabels == nil && c.Name != in.options.LabelColumn && !slices.Contains(tagNames(), c.Name)
	})
	if err != nil {
		return err
	}
	tags, err := in.listColumn("task.label_column", in.options.LabelColumn, tagNames(), func(c table.Column) bool {
		return c.Name != tokens.Name && (c.ClassLabels != nil || c.Type == table.TypeString)
	})
	if err != nil {
		return err
	}
	in.spec.TextColumns, in.spec.LabelColumn, in.spec.Tags = []string{tokens.Name}, tags.Name, tags.ClassLabels
	return in.entityTypes(tags)
}

// tagNames are usual names of a column of tags.
func tagNames() []string { return []string{"ner_tags", "tags", "ner", "labels"} }

// oneTextColumn returns the text column that is asked for, or "".
func (in *inference) oneTextColumn() string {
	return strings.Join(in.options.TextColumns, ",") // a name with a comma is no column, and is refused as such
}

// listColumn finds a column of lists: the option, else the one with a usual name, else the only one that fits.
func (in *inference) listColumn(option, asked string, usual []string, fits func(table.Column) bool) (table.Column, error) {
	what := map[string]string{"task.text_columns": "text column", "task.label_column": "label column"}[option]
	if asked != "" {
		c, err := in.column(option, asked)
		if err == nil && c.Lists != 1 {
			err = fmt.Errorf("%s %s: the column is of type %s, want a list for %s", option, asked, c.FullType(), NER)
		}
		in.say("%s: %s (%s)", what, asked, option)
		return c, err
	}
	lists := in.pick(func(c table.Column) bool { return c.Lists == 1 && c.Readable() && fits(c) })
	why := "the only list that fits"
	for _, name := range usual {
		if i := slices.IndexFunc(lists, func(c table.Column) bool { return c.Name == name }); i >= 0 {
			lists, why = lists[i:i+1], "a usual name"
			break
		}
	}
	switch len(lists) {
	case 0:
		return table.Column{}, fmt.Errorf("no column of lists fits %s: the columns are %s: choose with %s",
			NER, list(in.columns), option)
	case 1:
		in.say("%s: %s (%s)", what, lists[0].Name, why)
		return lists[0], nil
	}
	return table.Column{}, fmt.Errorf("any of %s fits: choose with %s", list(lists), option)
}

// entityTypes finds the types in the names of the tags and, from task.labels, how they are written.
func (in *inference) entityTypes(column table.Column) error {
	names, why := column.ClassLabels, "in the tags' class names"
	if len(names) == 0 && column.Type == table.TypeString {
		if in.options.Distinct == nil {
			return fmt.Errorf("label column %s has no class names, and its values cannot be read", column.Name)
		}
		cells, err := in.options.Distinct(column.Name, MaxLabels)
		if err != nil {
			return fmt.Errorf("find the tags of column %s: %w: choose another with task.label_column", column.Name, err)
		}
		slices.SortFunc(cells, func(a, b table.Cell) int { return cmp.Compare(a.Str, b.Str) })
		for _, c := range cells {
			names = append(names, c.Str)
		}
		why = "in the column's different tags, sorted"
	}
	var types []Label
	for _, tag := range names {
		t, ok, err := table.ReadTag(tag)
		if err != nil {
			return fmt.Errorf("label column %s: %w", column.Name, err)
		}
		if ok && !slices.ContainsFunc(types, func(l Label) bool { return l.Name == t.Kind }) {
			types = append(types, Label{Name: t.Kind, Text: t.Kind})
		}
	}
	if len(types) == 0 {
		return errors.New("the tags name no types of entities: want tags such as B-person: choose another column " +
			"with task.label_column")
	}
	if given := in.options.Labels; len(given) > 0 {
		if len(given) != len(types) {
			return fmt.Errorf("task.labels gives %d texts, but there are %d types of entities: %s",
				len(given), len(types), describe(types))
		}
		for i := range types {
			types[i].Text = given[i]
		}
		why = "task.labels"
	}
	in.spec.Entities = types
	in.say("types of entities: %s (%s)", describe(types), why)
	return nil
}
