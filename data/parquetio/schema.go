package parquetio

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go/format"

	"t5train/data/parquetio/page"
	"t5train/data/table"
	"t5train/internal/visible"
)

// shardColumn is a column as one file stores it.
type shardColumn struct {
	table.Column
	stored  page.Column
	leaf    int   // index among a row group's column chunks
	twins   []int // leaves of this name, where the file has several
	escaped bool  // the name has bytes that are no UTF-8 in the file
}

const (
	maxSchemaDepth = 64       // far above any real schema; it bounds the width of levels and the depth of lists
	maxPathBytes   = 16 << 20 // of all names in a file, which a few bytes of a corrupt footer could make long
)

// schemaColumns lists the leaves of a schema, which Parquet stores as a tree in depth-first order. leaf i is column
// chunk i of each row group.
func schemaColumns(schema []format.SchemaElement) ([]shardColumn, error) {
	if len(schema) == 0 {
		return nil, fmt.Errorf("schema is empty")
	}
	w := schemaWalk{schema: schema, at: 1, seen: map[string]int{}}
	for w.at < len(schema) {
		if err := w.element(place{}, schema[w.at].Name, field); err != nil {
			return nil, err
		}
	}
	return w.columns, nil
}

type schemaWalk struct {
	schema    []format.SchemaElement
	at        int // next element
	columns   []shardColumn
	seen      map[string]int // column of each name
	pathBytes int
}

// place is where a schema element stands: what its ancestors and itself make of it.
type place struct {
	path       string
	definition int   // how many of them may be absent: optional and repeated ones
	lists      []int // as in page.Column
	depth      int
	escaped    bool // as in shardColumn
}

// role says what an element is for its parent.
type role int

const (
	field   role = iota // of a struct; or the item of a list
	items               // the level between a list and its items
	entries             // the level between a map and its keys and values
)

// element walks the subtree at w.at. name is "" for a level that the path leaves out.
func (w *schemaWalk) element(above place, name string, as role) error {
	if w.at >= len(w.schema) {
		return fmt.Errorf("schema ends inside column %q", above.path)
	}
	e := &w.schema[w.at]
	w.at++
	p, err := w.enter(above, name, e)
	if err != nil {
		return err
	}
	if e.Type.Valid {
		return w.leaf(p, e)
	}
	for i := range int(e.NumChildren.V) {
		name, as := w.child(e, as, i)
		if err := w.element(p, name, as); err != nil {
			return err
		}
	}
	return nil
}

// enter adds an element to the place of its parent.
func (w *schemaWalk) enter(p place, name string, e *format.SchemaElement) (place, error) {
	if p.depth++; p.depth > maxSchemaDepth {
		return p, fmt.Errorf("schema is nested more than %d deep", maxSchemaDepth)
	}
	// No message, JSON or YAML can have other bytes.
	p.escaped = p.escaped || !utf8.ValidString(name)
	name = visible.UTF8(name)
	switch {
	case p.path == "":
		p.path = name
	case name != "":
		w.pathBytes += len(p.path) + len(name)
		if w.pathBytes > maxPathBytes {
			return p, fmt.Errorf("schema has names of more than %d bytes", maxPathBytes)
		}
		p.path += "." + name
	}
	if e.RepetitionType.Valid {
		switch e.RepetitionType.V {
		case format.Optional:
			p.definition++
		case format.Repeated:
			p.lists = append(slices.Clip(p.lists), p.definition)
			p.definition++
		}
	}
	return p, nil
}

// child returns name and role of child i, which is at w.at, of element e.
func (w *schemaWalk) child(e *format.SchemaElement, as role, i int) (string, role) {
	if w.at >= len(w.schema) {
		return "", field
	}
	child := &w.schema[w.at]
	wraps := e.NumChildren.V == 1 && child.RepetitionType.Valid && child.RepetitionType.V == format.Repeated
	annotation := page.Annotation(e)
	switch {
	case as == items:
		return "", field
	case as == entries:
		return [2]string{"key", "value"}[i], field
	case annotation == "list" && wraps && w.isItem(e, child):
		return "", field
	case annotation == "list" && wraps:
		return "", items
	case annotation == "map" && wraps && !child.Type.Valid && child.NumChildren.V >= 1 && child.NumChildren.V <= 2:
		return "", entries
	}
	return child.Name, field
}

// isItem says whether the repeated child of a list is its item, as old writers have it, and not a level above the item.
// https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#backward-compatibility-rules
func (w *schemaWalk) isItem(list, child *format.SchemaElement) bool {
	if child.Type.Valid || child.NumChildren.V != 1 || child.Name == "array" || child.Name == list.Name+"_tuple" {
		return true
	}
	if w.at+1 >= len(w.schema) {
		return false
	}
	inner := w.schema[w.at+1].RepetitionType
	return inner.Valid && inner.V == format.Repeated
}

func (w *schemaWalk) leaf(p place, e *format.SchemaElement) error {
	c := shardColumn{
		Column: table.Column{Name: p.path, Lists: len(p.lists), Nullable: p.definition > 0},
		stored: page.Column{Type: page.TypeOf(e), Definition: p.definition, Lists: p.lists},
		leaf:   len(w.columns), escaped: p.escaped,
	}
	c.Type = c.stored.Name
	if c.Lists > 0 {
		c.Nullable = p.lists[0] > 0
	}
	if first, ok := w.seen[c.Name]; ok {
		twins := append(w.columns[first].twins, c.leaf)
		if len(twins) == 1 {
			twins = []int{first, c.leaf}
		}
		w.columns[first].twins, c.twins = twins, twins
	} else {
		w.seen[c.Name] = c.leaf
	}
	w.columns = append(w.columns, c)
	return nil
}
