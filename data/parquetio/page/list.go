package page

import (
	"fmt"

	"t5train/data/table"
	"t5train/internal/bounded"
)

// A list column stores its rows as entries, each a value (or a null, or an empty list) with two levels: repetition, the
// innermost list that the entry goes on with (0 begins a row), and definition, how much of its path is there. For
// a nullable list of nullable values, lists is [1] and definition 3:
//
//	row          entries (repetition, definition, value)
//	["a", "b"]   0 3 "a", 1 3 "b"
//	null         0 0
//	[]           0 1
//	[null]       0 2
//
// Dremel: Interactive Analysis of Web-Scale Datasets (Melnik et al. 2010), section 4.

const cellBytes = 64 // of a Cell, without the text

// listReader assembles the rows of a list column. The entry after a row's last one tells that the row is complete, so
// the reader is one entry ahead, which may be on the next page.
type listReader struct {
	*reader
	ahead                  bool // the levels are those of an entry that is not used yet
	repetition, definition int
	left                   int // bytes that the row's list may still take
}

// Next returns the next row.
func (r *listReader) Next() (table.Cell, error) {
	if !r.ahead {
		if err := r.advance(); err != nil {
			return table.Cell{}, err
		}
	}
	if !r.ahead || r.repetition != 0 {
		return table.Cell{}, fmt.Errorf("row begins inside a list or behind the last value: the file is corrupt")
	}
	r.left = r.List
	return r.list(0)
}

// More reports whether another row follows.
func (r *listReader) More() bool { return r.ahead || r.reader.More() }

// list reads a list, which depth others contain, from its first entry.
func (r *listReader) list(depth int) (table.Cell, error) {
	empty := r.column.Lists[depth]
	if r.definition <= empty {
		null := r.definition < empty
		if err := r.advance(); err != nil || null {
			return table.Cell{}, err
		}
		return table.Cell{Kind: table.List}, nil
	}
	list := table.Cell{Kind: table.List}
	for {
		item, err := r.item(depth + 1)
		if err != nil {
			return table.Cell{}, err
		}
		if r.left -= cellBytes + len(item.Str); r.left < 0 {
			return table.Cell{}, tooLarge("the list of one row takes more than %d bytes (%d an item and its text), "+
				"the most that is read: cut the row in several, leave the column out, or %s",
				r.List, cellBytes, bounded.Raise(2*int64(r.List)))
		}
		list.Items = append(list.Items, item)
		if !r.ahead || r.repetition <= depth {
			return list, nil
		}
		if r.repetition > depth+1 || r.definition <= empty {
			return table.Cell{}, fmt.Errorf("entry goes on with a list that is not there: the file is corrupt")
		}
	}
}

// item reads an item of a list at that depth from its first entry: a list, or a value.
func (r *listReader) item(depth int) (table.Cell, error) {
	if depth < len(r.column.Lists) {
		return r.list(depth)
	}
	var value table.Cell
	if r.definition == r.column.Definition {
		var err error
		if value, err = r.value(); err != nil {
			return table.Cell{}, err
		}
	}
	return value, r.advance()
}

// advance reads the levels of the next entry, if there is one.
func (r *listReader) advance() (err error) {
	if r.ahead = r.reader.More(); r.ahead {
		r.repetition, r.definition, err = r.entry()
	}
	return err
}
