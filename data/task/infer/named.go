package infer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"t5train/data/table"
	"t5train/data/task"
)

// named takes one of T5's tasks.
func (in *inference) named() error {
	name := in.asked.Name
	if from, to, ok := task.WMT(name); ok {
		in.asked.SourceLanguage, in.asked.TargetLanguage = from, to
		in.spec.Name = task.Translation
		if len(in.asked.Metrics) == 0 {
			in.spec.Metrics = task.WMTMetrics()
		}
		return in.translation()
	}
	spec, _ := task.Named(name) // CheckAsked has seen that there is one
	if spec.Name == task.QuestionAnswering && in.asked.TargetColumn == "" {
		if target, err := in.firstOf(targetKey, answerNames...); err == nil {
			spec.TargetColumn = target
		}
	}
	groups := []string{"idx.paragraph", "idx.question"}
	if spec.Rule == task.MultiRC && in.check("", groups...) == nil {
		spec.GroupColumns = groups
	}
	asked := in.asked
	asked.LabelTexts = nil // there is no checkpoint that they would have to suit
	spec, err := spec.Correct(asked)
	if err != nil {
		return err
	}
	columns := strings.Join(spec.Columns(), ", ")
	for _, column := range spec.Columns() {
		if in.check("", column) != nil {
			return fmt.Errorf("%s has the columns %s, but there is no %s: the columns are %s: name others with "+
				"task.text_columns, task.label_column or task.target_column", name, columns, column, in.all())
		}
	}
	in.spec = spec
	in.note("columns", columns, "those of "+name)
	if spec.Kind() != task.Labels {
		return nil
	}
	return in.namedLabels()
}

// namedLabels finds the values of T5's labels in the label column: where that has the same names in another order,
// theirs, else T5's own.
func (in *inference) namedLabels() (err error) {
	column, err := in.column(labelKey, in.spec.LabelColumn)
	if err != nil {
		return err
	}
	labels, name := in.spec.Labels, in.asked.Name
	if n := len(column.ClassLabels); n > 0 && n != len(labels) {
		return fmt.Errorf("%s has %d labels, but column %s has %d class names, %s: choose another with "+
			"task.label_column, or use task.name %s",
			name, len(labels), column.Name, n, strings.Join(column.ClassLabels, ", "), task.Classification)
	}
	class := func(l task.Label) int { return slices.Index(column.ClassLabels, l.Name) }
	same := !slices.ContainsFunc(labels, func(l task.Label) bool { return class(l) < 0 })
	for i := range labels {
		switch {
		case column.Type == table.TypeBool && len(labels) == 2:
			labels[i].Value = strconv.FormatBool(i == 1)
		case same:
			labels[i].Value = strconv.Itoa(class(labels[i]))
		case len(column.ClassLabels) > 0:
			labels[i].Name = column.ClassLabels[i]
		}
	}
	in.spec.Labels, err = in.written("labels", labels, "those of "+name, name+" has")
	return err
}
