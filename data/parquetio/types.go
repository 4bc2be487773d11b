package parquetio

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/parquet-go/parquet-go/format"
)

// Types of values that can be read. Columns of any other type (interval, fixed-length bytes, ...) are listed under a
// name that says what they are, and cannot be read.
const (
	TypeString    = "string" // text, and bytes without an annotation
	TypeInt       = "int"
	TypeFloat     = "float"
	TypeBool      = "bool"
	TypeDate      = "date"      // cells are strings: 2024-02-29
	TypeTime      = "time"      // cells are strings: 23:59:59.25
	TypeTimestamp = "timestamp" // cells are strings: 2024-02-29T23:59:59.25, with a Z behind where the schema says UTC
	TypeDecimal   = "decimal"   // cells are strings with all digits of the scale: -12.50
	TypeNull      = "null"      // there are only null cells
)

// ReadableTypes lists the types that [Dataset.Scan] reads, for messages.
const ReadableTypes = "string, int, float, bool, date, time, timestamp, decimal and null"

// Readable says whether [Dataset.Scan] can read the column.
func (c Column) Readable() bool {
	switch c.Type {
	case TypeString, TypeInt, TypeFloat, TypeBool, TypeDate, TypeTime, TypeTimestamp, TypeDecimal, TypeNull:
		return true
	}
	return false
}

// storage is how a leaf stores its values and how they become cells.
type storage struct {
	physical format.Type
	size     int                        // bytes of a value; 0 where it varies (BYTE_ARRAY) and for BOOLEAN, of a bit
	integer  func(int64) (Cell, error)  // makes a cell of an INT32 or INT64
	bytes    func(string) (Cell, error) // makes a cell of a BYTE_ARRAY, FIXED_LEN_BYTE_ARRAY or INT96
}

// fixed makes a cell of a value of s.size bytes, little-endian as PLAIN has it.
func (s *storage) fixed(raw []byte) (Cell, error) {
	switch s.physical {
	case format.Int32:
		return s.integer(int64(int32(binary.LittleEndian.Uint32(raw))))
	case format.Int64:
		return s.integer(int64(binary.LittleEndian.Uint64(raw)))
	case format.Float:
		return Cell{Kind: Float, Float: float64(math.Float32frombits(binary.LittleEndian.Uint32(raw)))}, nil
	case format.Double:
		return Cell{Kind: Float, Float: math.Float64frombits(binary.LittleEndian.Uint64(raw))}, nil
	}
	return s.bytes(string(raw))
}

// leafType names the type of the values of a schema element that has no children, and says how they are stored.
func leafType(e *format.SchemaElement) (string, storage) {
	annotation := annotationOf(e)
	s := storage{physical: e.Type.V}
	if annotation == TypeNull {
		return TypeNull, s
	}
	switch s.physical {
	case format.Boolean:
		return TypeBool, s
	case format.Float:
		s.size = 4
		return TypeFloat, s
	case format.Double:
		s.size = 8
		return TypeFloat, s
	case format.Int32:
		s.size = 4
		return integerType(e, annotation, s)
	case format.Int64:
		s.size = 8
		return integerType(e, annotation, s)
	case format.Int96:
		s.size, s.bytes = 12, int96Timestamp
		return TypeTimestamp, s
	case format.ByteArray:
		return bytesType(e, annotation, s)
	case format.FixedLenByteArray:
		s.size = int(e.TypeLength.V)
		if s.size <= 0 {
			return fmt.Sprintf("fixed-length bytes of length %d", s.size), s
		}
		return bytesType(e, annotation, s)
	}
	return "unknown", s
}

func integerType(e *format.SchemaElement, annotation string, s storage) (string, storage) {
	unit, known := unitOf(e)
	switch {
	case annotation == "" || annotation == "int":
		s.integer = integerCell
		return TypeInt, s
	case annotation == "uint":
		s.integer = unsigned64
		if s.physical == format.Int32 {
			s.integer = unsigned32
		}
		return TypeInt, s
	case annotation == TypeDate:
		s.integer = dateCell
	case annotation == TypeTime && known:
		s.integer = unit.time
	case annotation == TypeTimestamp && known:
		s.integer = unit.timestamp
	case annotation == TypeDecimal:
		scale := scaleOf(e)
		if !scale.readable() {
			return fmt.Sprintf("decimal of scale %d", scale), s
		}
		s.integer = scale.integer
	case annotation == TypeTime || annotation == TypeTimestamp:
		return annotation + " of an unknown unit", s
	default:
		return unreadable(annotation, s), s
	}
	return annotation, s
}

func bytesType(e *format.SchemaElement, annotation string, s storage) (string, storage) {
	fixed := s.physical == format.FixedLenByteArray
	switch {
	case annotation == TypeDecimal:
		scale := scaleOf(e)
		if !scale.readable() {
			return fmt.Sprintf("decimal of scale %d", scale), s
		}
		s.bytes = scale.bytes
		return TypeDecimal, s
	case fixed && annotation == "float16" && s.size == 2:
		s.bytes = float16Cell
		return TypeFloat, s
	case fixed && annotation == "":
		return "fixed-length bytes", s
	case !fixed && (annotation == TypeString || annotation == ""):
		// Writers before 2014, and some since, leave out the annotation.
		s.bytes = stringCell
		return TypeString, s
	}
	return unreadable(annotation, s), s
}

// unreadable names a type that cannot be read, which may be one that can but is not stored so: a date in bytes.
func unreadable(annotation string, s storage) string {
	if (Column{Type: annotation}).Readable() {
		return fmt.Sprintf("%s stored as %v", annotation, s.physical)
	}
	return annotation
}

func integerCell(v int64) (Cell, error) { return Cell{Kind: Int, Int: v}, nil }

func stringCell(s string) (Cell, error) { return Cell{Kind: String, Str: s}, nil }

// unsigned32 and unsigned64 make cells of unsigned values, whose bits are stored in a signed one.
func unsigned32(v int64) (Cell, error) { return integerCell(int64(uint32(v))) }

func unsigned64(v int64) (Cell, error) {
	if v < 0 {
		return Cell{}, notRead("unsigned value %d does not fit 63 bits: write the column as text to read it", uint64(v))
	}
	return integerCell(v)
}
