package inspect

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"t5train/data/table"
)

// Balance is how often each class of a label is there.
type Balance struct {
	Column     string  `json:"column"`
	Classes    []Class `json:"classes"` // by their numbers; those without numbers by how often they are there
	Nulls      int64   `json:"nulls"`
	OutOfRange int64   `json:"out_of_range"` // numbers that no class has
	TooMany    bool    `json:"too_many"`     // more than MaxClasses different values, of which the first are here
}

// Class is one of them.
type Class struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

// MaxClasses bounds the classes that are counted.
const MaxClasses = 1000

type balance struct {
	column table.Column
	Balance
	counts map[string]*int64 // of values without class names
	named  []int64           // of the classes
}

func newBalance(c table.Column) *balance {
	return &balance{column: c, Balance: Balance{Column: c.Name}, counts: map[string]*int64{},
		named: make([]int64, len(c.ClassLabels))}
}

func (b *balance) add(c table.Cell) {
	switch {
	case c.Kind == table.Null:
		b.Nulls++
	case c.Kind == table.List:
		for _, item := range c.Items {
			b.add(item)
		}
	case b.column.ClassLabels == nil:
		count := b.counts[c.Text()]
		if count == nil {
			if len(b.counts) == MaxClasses {
				b.TooMany = true
				return
			}
			count = new(int64)
			b.counts[strings.Clone(c.Text())] = count // a text is part of a page, which goes
		}
		*count++
	case inRange(c, b.column):
		b.named[c.Int]++
	default:
		b.OutOfRange++
	}
}

// inRange reports whether a number is that of a class.
func inRange(c table.Cell, column table.Column) bool {
	return c.Kind == table.Int && c.Int >= 0 && c.Int < int64(len(column.ClassLabels))
}

func (b *balance) finish() Balance {
	for i, name := range b.column.ClassLabels {
		b.Classes = append(b.Classes, Class{name, b.named[i]})
	}
	for _, name := range slices.SortedFunc(maps.Keys(b.counts), func(x, y string) int {
		return cmp.Or(cmp.Compare(*b.counts[y], *b.counts[x]), cmp.Compare(x, y))
	}) {
		b.Classes = append(b.Classes, Class{name, *b.counts[name]})
	}
	return b.Balance
}
