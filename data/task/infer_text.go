package task

import (
	"fmt"
	"slices"

	"t5train/data/table"
)

// InferText finds the column of a corpus of plain text: the one that is asked for (data.text_column), else the only string
// column that is no identifier, else the one called text. said tells what was taken and why; what leaves a doubt is an
// error that lists the candidates.
func InferText(columns []table.Column, asked string) (column, said string, err error) {
	in := inference{columns: columns}
	texts := in.pick(func(c table.Column) bool {
		return isText(c) || c.Name == asked && c.Type == table.TypeString && c.Lists == 0
	})
	named := func(name string) bool {
		return slices.ContainsFunc(texts, func(c table.Column) bool { return c.Name == name })
	}
	switch {
	case asked != "" && named(asked):
		return asked, fmt.Sprintf("text column: %s (data.text_column)", asked), nil
	case asked != "":
		err = fmt.Errorf("data.text_column %s: there is no such string column: the columns are %s",
			asked, list(columns))
	case len(texts) == 0:
		err = fmt.Errorf("no string column to read the text from: the columns are %s: choose with "+
			"data.text_column", list(columns))
	case len(texts) == 1:
		return texts[0].Name, fmt.Sprintf("text column: %s (%s)", texts[0].Name, in.only(texts)), nil
	case named("text"):
		return "text", "text column: text (a usual name)", nil
	default:
		err = fmt.Errorf("the text may be in any of %s: choose with data.text_column", list(texts))
	}
	return "", "", fmt.Errorf("infer the text column: %w", err)
}
