package inspect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"t5train/data/parquetio"
	"t5train/data/table"
	"t5train/internal/ui"
)

// DescribeOptions say what is wanted to know.
type DescribeOptions struct {
	Roles    Roles
	Measure  Measure
	Columns  []string // of the examples; none is all that can be read
	Examples int      // rows to show, spread over the data set

	Sink ui.Sink
}

// Description is what is in a data set.
type Description struct {
	Split    string    `json:"split,omitempty"` // of a folder; the caller knows it
	Rows     int64     `json:"rows"`
	Shards   []Shard   `json:"shards"`
	Columns  []Column  `json:"columns"`
	Roles    Roles     `json:"roles"`
	Labels   []Balance `json:"labels"`
	Lengths  []Lengths `json:"lengths"`
	Examples []Example `json:"examples"`
}

// Shard is a file.
type Shard struct {
	Path      string `json:"path"`
	Bytes     int64  `json:"bytes"`
	Rows      int64  `json:"rows"`
	RowGroups int    `json:"row_groups"`
}

// Column is a column of the schema.
type Column struct {
	Name     string   `json:"name"`
	Type     string   `json:"type"`
	Nullable bool     `json:"nullable"`
	Classes  []string `json:"classes,omitempty"`
	Unread   string   `json:"unread,omitempty"` // why its values are not read
}

// Example is a row as it is.
type Example struct {
	Place
	Values []Value `json:"values"`
}

// Place is where a row stands.
type Place struct {
	File string `json:"file"`
	Row  int64  `json:"row"` // the first of the file is 0
}

func (p Place) String() string { return fmt.Sprintf("%s:%d", p.File, p.Row) }

// placeOf returns the place of a row of a data set.
func placeOf(set *parquetio.Dataset, row int64) Place {
	file, inFile := set.Locate(row)
	return Place{file, inFile}
}

// Value is what a row has in a column.
type Value struct {
	Column string          `json:"column"`
	Value  json.RawMessage `json:"value"`
	Class  string          `json:"class,omitempty"` // name of a class
}

// Describe reads the whole data set once, and once more for each column whose values turn out not to be readable: it
// describes the others, unless the column is one of Columns. It holds a block of the texts, and counts.
func Describe(ctx context.Context, set *parquetio.Dataset, o DescribeOptions) (*Description, error) {
	if set == nil {
		return nil, errNoSet
	}
	for unread := map[string]string{}; ; {
		d, err := describe(ctx, set, o, unread)
		var u *parquetio.UnreadableError
		if !errors.As(err, &u) || slices.Contains(o.Columns, u.Column) {
			return d, err
		}
		unread[u.Column] = fmt.Sprintf("%s (%s, row group %d)", u.Reason, u.Path, u.RowGroup)
	}
}

// describe is [Describe] without some columns, each with the reason.
func describe(ctx context.Context, set *parquetio.Dataset, o DescribeOptions, unread map[string]string) (
	*Description, error) {
	o.Roles = o.Roles.without(func(name string) bool { return unread[name] != "" })
	d := &describing{DescribeOptions: o, set: set, unread: unread, phases: ui.NewPhases(o.Sink)}
	defer d.phases.Stop()
	d.result.Rows, d.result.Roles = set.Rows(), o.Roles
	for _, f := range set.Files() {
		d.result.Shards = append(d.result.Shards, Shard{f.Path, f.Bytes, f.Rows, f.RowGroups})
	}
	for _, c := range set.Columns() {
		why := unread[c.Name]
		if !c.Readable() {
			why = "its type cannot be read: " + table.ReadableTypes + " can"
		}
		d.result.Columns = append(d.result.Columns, Column{c.Name, c.FullType(), c.Nullable, c.ClassLabels, why})
	}
	d.choose()
	if len(d.columns) == 0 {
		return &d.result, nil
	}
	if err := set.Scan(ctx, namesOf(d.columns, nil), d.row); err != nil {
		return nil, err
	}
	d.blocks.flush()
	for _, b := range d.balances {
		d.result.Labels = append(d.result.Labels, b.finish())
	}
	for _, l := range d.lengths {
		l.finish()
		d.result.Lengths = append(d.result.Lengths, *l)
	}
	return &d.result, nil
}

type describing struct {
	DescribeOptions
	phases   *ui.Phases
	set      *parquetio.Dataset
	unread   map[string]string // columns that are passed over
	columns  []table.Column    // that are read
	shown    []int             // of columns: those of the examples
	texts    []int             // of columns: texts, then targets
	labels   []int             // of columns
	lengths  []*Lengths        // of texts
	balances []*balance        // of labels
	blocks   *blocks
	waiting  []*Lengths // of the texts in blocks
	result   Description
}

// choose says which columns are read, and for what.
func (d *describing) choose() {
	want := d.DescribeOptions.Columns
	roles := slices.Concat(d.Roles.Texts, d.Roles.Targets, d.Roles.Labels)
	for _, c := range d.set.Columns() {
		shown := c.Readable() && d.unread[c.Name] == "" && (len(want) == 0 || slices.Contains(want, c.Name))
		if !shown && !slices.Contains(roles, c.Name) {
			continue
		}
		if shown {
			d.shown = append(d.shown, len(d.columns))
		}
		d.columns = append(d.columns, c)
	}
	index := func(name string) int {
		return slices.IndexFunc(d.columns, func(c table.Column) bool { return c.Name == name })
	}
	for i, names := range [][]string{d.Roles.Texts, d.Roles.Targets} {
		for _, name := range names {
			d.texts = append(d.texts, index(name))
			d.lengths = append(d.lengths,
				&Lengths{Column: name, Limit: []int{d.Measure.MaxInput, d.Measure.MaxTarget}[i]})
		}
	}
	for _, name := range d.Roles.Labels {
		d.labels = append(d.labels, index(name))
		d.balances = append(d.balances, newBalance(d.columns[index(name)]))
	}
	d.blocks = newBlocks(d.Measure, func(results []measured) {
		for i, m := range results {
			d.waiting[i].add(m)
		}
		d.waiting = d.waiting[:0]
	})
}

func (d *describing) row(row int64, cells []table.Cell) error {
	if d.isExample(row) {
		d.example(row, cells)
	}
	for i, b := range d.balances {
		b.add(cells[d.labels[i]])
	}
	for i, l := range d.lengths {
		cell := cells[d.texts[i]]
		if cell.Kind == table.Null {
			l.Nulls++
			continue
		}
		text := strings.Clone(cell.Text())
		if strings.TrimSpace(text) == "" {
			l.Blank++
		}
		d.blocks.add(text, false)
		d.waiting = append(d.waiting, l)
	}
	if d.blocks.full() {
		d.blocks.flush()
		d.phases.Progress("inspect", "rows", row+1, d.set.Rows())
	}
	return nil
}

// isExample reports whether a row is shown: the first one of each of as many equal parts of the data set as there are
// examples.
func (d *describing) isExample(row int64) bool {
	n, rows := int64(d.DescribeOptions.Examples), d.set.Rows()
	if n >= rows {
		return true
	}
	return row == 0 && n > 0 || row*n/rows != (row-1)*n/rows
}

func (d *describing) example(row int64, cells []table.Cell) {
	e := Example{Place: placeOf(d.set, row)}
	for _, i := range d.shown {
		v := Value{Column: d.columns[i].Name, Value: json.RawMessage(cells[i].JSON(table.Cell.Text))}
		if inRange(cells[i], d.columns[i]) {
			v.Class = d.columns[i].ClassLabels[cells[i].Int]
		}
		e.Values = append(e.Values, v)
	}
	d.result.Examples = append(d.result.Examples, e)
}
