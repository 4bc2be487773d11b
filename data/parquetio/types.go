package parquetio

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/parquet-go/parquet-go/format"

	"t5train/data/table"
)

// ReadableTypes lists the types that [Dataset.Scan] reads, for messages.
const ReadableTypes = "string, int, float, bool, date, time, timestamp, decimal and null"

// storage is how a leaf stores its values and how they become cells.
type storage struct {
	physical format.Type
	size     int                              // bytes of a value; 0 where it varies (BYTE_ARRAY) and for BOOLEAN, of a bit
	integer  func(int64) (table.Cell, error)  // makes a cell of an INT32 or INT64
	bytes    func(string) (table.Cell, error) // makes a cell of a BYTE_ARRAY, FIXED_LEN_BYTE_ARRAY or INT96
}

// fixed makes a cell of a value of s.size bytes, little-endian as PLAIN has it.
func (s *storage) fixed(raw []byte) (table.Cell, error) {
	switch s.physical {
	case format.Int32:
		return s.integer(int64(int32(binary.LittleEndian.Uint32(raw))))
	case format.Int64:
		return s.integer(int64(binary.LittleEndian.Uint64(raw)))
	case format.Float:
		return table.Cell{Kind: table.Float, Float: float64(math.Float32frombits(binary.LittleEndian.Uint32(raw)))}, nil
	case format.Double:
		return table.Cell{Kind: table.Float, Float: math.Float64frombits(binary.LittleEndian.Uint64(raw))}, nil
	}
	return s.bytes(string(raw))
}

// leafType names the type of the values of a schema element that has no children, and says how they are stored.
func leafType(e *format.SchemaElement) (string, storage) {
	annotation := annotationOf(e)
	s := storage{physical: e.Type.V}
	if annotation == table.TypeNull {
		return table.TypeNull, s
	}
	switch s.physical {
	case format.Boolean:
		return table.TypeBool, s
	case format.Float:
		s.size = 4
		return table.TypeFloat, s
	case format.Double:
		s.size = 8
		return table.TypeFloat, s
	case format.Int32:
		s.size = 4
		return integerType(e, annotation, s)
	case format.Int64:
		s.size = 8
		return integerType(e, annotation, s)
	case format.Int96:
		s.size, s.bytes = 12, int96Timestamp
		return table.TypeTimestamp, s
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
		return table.TypeInt, s
	case annotation == "uint":
		s.integer = unsigned64
		if s.physical == format.Int32 {
			s.integer = unsigned32
		}
		return table.TypeInt, s
	case annotation == table.TypeDate:
		s.integer = dateCell
	case annotation == table.TypeTime && known:
		s.integer = unit.time
	case annotation == table.TypeTimestamp && known:
		s.integer = unit.timestamp
	case annotation == table.TypeDecimal:
		scale := scaleOf(e)
		if !scale.readable() {
			return fmt.Sprintf("decimal of scale %d", scale), s
		}
		s.integer = scale.integer
	case annotation == table.TypeTime || annotation == table.TypeTimestamp:
		return annotation + " of an unknown unit", s
	default:
		return unreadable(annotation, s), s
	}
	return annotation, s
}

func bytesType(e *format.SchemaElement, annotation string, s storage) (string, storage) {
	fixed := s.physical == format.FixedLenByteArray
	switch {
	case annotation == table.TypeDecimal:
		scale := scaleOf(e)
		if !scale.readable() {
			return fmt.Sprintf("decimal of scale %d", scale), s
		}
		s.bytes = scale.bytes
		return table.TypeDecimal, s
	case fixed && annotation == "float16" && s.size == 2:
		s.bytes = float16Cell
		return table.TypeFloat, s
	case fixed && annotation == "":
		return "fixed-length bytes", s
	case !fixed && (annotation == table.TypeString || annotation == ""):
		// Writers before 2014, and some since, leave out the annotation.
		s.bytes = stringCell
		return table.TypeString, s
	}
	return unreadable(annotation, s), s
}

// unreadable names a type that cannot be read, which may be one that can but is not stored so: a date in bytes.
func unreadable(annotation string, s storage) string {
	if (table.Column{Type: annotation}).Readable() {
		return fmt.Sprintf("%s stored as %v", annotation, s.physical)
	}
	return annotation
}

func integerCell(v int64) (table.Cell, error) { return table.Cell{Kind: table.Int, Int: v}, nil }

func stringCell(s string) (table.Cell, error) { return table.Cell{Kind: table.String, Str: s}, nil }

// unsigned32 and unsigned64 make cells of unsigned values, whose bits are stored in a signed one.
func unsigned32(v int64) (table.Cell, error) { return integerCell(int64(uint32(v))) }

func unsigned64(v int64) (table.Cell, error) {
	if v < 0 {
		return table.Cell{}, notRead("unsigned value %d does not fit 63 bits: write the column as text to read it", uint64(v))
	}
	return integerCell(v)
}
