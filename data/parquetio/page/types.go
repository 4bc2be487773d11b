package page

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/parquet-go/parquet-go/format"

	"t5train/data/table"
)

// Type is how a leaf stores its values and how they become cells.
type Type struct {
	Name     string // as [table.Column] has it, of a single value
	Physical format.Type
	// bytes of a value; 0 where it varies (BYTE_ARRAY) and for BOOLEAN, of a bit
	Size    int
	integer func(int64) (table.Cell, error)  // makes a cell of an INT32 or INT64
	bytes   func(string) (table.Cell, error) // makes a cell of a BYTE_ARRAY, FIXED_LEN_BYTE_ARRAY or INT96
}

// fixed makes a cell of a value of t.Size bytes, little-endian as PLAIN has it.
func (t *Type) fixed(raw []byte) (table.Cell, error) {
	switch t.Physical {
	case format.Int32:
		return t.integer(int64(int32(binary.LittleEndian.Uint32(raw))))
	case format.Int64:
		return t.integer(int64(binary.LittleEndian.Uint64(raw)))
	case format.Float:
		return table.Cell{Kind: table.Float, Float: float64(math.Float32frombits(binary.LittleEndian.Uint32(raw)))}, nil
	case format.Double:
		return table.Cell{Kind: table.Float, Float: math.Float64frombits(binary.LittleEndian.Uint64(raw))}, nil
	}
	return t.bytes(string(raw))
}

// Raw returns the type of the values as they are stored, whatever they stand for.
func (t Type) Raw() Type {
	t.bytes, t.integer = stringCell, integerCell
	return t
}

// TypeOf returns the type of a schema element that has no children.
func TypeOf(e *format.SchemaElement) Type {
	annotation := Annotation(e)
	t := Type{Physical: e.Type.V}
	if annotation == table.TypeNull {
		t.Name = table.TypeNull
		return t
	}
	switch t.Physical {
	case format.Boolean:
		t.Name = table.TypeBool
	case format.Float:
		t.Name, t.Size = table.TypeFloat, 4
	case format.Double:
		t.Name, t.Size = table.TypeFloat, 8
	case format.Int32:
		t.Size = 4
		t.setInteger(e, annotation)
	case format.Int64:
		t.Size = 8
		t.setInteger(e, annotation)
	case format.Int96:
		t.Name, t.Size, t.bytes = table.TypeTimestamp, 12, int96Timestamp
	case format.ByteArray:
		t.setBytes(e, annotation)
	case format.FixedLenByteArray:
		if t.Size = int(e.TypeLength.V); t.Size <= 0 {
			t.Name = fmt.Sprintf("fixed-length bytes of length %d", t.Size)
		} else {
			t.setBytes(e, annotation)
		}
	default:
		t.Name = "unknown"
	}
	return t
}

func (t *Type) setInteger(e *format.SchemaElement, annotation string) {
	unit, known := unitOf(e)
	t.Name = annotation
	switch {
	case annotation == "" || annotation == "int":
		t.Name, t.integer = table.TypeInt, integerCell
	case annotation == "uint":
		t.Name, t.integer = table.TypeInt, unsigned64
		if t.Physical == format.Int32 {
			t.integer = unsigned32
		}
	case annotation == table.TypeDate:
		t.integer = dateCell
	case annotation == table.TypeTime && known:
		t.integer = unit.time
	case annotation == table.TypeTimestamp && known:
		t.integer = unit.timestamp
	case annotation == table.TypeDecimal:
		if scale, ok := t.scale(e); ok {
			t.integer = scale.integer
		}
	case annotation == table.TypeTime || annotation == table.TypeTimestamp:
		t.Name += " of an unknown unit"
	default:
		t.setUnreadable()
	}
}

func (t *Type) setBytes(e *format.SchemaElement, annotation string) {
	fixed := t.Physical == format.FixedLenByteArray
	t.Name = annotation
	switch {
	case annotation == table.TypeDecimal:
		if scale, ok := t.scale(e); ok {
			t.bytes = scale.bytes
		}
	case fixed && annotation == "float16" && t.Size == 2:
		t.Name, t.bytes = table.TypeFloat, float16Cell
	case fixed && annotation == "":
		t.Name = "fixed-length bytes"
	case !fixed && (annotation == table.TypeString || annotation == ""):
		// Writers before 2014, and some since, leave out the annotation.
		t.Name, t.bytes = table.TypeString, stringCell
	default:
		t.setUnreadable()
	}
}

// scale returns the scale of a decimal, and says in the name of the type where it cannot be read.
func (t *Type) scale(e *format.SchemaElement) (s scale, ok bool) {
	if s = scaleOf(e); s < 0 || s > maxScale {
		t.Name = fmt.Sprintf("decimal of scale %d", s)
		return s, false
	}
	return s, true
}

// setUnreadable names a type that cannot be read, which may be one that can but is not stored so: a date in bytes.
func (t *Type) setUnreadable() {
	if (table.Column{Type: t.Name}).Readable() {
		t.Name += fmt.Sprintf(" stored as %v", t.Physical)
	}
}

func integerCell(v int64) (table.Cell, error) { return table.Cell{Kind: table.Int, Int: v}, nil }

func stringCell(s string) (table.Cell, error) { return table.Cell{Kind: table.String, Str: s}, nil }

// unsigned32 and unsigned64 make cells of unsigned values, whose bits are stored in a signed one.
func unsigned32(v int64) (table.Cell, error) { return integerCell(int64(uint32(v))) }

func unsigned64(v int64) (table.Cell, error) {
	if v < 0 {
		return table.Cell{}, notRead("unsigned value %d does not fit 63 bits: write the column as text to read it",
			uint64(v))
	}
	return integerCell(v)
}
