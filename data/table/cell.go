package table

import (
	"crypto/sha256"
	"encoding/json"
	"strconv"
	"strings"

	"t5train/internal/floats"
)

// Kind says which field of a [Cell] holds its value.
type Kind uint8

// The kinds of cells.
const (
	Null Kind = iota
	String
	Int
	Float
	Bool
	List
)

// Cell is one value of one row, or the list of its values. The zero Cell is null.
//
// Str may share memory with the page it was read from: strings.Clone what is kept long after the scan.
type Cell struct {
	Kind  Kind
	Bool  bool
	Str   string
	Int   int64
	Float float64
	Items []Cell // of a list; null where an item is
}

// Text returns the value as text: 3, 0.5, true; a string as it is; null as nothing; a list as its items' texts with
// a space between.
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
	case List:
		return c.join(Cell.Text, " ")
	}
	return ""
}

// Number returns the value of an Int or a Float, or of a String that is a decimal number, as those of a table are: "3",
// "-0.5". ok is false where there is none, or it is not finite.
func (c Cell) Number() (v float64, ok bool) {
	switch c.Kind {
	case Int:
		return float64(c.Int), true
	case Float:
		return c.Float, floats.IsFinite(c.Float)
	case String:
		text := strings.TrimSpace(c.Str)
		if strings.Trim(text, "+-0123456789.eE") != "" { // of what Go reads: 0x1p-2, 1_000, Inf
			return 0, false
		}
		v, err := strconv.ParseFloat(text, 64)
		return v, err == nil
	}
	return 0, false
}

// String returns the value as an error message shows it: strings quoted, null as null, lists in brackets.
func (c Cell) String() string {
	switch c.Kind {
	case Null:
		return "null"
	case String:
		return strconv.Quote(c.Str)
	case List:
		return "[" + c.join(Cell.String, ", ") + "]"
	}
	return c.Text()
}

// JSON returns the value as JSON, with text as it is. Numbers that JSON has not (NaN, infinities) are strings; float
// writes the other cells of kind Float.
func (c Cell) JSON(float func(Cell) string) string {
	switch {
	case c.Kind == Null:
		return "null"
	case c.Kind == String:
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		e.Encode(c.Str) // a text cannot fail
		return strings.TrimSuffix(b.String(), "\n")
	case c.Kind == List:
		return "[" + c.join(func(item Cell) string { return item.JSON(float) }, ",") + "]"
	case c.Kind == Float && !floats.IsFinite(c.Float):
		return strconv.Quote(c.Text())
	case c.Kind == Float:
		return float(c)
	}
	return c.Text()
}

func (c Cell) join(text func(Cell) string, between string) string {
	texts := make([]string, len(c.Items))
	for i, item := range c.Items {
		texts[i] = text(item)
	}
	return strings.Join(texts, between)
}

// Digest stands for a text where many are held in memory: those of different texts differ.
func Digest(text string) [16]byte {
	sum := sha256.Sum256([]byte(text))
	return [16]byte(sum[:16])
}
