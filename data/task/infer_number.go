package task

import (
	"fmt"
	"slices"
	"strings"

	"t5train/data/table"
)

// regression finds the column of numbers and the texts.
func (in *inference) regression() error {
	label, err := in.numberColumn()
	if err != nil {
		return err
	}
	in.spec.LabelColumn = label.Name
	if err := in.textColumns(); err != nil {
		return err
	}
	numbers, why, err := []float64(nil), "task.step", error(nil)
	if in.options.Numbers != nil {
		if numbers, err = in.options.Numbers(label.Name); err != nil {
			return err
		}
	}
	switch in.spec.Step = in.options.Step; {
	case in.spec.Step != 0:
	case len(numbers) == 0:
		in.spec.Step = DefaultStep
	default:
		in.spec.Step, why = StepFor(numbers), "which suits their spread; another with task.step"
		if in.spec.Step < DefaultStep {
			why = fmt.Sprintf("smaller than T5's %g, for their spread; another with task.step", DefaultStep)
		}
	}
	in.say("numbers: written as multiples of %g (%s)", in.spec.Step, why)
	return nil
}

// numberColumn finds the option, else the only float, else a number with a usual name.
func (in *inference) numberColumn() (table.Column, error) {
	isNumber := func(c table.Column) bool {
		return c.Lists == 0 && c.ClassLabels == nil && !IsIdentifier(c.Name) && (c.Type == table.TypeFloat || c.Type == table.TypeInt)
	}
	if name := in.options.LabelColumn; name != "" {
		c, err := in.column("task.label_column", name)
		if err == nil && (c.Lists > 0 || c.Type != table.TypeFloat && c.Type != table.TypeInt) {
			err = fmt.Errorf("task.label_column %s: the column is of type %s, want float or int for %s",
				name, c.FullType(), Regression)
		}
		in.say("label column: %s (task.label_column)", name)
		return c, err
	}
	numbers := in.pick(isNumber)
	named := in.pick(func(c table.Column) bool {
		return isNumber(c) && slices.Contains([]string{"label", "labels", "score", "similarity_score", "rating", "stars"}, strings.ToLower(c.Name))
	})
	floats := in.pick(func(c table.Column) bool { return isNumber(c) && c.Type == table.TypeFloat })
	switch {
	case len(floats) == 1:
		in.say("label column: %s (the only float column)", floats[0].Name)
		return floats[0], nil
	case len(named) == 1:
		in.say("label column: %s (a usual name)", named[0].Name)
		return named[0], nil
	case len(numbers) == 0:
		return table.Column{}, fmt.Errorf("no column of numbers: the columns are %s: choose with "+
			"task.label_column", list(in.columns))
	}
	return table.Column{}, fmt.Errorf("the number may be in any of %s: choose with task.label_column", list(numbers))
}
