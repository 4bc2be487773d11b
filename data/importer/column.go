package importer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// Type is the type of a single value.
type Type string

// The types, by the names that datasets has for them.
const (
	String  Type = "string"
	Int32   Type = "int32"
	Int64   Type = "int64"
	Float64 Type = "float64"
	Bool    Type = "bool"
)

// Column is a leaf of the schema.
type Column struct {
	Path    []string // names from the top; all but the last are of structs
	Type    Type
	List    bool     // a row holds a list of values
	Classes []string // names of the classes 0, 1, ... of a ClassLabel, which is Int64
}

// Name returns the path as package parquetio names the column: answers.text.
func (c Column) Name() string { return strings.Join(c.Path, ".") }

// String describes the column: tokens (list of string), label (ClassLabel).
func (c Column) String() string {
	kind := string(c.Type)
	if c.Classes != nil {
		kind = "ClassLabel"
	}
	if c.List {
		kind = "list of " + kind
	}
	return fmt.Sprintf("%s (%s)", c.Name(), kind)
}

// tree is the schema as structs nest: a struct has fields, a leaf a column.
type tree struct {
	name   string
	column int // index of a leaf's column
	fields []*tree
}

// newTree nests the columns; what is written first stands first. Each name may be there once, and not both as a leaf
// and as a struct.
func newTree(columns []Column) (*tree, error) {
	root := &tree{}
	for i, c := range columns {
		at := root
		for depth, name := range c.Path {
			leaf := depth == len(c.Path)-1
			k := slices.IndexFunc(at.fields, func(f *tree) bool { return f.name == name })
			if k >= 0 && (leaf || at.fields[k].fields == nil) {
				return nil, fmt.Errorf("write parquet: two columns are named %s: rename one",
					strings.Join(c.Path[:depth+1], "."))
			}
			if k < 0 {
				k = len(at.fields)
				at.fields = append(at.fields, &tree{name: name, column: i})
			}
			at = at.fields[k]
		}
	}
	if len(root.fields) == 0 {
		return nil, fmt.Errorf("write parquet: no columns, want at least one")
	}
	return root, nil
}

// leaves appends the columns in the order in which parquet stores them: depth first.
func (t *tree) leaves(order []int) []int {
	if t.fields == nil {
		return append(order, t.column)
	}
	for _, f := range t.fields {
		order = f.leaves(order)
	}
	return order
}

// node returns the schema of the tree.
func (t *tree) node(columns []Column) parquet.Node {
	if t.fields == nil {
		return columns[t.column].node()
	}
	group := orderedGroup{parquet.Group{}, nil}
	for _, f := range t.fields {
		group.Group[f.name] = f.node(columns)
		group.order = append(group.order, f.name)
	}
	if t.name == "" {
		return group
	}
	return parquet.Optional(group)
}

func (c Column) node() parquet.Node {
	var n parquet.Node
	switch c.Type {
	case Int32:
		n = parquet.Int(32)
	case Int64:
		n = parquet.Int(64)
	case Float64:
		n = parquet.Leaf(parquet.DoubleType)
	case Bool:
		n = parquet.Leaf(parquet.BooleanType)
	default:
		n = parquet.String()
	}
	if c.Classes != nil {
		n = parquet.Encoded(n, &parquet.RLEDictionary)
	}
	n = parquet.Optional(n)
	if c.List {
		n = parquet.Optional(parquet.List(n))
	}
	return n
}

// orderedGroup is a struct whose fields keep their order, where parquet.Group sorts them by name.
type orderedGroup struct {
	parquet.Group
	order []string
}

func (g orderedGroup) Fields() []parquet.Field {
	fields := g.Group.Fields()
	slices.SortFunc(fields, func(a, b parquet.Field) int {
		return slices.Index(g.order, a.Name()) - slices.Index(g.order, b.Name())
	})
	return fields
}

// features returns the value of the `huggingface` metadata, from which datasets takes the types of the columns, their
// order and the names of the classes:
//
//	{"info": {"features": {"label": {"names": ["ham", "spam"], "_type": "ClassLabel"}, ...}}}
//
// A list is a Sequence, which all versions of datasets know; List came with version 4.
func (t *tree) features(columns []Column) string {
	return `{"info": {"features": ` + t.feature(columns) + `}}`
}

// feature makes JSON by hand because the order of a struct's fields has to be that of the columns.
func (t *tree) feature(columns []Column) string {
	if t.fields == nil {
		return columns[t.column].feature()
	}
	fields := make([]string, len(t.fields))
	for i, f := range t.fields {
		fields[i] = quoted(f.name) + ": " + f.feature(columns)
	}
	return "{" + strings.Join(fields, ", ") + "}"
}

func (c Column) feature() string {
	text := `{"dtype": "` + string(c.Type) + `", "_type": "Value"}`
	if c.Classes != nil {
		names := make([]string, len(c.Classes))
		for i, name := range c.Classes {
			names[i] = quoted(name)
		}
		text = `{"names": [` + strings.Join(names, ", ") + `], "_type": "ClassLabel"}`
	}
	if c.List {
		text = `{"feature": ` + text + `, "_type": "Sequence"}`
	}
	return text
}

// quoted returns a string as JSON, which a string always has.
func quoted(s string) string {
	text, _ := json.Marshal(s)
	return string(text)
}
