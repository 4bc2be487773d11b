package task

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"t5train/data/table"
)

// labelColumn finds the label column: the option, else the ClassLabel, else the one called label or labels.
func (in *inference) labelColumn() (table.Column, error) {
	if name := in.options.LabelColumn; name != "" {
		c, err := in.column("task.label_column", name)
		if err != nil {
			return c, err
		}
		in.say("label column: %s (task.label_column)", name)
		return c, canLabel(c)
	}
	classes := in.pick(func(c table.Column) bool { return c.ClassLabels != nil && c.Readable() && c.Lists == 0 })
	named := in.pick(func(c table.Column) bool { return IsLabelName(c.Name) })
	switch {
	case len(classes) == 1:
		in.say("label column: %s (the only ClassLabel)", classes[0].Name)
		return classes[0], nil
	case len(named) == 1 && (len(classes) == 0 || named[0].ClassLabels != nil):
		in.say("label column: %s (by its name)", named[0].Name)
		return named[0], canLabel(named[0])
	}
	candidates := classes
	if len(classes) == 0 {
		if candidates = named; len(named) == 0 {
			candidates = in.pick(func(c table.Column) bool { return canLabel(c) == nil && !IsIdentifier(c.Name) })
			return table.Column{}, fmt.Errorf("no column is a ClassLabel or named label: choose among %s with "+
				"task.label_column", list(candidates))
		}
	}
	return table.Column{}, fmt.Errorf("the label may be in any of %s: choose with task.label_column", list(candidates))
}

// IsLabelName tells whether a column is named as one of labels mostly is.
func IsLabelName(name string) bool {
	return strings.EqualFold(name, "label") || strings.EqualFold(name, "labels")
}

// canLabel says why a column cannot hold labels.
func canLabel(c table.Column) error {
	remedy := "choose another with task.label_column"
	if c.Lists == 0 {
		switch c.Type {
		case table.TypeString, table.TypeInt, table.TypeBool:
			return nil
		case table.TypeFloat:
			remedy += ", or learn its numbers with task.name " + Regression
		}
	}
	return fmt.Errorf("label column %s is of type %s: labels are string, int or bool: %s", c.Name, c.FullType(), remedy)
}

// labels finds the labels of the column and, from task.labels, how they are written.
func (in *inference) labels(column table.Column) error {
	given := in.options.Labels
	var labels []Label
	var why string
	switch {
	case len(column.ClassLabels) > 0:
		why = "the column's class names"
		for i, name := range column.ClassLabels {
			labels = append(labels, Label{Name: name, Text: name, Value: strconv.Itoa(i)})
		}
	case column.Type == table.TypeBool:
		why = "a bool column"
		labels = []Label{{"False", "False", "false"}, {"True", "True", "true"}} // as T5 writes them for BoolQ
	case len(given) > 0 && column.Type == table.TypeString:
		for _, name := range given {
			labels = append(labels, Label{Name: name, Text: name})
		}
	case len(given) > 0:
		for i, name := range given {
			labels = append(labels, Label{Name: name, Text: name, Value: strconv.Itoa(i)})
		}
	default:
		why = "the column's different values, sorted"
		var err error
		if labels, err = in.distinctLabels(column); err != nil {
			return err
		}
	}
	if len(given) > 0 {
		if len(given) != len(labels) {
			return fmt.Errorf("task.labels gives %d texts, column %s has %d labels: %s",
				len(given), column.Name, len(labels), describe(labels))
		}
		for i := range labels {
			labels[i].Text = given[i]
		}
		why = "task.labels"
	}
	in.spec.Labels = labels
	in.say("labels: %s (%s)", describe(in.spec.Labels), why)
	return nil
}

func (in *inference) distinctLabels(column table.Column) ([]Label, error) {
	if in.options.Distinct == nil {
		return nil, fmt.Errorf("label column %s has no class names: list them with task.labels", column.Name)
	}
	cells, err := in.options.Distinct(column.Name, MaxLabels)
	if err != nil {
		return nil, fmt.Errorf("find the labels of column %s: %w: choose another with "+
			"task.label_column", column.Name, err)
	}
	cells = slices.DeleteFunc(slices.Clone(cells), func(c table.Cell) bool {
		return c.Kind == table.Null || c.Kind == table.Int && c.Int == noLabel
	})
	slices.SortFunc(cells, func(a, b table.Cell) int {
		return cmp.Or(cmp.Compare(a.Int, b.Int), cmp.Compare(a.Str, b.Str))
	})
	if len(cells) < 2 {
		return nil, in.tooFewLabels(column, cells)
	}
	labels := make([]Label, len(cells))
	for i, c := range cells {
		labels[i] = Label{Name: c.Text(), Text: c.Text()}
		if c.Kind != table.String {
			labels[i].Value = c.Text()
		}
	}
	return labels, nil
}

// noLabel marks rows without a label, as test splits have them whose labels are hidden.
const noLabel = -1

// tooFewLabels says why a column with these different values, but for null and -1, tells nothing apart.
func (in *inference) tooFewLabels(column table.Column, values []table.Cell) error {
	const remedy = "use a file with rows of several labels, choose another column with task.label_column, or " +
		"list all labels with task.labels"
	switch {
	case len(values) == 1:
		return fmt.Errorf("label column %s holds one value alone, %v, and a classification tells at least two apart: %s",
			column.Name, values[0], remedy)
	case column.Type == table.TypeInt:
		return fmt.Errorf("label column %s holds no label: its rows are all -1 or null, as in a test split whose "+
			"labels are hidden: "+
			"use a split with labels, such as train or validation; predict answers rows without labels", column.Name)
	}
	return fmt.Errorf("label column %s is null in every row: %s", column.Name, remedy)
}
