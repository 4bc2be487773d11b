package task

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"t5train/data/table"
)

// WithClasses returns the task for another file than the one it was inferred from: numbers of classes mean what the
// schema of that file says, so labels and tags are found by their names. A file whose label column has no class names
// leaves the task as it is, and so does one that names classes for a task that has learnt nothing but their numbers. Other
// classes that the task does not have are an error.
func (s Spec) WithClasses(columns []table.Column) (Spec, error) {
	at := slices.IndexFunc(columns, func(c table.Column) bool { return c.Name == s.LabelColumn })
	if at < 0 || columns[at].ClassLabels == nil {
		return s, nil
	}
	classes := columns[at].ClassLabels
	switch s.Kind() {
	case Entities:
		s.Tags = classes // types that the task does not have are told with their row
	case Labels:
		var names []string
		labels := slices.Clone(s.Labels)
		for i := range labels {
			names = append(names, labels[i].Name)
			labels[i].Value = "" // no row has it
			if class := slices.Index(classes, labels[i].Name); class >= 0 {
				labels[i].Value = strconv.Itoa(class)
			}
		}
		for _, class := range classes {
			if !slices.Contains(names, class) {
				if s.unnamed() {
					return s, nil
				}
				return s, fmt.Errorf("label column %s has the classes %s, and the task the labels %s: take data "+
					"of the same task, or give the labels as strings",
					s.LabelColumn, strings.Join(classes, ", "), strings.Join(names, ", "))
			}
		}
		s.Labels = labels
	}
	return s, nil
}

// unnamed tells whether the names of the labels are nothing but their numbers.
func (s Spec) unnamed() bool {
	return !slices.ContainsFunc(s.Labels, func(l Label) bool {
		_, err := strconv.Atoi(l.Value)
		return err != nil || l.Name != l.Value
	})
}
