package importer

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"t5train/data/table"
	"t5train/internal/clip"
)

// MaxClasses bounds the classes of a label: more different values are taken for a mistake.
const MaxClasses = 1000

// schema learns the columns of all rows.
type schema struct {
	types   map[string]Type // that are asked for
	labels  []string        // columns whose values are classes
	columns []*column       // in order of first appearance
	byName  map[string]*column
}

// column is what is known about a column so far.
type column struct {
	path    []string
	name    string
	forced  Type // "" is learned
	label   bool
	kind    table.Kind // of single values: Null until there is one
	list    bool
	single  bool // a value that is no list and not null was there
	place   place
	classes map[string]int64 // rows of each value, of a label
	blank   int64            // empty strings that became null
	large   int64            // the first integer beyond maxExact, if any,
	largeAt place            // and where it stands
}

// maxExact is 2^53: beyond it a float64 does not hold every integer.
const maxExact = 1 << 53

// place is where a row stands.
type place struct {
	path string
	line int
}

func (p place) String() string { return fmt.Sprintf("%s, line %d", p.path, p.line) }

func newSchema(types map[string]Type, labels []string) *schema {
	return &schema{types: types, labels: labels, byName: map[string]*column{}}
}

// add learns from a row.
func (s *schema) add(at place, fields []table.Field) error {
	for _, f := range fields {
		name := f.Path[0]
		if len(f.Path) > 1 {
			name = strings.Join(f.Path, ".")
		}
		c := s.byName[name]
		if c == nil {
			if len(s.columns) == table.MaxColumns {
				return fmt.Errorf("%v: column %s is one of more than %d: is each row an object or a line of its own?",
					at, name, table.MaxColumns)
			}
			c = &column{path: slices.Clone(f.Path), name: name, forced: s.types[name]}
			c.label = slices.Contains(s.labels, name)
			if c.label {
				c.classes = map[string]int64{}
			}
			s.byName[name] = c
			s.columns = append(s.columns, c)
		}
		if !slices.Equal(c.path, f.Path) {
			return fmt.Errorf("%v: %s is a name with a dot, and a key of an object elsewhere: rename one", at, name)
		}
		if err := c.add(at, f.Cell); err != nil {
			return fmt.Errorf("%v: %w", at, err)
		}
	}
	return nil
}

// add learns from a cell.
func (c *column) add(at place, cell table.Cell) error {
	if cell.Kind == table.Null {
		return nil
	}
	isList := cell.Kind == table.List
	if isList && c.single || !isList && c.list {
		return fmt.Errorf("column %s is %s here and %s in %v: make it one of the two in all rows, or leave it "+
			"out with import.drop %[1]s",
			c.name, listText(isList), listText(!isList), c.place)
	}
	c.list, c.single = isList, !isList
	if !isList {
		return c.addSingle(at, cell)
	}
	for _, item := range cell.Items {
		if err := c.addSingle(at, item); err != nil {
			return err
		}
	}
	if c.place == (place{}) {
		c.place = at
	}
	return nil
}

func listText(isList bool) string {
	if isList {
		return "a list"
	}
	return "a single value"
}

func (c *column) addSingle(at place, cell table.Cell) error {
	switch {
	case cell.Kind == table.Null:
		return nil
	case c.label:
		text := cell.Text()
		if text == "" {
			c.blank++
			return nil
		}
		c.classes[text]++
		if len(c.classes) > MaxClasses {
			return fmt.Errorf("column %s has more than %d different values: a label has fewer, so leave it out "+
				"of import.label",
				c.name, MaxClasses)
		}
	case c.forced != "":
		converted, err := convert(cell, c.forced)
		if err != nil {
			return fmt.Errorf("column %s: %w", c.name, err)
		}
		if converted.Kind == table.Null {
			c.blank++
		}
	case c.kind == table.Null:
		c.kind = cell.Kind
	case c.kind != cell.Kind:
		if !number(c.kind) || !number(cell.Kind) {
			return fmt.Errorf("column %s is %s here and %s in %v: make all of one type, or read all as text with "+
				"import.types %s=string, or leave it out with import.drop %s",
				c.name, kindText(cell.Kind), kindText(c.kind), c.place, c.name, c.name)
		}
		c.kind = table.Float
	}
	if c.place == (place{}) {
		c.place = at
	}
	if c.largeAt == (place{}) && cell.Kind == table.Int && (cell.Int > maxExact || cell.Int < -maxExact) {
		c.large, c.largeAt = cell.Int, at
	}
	if c.kind == table.Float && c.largeAt != (place{}) {
		return fmt.Errorf("column %s has numbers with and without a fraction, among which %d in %v would be "+
			"rounded: read all as text with import.types %s=string",
			c.name, c.large, c.largeAt, c.name)
	}
	return nil
}

func number(k table.Kind) bool { return k == table.Int || k == table.Float }

