package evaluate

import (
	"context"

	"t5train/data/table"
)

// memoryTable is a table of texts in memory; a cell is a text, or a number where it is one.
type memoryTable [][]table.Cell

func (t memoryTable) Rows() int64 { return int64(len(t)) }

func (t memoryTable) Locate(row int64) (string, int64) { return "memory", row }

func (t memoryTable) Scan(_ context.Context, _ []string, yield func(int64, []table.Cell) error) error {
	for i, cells := range t {
		if err := yield(int64(i), cells); err != nil {
			return err
		}
	}
	return nil
}

func text(s string) table.Cell { return table.Cell{Kind: table.String, Str: s} }

func decimal(v float64) table.Cell { return table.Cell{Kind: table.Float, Float: v} }

func words(list ...string) table.Cell {
	c := table.Cell{Kind: table.List}
	for _, s := range list {
		c.Items = append(c.Items, text(s))
	}
	return c
}
