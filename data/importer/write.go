package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"t5train/data/table"
)

// errChanged says that the second reading does not see what the first one saw.
var errChanged = errors.New("the file has changed while it was read: import it again")

// write is the second reading.
func (im *importing) write(ctx context.Context, columns []Column, splits []*Split) error {
	c := newConverter(columns)
	d := im.newAssigner(splits)
	badLines := 0
	again := func(_ table.Input, b table.BadLine) error { badLines += b.Lines(); return nil }
	err := im.each(ctx, "write", again, func(in table.Input, r table.Row) error {
		cells, err := c.cells(r)
		var split *Split
		if err == nil {
			split, err = d.split(in, r)
		}
		if err != nil {
			return fmt.Errorf("import: %v: %w", place{in.Path, r.Line}, err)
		}
		return split.Write(cells)
	})
	if err == nil && badLines != im.badLines {
		return fmt.Errorf("import: %w", errChanged)
	}
	return err
}

// converter makes the cells of a row of parquet.
type converter struct {
	columns []Column
	index   map[string]int
	classes []map[string]int64 // number of each class, of labels
	row     []table.Cell
}

func newConverter(columns []Column) *converter {
	c := &converter{columns, map[string]int{}, make([]map[string]int64, len(columns)), make([]table.Cell, len(columns))}
	for i, column := range columns {
		c.index[column.Name()] = i
		if column.Classes != nil {
			c.classes[i] = map[string]int64{}
			for n, name := range column.Classes {
				c.classes[i][name] = int64(n)
			}
		}
	}
	return c
}

// cells returns the row, which is valid until the next call.
func (c *converter) cells(r table.Row) ([]table.Cell, error) {
	clear(c.row)
	for _, f := range r.Fields {
		i, ok := c.index[strings.Join(f.Path, ".")]
		if !ok && f.Cell.Kind == table.Null { // an object
			continue
		}
		if !ok || !slices.Equal(c.columns[i].Path, f.Path) ||
			f.Cell.Kind == table.List != c.columns[i].List && f.Cell.Kind != table.Null {
			return nil, errChanged
		}
		var err error
		if f.Cell.Kind != table.List {
			c.row[i], err = c.cell(i, f.Cell)
		} else {
			items := slices.Clone(f.Cell.Items)
			for k := range items {
				if items[k], err = c.cell(i, items[k]); err != nil {
					break
				}
			}
			c.row[i] = table.Cell{Kind: table.List, Items: items}
		}
		if err != nil {
			return nil, err
		}
	}
	return c.row, nil
}

// cell converts a single value.
func (c *converter) cell(i int, cell table.Cell) (table.Cell, error) {
	classes := c.classes[i]
	if classes == nil {
		return convert(cell, c.columns[i].Type)
	}
	text := cell.Text()
	if text == "" {
		return table.Cell{}, nil
	}
	n, ok := classes[text]
	if !ok {
		return cell, errChanged
	}
	return table.Cell{Kind: table.Int, Int: n}, nil
}

// assigner tells the split of each row. It counts rows, so rows come in order.
type assigner struct {
	im      *importing
	splits  []*Split
	named   map[string]*Split
	divider *divider
	strata  map[string]int // number of each class of Stratify, null being ""
	sizes   []int          // units of each stratum
	next    []int          // unit of each stratum that comes next
}

func (im *importing) newAssigner(splits []*Split) *assigner {
	d := &assigner{im: im, splits: splits, named: map[string]*Split{}, strata: map[string]int{}}
	for _, s := range splits {
		d.named[s.Name()] = s
	}
	if len(im.Shares) == 0 {
		d.named[""] = splits[0]
		return d
	}
	switch {
	case im.Group != "":
		d.sizes = []int{len(im.values)}
	case im.Stratify != "":
		column := im.schema.byName[im.Stratify]
		for i, name := range column.names() {
			d.strata[name] = i
			d.sizes = append(d.sizes, int(column.classes[name]))
		}
		d.strata[""] = len(d.sizes)
		d.sizes = append(d.sizes, int(im.none))
	default:
		d.sizes = []int{int(im.rows)}
	}
	d.next = make([]int, len(d.sizes))
	d.divider = newDivider(d.sizes, im.Shares, im.Seed)
	return d
}

func (d *assigner) split(in table.Input, r table.Row) (*Split, error) {
	if d.divider == nil {
		return d.named[in.Split], nil
	}
	text, err := single(r, cmp.Or(d.im.Group, d.im.Stratify)) // "" of neither
	if err != nil {
		return nil, err
	}
	stratum, unit, known := 0, 0, true
	if d.im.Group != "" {
		unit, known = d.im.values[table.Digest(text)]
	} else {
		if d.im.Stratify != "" {
			stratum, known = d.strata[text]
		}
		unit = d.next[stratum]
		d.next[stratum]++
	}
	if !known || unit >= d.sizes[stratum] {
		return nil, errChanged
	}
	return d.splits[d.divider.split(stratum, unit)], nil
}