func kindText(k table.Kind) string {
	return map[table.Kind]string{
		table.String: "a string", table.Int: "an integer", table.Float: "a number", table.Bool: "true or false",
	}[k]
}

// settle drops the columns that are no values: an object that is null in some rows is there as a column of nulls beside
// those of its keys.
func (s *schema) settle() {
	objects := map[string]bool{}
	for _, c := range s.columns {
		for depth := 1; depth < len(c.path); depth++ {
			objects[strings.Join(c.path[:depth], ".")] = true
		}
	}
	s.columns = slices.DeleteFunc(s.columns, func(c *column) bool {
		isObject := !c.list && !c.single && objects[c.name]
		if isObject {
			delete(s.byName, c.name)
		}
		return isObject
	})
}

// resolve returns the columns of parquet.
func (s *schema) resolve() ([]Column, error) {
	for _, asked := range [][]string{slices.Sorted(maps.Keys(s.types)), s.labels} {
		for _, name := range asked {
			if s.byName[name] == nil {
				return nil, fmt.Errorf("there is no column %s: the columns are %s", name, strings.Join(s.names(), ", "))
			}
		}
	}
	var columns []Column
	for _, c := range s.columns {
		for depth := 1; depth < len(c.path); depth++ {
			if outer := s.byName[strings.Join(c.path[:depth], ".")]; outer != nil {
				return nil, fmt.Errorf("column %s is %s in %v and an object with a key %s in %v: make it one of "+
					"the two in all rows, or leave it out with import.drop %[1]s",
					outer.name, listText(outer.list), outer.place, c.path[depth], c.place)
			}
		}
		out := Column{Path: c.path, List: c.list, Type: c.forced}
		switch {
		case c.label:
			out.Type, out.Classes = Int64, c.names()
			if len(out.Classes) == 0 {
				return nil, fmt.Errorf("label column %s is empty in all rows: leave it out of import.label", c.name)
			}
		case out.Type == "":
			out.Type = map[table.Kind]Type{
				table.Null: String, table.String: String,
				table.Int: Int64, table.Float: Float64, table.Bool: Bool,
			}[c.kind]
		}
		columns = append(columns, out)
	}
	return columns, nil
}

func (s *schema) names() []string {
	var names []string
	for _, c := range s.columns {
		names = append(names, c.name)
	}
	return names
}

// names returns the classes of a label, in order.
func (c *column) names() []string {
	names := slices.Collect(maps.Keys(c.classes))
	slices.SortFunc(names, compareClasses(names))
	return names
}

// convert returns a single value as a value of a type. A string is read as one; the empty string is null where the type
// is no string.
func convert(c table.Cell, to Type) (table.Cell, error) {
	switch {
	case c.Kind == table.Null, to == String && c.Kind == table.String:
		return c, nil
	case to == String:
		return table.Cell{Kind: table.String, Str: c.Text()}, nil
	}
	text := strings.TrimSpace(c.Text())
	if text == "" {
		return table.Cell{}, nil
	}
	var err error
	var cell table.Cell
	switch to {
	case Int32, Int64:
		cell.Kind = table.Int
		bits := 64
		if to == Int32 {
			bits = 32
		}
		cell.Int, err = strconv.ParseInt(text, 10, bits)
	case Float64:
		cell.Kind = table.Float
		cell.Float, err = strconv.ParseFloat(text, 64)
	case Bool:
		cell.Kind = table.Bool
		cell.Bool, err = strconv.ParseBool(text)
	}
	if err != nil {
		return cell, fmt.Errorf("%q is no %s: correct it, or read the column as text", clip.Text(text, 40), to)
	}
	return cell, nil
}

// compareClasses returns the order of the names of classes. Whole numbers are in the order of numbers, so that 10 comes
// behind 9. Tags of BIO and its kin begin with O, and then have the tags of an entity beside each other, as data sets
// list them: O, B-person, I-person. Other names are in the order of their bytes.
func compareClasses(names []string) func(a, b string) int {
	numbers, tags := true, false
	for _, name := range names {
		n, err := strconv.ParseInt(name, 10, 64)
		numbers = numbers && err == nil && strconv.FormatInt(n, 10) == name
		tags = tags || name == table.Outside
	}
	for _, name := range names {
		tags = tags && table.IsTag(name)
	}
	switch {
	case numbers:
		return func(a, b string) int {
			x, _ := strconv.ParseInt(a, 10, 64)
			y, _ := strconv.ParseInt(b, 10, 64)
			return cmp.Compare(x, y)
		}
	case tags:
		return func(a, b string) int {
			x, entityA := cutTag(a)
			y, entityB := cutTag(b)
			return cmp.Or(cmp.Compare(entityA, entityB), cmp.Compare(x, y))
		}
	}
	return strings.Compare
}

// cutTag divides B-person. The entity of O is "", which comes first.
func cutTag(tag string) (position, entity string) {
	position, entity, _ = strings.Cut(tag, "-")
	return position, entity
}
