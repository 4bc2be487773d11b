package importer

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"t5train/data/table"
)

// drops are columns to leave out, by name.
type drops struct {
	names []string
	seen  map[string]bool
}

// has reports whether the value at a path is left out: its column, or an object around it.
func (d *drops) has(path []string) bool {
	for depth := range path {
		if name := strings.Join(path[:depth+1], "."); slices.Contains(d.names, name) {
			d.seen[name] = true
			return true
		}
	}
	return false
}

// check reports names that no row has.
func (d *drops) check() error {
	for _, name := range d.names {
		if !d.seen[name] {
			return fmt.Errorf("import: there is no column %s to leave out: correct import.drop", name)
		}
	}
	return nil
}

// dropWay adds to the error of a value that no column can hold how its column is left out.
func dropWay(err error) error {
	if shape, ok := errors.AsType[table.ShapeError](err); ok && shape.Column != "" {
		return fmt.Errorf("%w: correct it, or leave the column out with import.drop %s", err, shape.Column)
	}
	return err
}

// indexColumn follows a first column without a name: whether it counts the rows of each file, from 0 or 1.
type indexColumn struct {
	there, broken bool
	path          string
	next          int64
	leftOut       int64 // lines that do not parse, of numbers that may be missing
}

func (x *indexColumn) add(in table.Input, r table.Row) {
	if !x.there || x.broken {
		return
	}
	if len(r.Fields) == 0 || r.Fields[0].Path[0] != table.FirstColumn || r.Fields[0].Cell.Kind != table.String {
		x.broken = true
		return
	}
	n, err := strconv.ParseInt(r.Fields[0].Cell.Str, 10, 64)
	x.enter(in)
	if x.next < 0 {
		x.next = min(max(n, 0), 1)
	}
	x.broken = err != nil || n < x.next || n > x.next+x.leftOut
	x.leftOut -= n - x.next
	x.next = n + 1
}

// leaveOut makes room for numbers of rows that are left out.
func (x *indexColumn) leaveOut(in table.Input, lines int) {
	x.enter(in)
	x.leftOut += int64(lines)
}

func (x *indexColumn) enter(in table.Input) {
	if x.path != in.Path {
		x.path, x.next, x.leftOut = in.Path, -1, 0
	}
}

// settleIndex leaves out a first column without a name that counts the rows, unless an option names it, and says what
// became of it.
func (im *importing) settleIndex() {
	name := table.FirstColumn
	named := append(slices.Clip(im.Labels), im.Group, im.Stratify)
	switch {
	case !im.index.there || im.schema.byName[name] == nil:
	case im.index.broken || im.Types[name] != "" || slices.Contains(named, name):
		im.detail("", "the first column has no name in the header: it is called %s", name)
	default:
		im.detail("left out", "the first column, which has no name and counts the rows, as pandas writes its index")
		im.drops.names = append(slices.Clip(im.drops.names), name)
		delete(im.schema.byName, name)
		im.schema.columns = slices.DeleteFunc(im.schema.columns, func(c *column) bool { return c.name == name })
	}
}
