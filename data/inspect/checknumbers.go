package inspect

import (
	"slices"

	"t5train/data/table"
	"t5train/data/task"
	"t5train/internal/floats"
)

// numberColumn returns the column of numbers that a regression would learn, "" if there is none: the only one of
// floats, or the only one of those with the name of a label.
func numberColumn(columns []table.Column, r Roles) string {
	if len(r.Labels)+len(r.Targets) > 0 {
		return ""
	}
	floats := namesOf(columns, func(c table.Column) bool {
		return c.Type == table.TypeFloat && c.Lists == 0 && !isIdentifier(c.Name)
	})
	if len(floats) > 1 {
		floats = slices.DeleteFunc(floats, func(name string) bool { return !task.IsLabelName(name) })
	}
	if len(floats) != 1 {
		return ""
	}
	return floats[0]
}

// number adds the number of a row, which must be there and finite.
func (c *checking) number(s Split, row int64, column string, cell table.Cell, numbers []float64) []float64 {
	if cell.Kind != table.Float || !floats.IsFinite(cell.Float) {
		c.findings.add(NoLabel, s.Name, "column "+column, Instance{Place: placeOf(s.Set, row), Text: cell.String()})
		return numbers
	}
	return append(numbers, cell.Float)
}

// rounding looks at what the step that a regression would choose leaves of the numbers of a split.
func (c *checking) rounding(s Split, column string, numbers []float64) {
	if said, _ := task.RoundingLoss(numbers, task.StepFor(numbers)); said != "" {
		c.findings.add(Rounding, s.Name, "column "+column, Instance{Place: placeOf(s.Set, 0),
			Text: said}).Count = int64(len(numbers))
	}
}
