package parquetio

import "strconv"

// Kind says which field of a [Cell] holds its value.
type Kind uint8

// The kinds of cells.
const (
	Null Kind = iota
	String
	Int
	Float
	Bool
)

// Cell is one value of one row. The zero Cell is null.
//
// Str may share memory with the page it was read from: strings.Clone what is kept long after the scan.
type Cell struct {
	Kind  Kind
	Str   string
	Int   int64
	Float float64
	Bool  bool
}

// Text returns the value as text: 3, 0.5, true; a string as it is; null as nothing.
func (c Cell) Text() string {
	switch c.Kind {
	case String:
		return c.Str
	case Int:
		return strconv.FormatInt(c.Int, 10)
	case Float:
		return strconv.FormatFloat(c.Float, 'g', -1, 64)
	case Bool:
		return strconv.FormatBool(c.Bool)
	}
	return ""
}

// String returns the value as an error message shows it: strings quoted, null as null.
func (c Cell) String() string {
	switch c.Kind {
	case Null:
		return "null"
	case String:
		return strconv.Quote(c.Str)
	}
	return c.Text()
}
