package parquetio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/parquet-go/parquet-go/format"
)

// valueReader hands out the values of one page, nulls excluded.
type valueReader interface {
	next() (Cell, error)
}

// newValueReader reads the values of a page of column c. dictionary is the column chunk's, or nil.
func newValueReader(c *shardColumn, encoding format.Encoding, src []byte, dictionary []Cell) (valueReader, error) {
	switch encoding {
	case format.Plain:
		return newPlainReader(c, src), nil
	//lint:ignore SA1019 old writers still mark pages so
	case format.PlainDictionary, format.RLEDictionary:
		if dictionary == nil {
			return nil, errors.New("page refers to a dictionary, and there is none before it")
		}
		if len(src) == 0 {
			return &dictionaryReader{}, nil // a page of nulls
		}
		width := int(src[0])
		if width > 32 {
			return nil, fmt.Errorf("dictionary indices of %d bits are corrupt", width)
		}
		return &dictionaryReader{indices: rleReader{src: src[1:], width: width}, values: dictionary}, nil
	case format.RLE:
		if c.physical == format.Boolean {
			if len(src) < 4 {
				return &boolReader{}, nil
			}
			return &boolReader{bits: rleReader{src: src[4:], width: 1}}, nil
		}
	case format.DeltaBinaryPacked:
		if c.physical == format.Int32 || c.physical == format.Int64 {
			values, err := newDeltaReader(src)
			if err != nil {
				return nil, err
			}
			return &deltaIntReader{values: values, column: c}, nil
		}
	case format.DeltaLengthByteArray:
		if c.physical == format.ByteArray {
			lengths, text, err := splitDelta(src)
			if err != nil {
				return nil, err
			}
			return &deltaStringReader{suffixes: lengths, text: string(text)}, nil
		}
	case format.DeltaByteArray:
		if c.physical == format.ByteArray {
			prefixes, rest, err := splitDelta(src)
			if err != nil {
				return nil, err
			}
			suffixes, text, err := splitDelta(rest)
			if err != nil {
				return nil, err
			}
			return &deltaStringReader{prefixes: prefixes, suffixes: suffixes, text: string(text)}, nil
		}
	}
	return nil, fmt.Errorf("encoding %v of a %s column cannot be read", encoding, c.Type)
}

// newPlainReader reads PLAIN values: little-endian numbers, bits from the lowest up, strings after their 4-byte
// length.
func newPlainReader(c *shardColumn, src []byte) valueReader {
	switch c.physical {
	case format.Boolean:
		return &plainBoolReader{bits: bitReader{src: src, width: 1}}
	case format.ByteArray:
		return &plainStringReader{text: string(src)} // one copy a page; its cells are slices of it
	}
	return &plainNumberReader{column: c, src: src}
}

type plainStringReader struct{ text string }

func (r *plainStringReader) next() (Cell, error) {
	if len(r.text) < 4 {
		return Cell{}, errEnd
	}
	n := uint32(r.text[0]) | uint32(r.text[1])<<8 | uint32(r.text[2])<<16 | uint32(r.text[3])<<24
	if uint64(n) > uint64(len(r.text)-4) {
		return Cell{}, errEnd
	}
	value := r.text[4 : 4+n]
	r.text = r.text[4+n:]
	return Cell{Kind: String, Str: value}, nil
}

type plainBoolReader struct{ bits bitReader }

func (r *plainBoolReader) next() (Cell, error) {
	bit, err := r.bits.next()
	return Cell{Kind: Bool, Bool: bit == 1}, err
}

type boolReader struct{ bits rleReader }

func (r *boolReader) next() (Cell, error) {
	bit, err := r.bits.next()
	return Cell{Kind: Bool, Bool: bit == 1}, err
}

type plainNumberReader struct {
	column *shardColumn
	src    []byte
}

func (r *plainNumberReader) next() (Cell, error) {
	size := 4
	if r.column.physical == format.Int64 || r.column.physical == format.Double {
		size = 8
	}
	if len(r.src) < size {
		return Cell{}, errEnd
	}
	raw := r.src[:size]
	r.src = r.src[size:]
	switch r.column.physical {
	case format.Int32:
		return r.column.integer(int64(int32(binary.LittleEndian.Uint32(raw))))
	case format.Int64:
		return r.column.integer(int64(binary.LittleEndian.Uint64(raw)))
	case format.Float:
		return Cell{Kind: Float, Float: float64(math.Float32frombits(binary.LittleEndian.Uint32(raw)))}, nil
	case format.Double:
		return Cell{Kind: Float, Float: math.Float64frombits(binary.LittleEndian.Uint64(raw))}, nil
	}
	return Cell{}, fmt.Errorf("physical type %v cannot be read", r.column.physical)
}

// integer makes a cell of a stored integer. Unsigned columns store their bits in a signed one.
func (c *shardColumn) integer(v int64) (Cell, error) {
	if c.unsigned {
		if c.physical == format.Int32 {
			v = int64(uint32(v))
		} else if v < 0 {
			return Cell{}, fmt.Errorf("unsigned value %d does not fit 63 bits", uint64(v))
		}
	}
	return Cell{Kind: Int, Int: v}, nil
}

type dictionaryReader struct {
	indices rleReader
	values  []Cell
}

func (r *dictionaryReader) next() (Cell, error) {
	i, err := r.indices.next()
	if err != nil {
		return Cell{}, err
	}
	if int64(i) >= int64(len(r.values)) {
		return Cell{}, fmt.Errorf("index %d in a dictionary of %d values: the page is corrupt", i, len(r.values))
	}
	return r.values[i], nil
}

type deltaIntReader struct {
	values *deltaReader
	column *shardColumn
}

func (r *deltaIntReader) next() (Cell, error) {
	v, err := r.values.next()
	if err != nil {
		return Cell{}, err
	}
	if r.column.physical == format.Int32 {
		v = int64(int32(v))
	}
	return r.column.integer(v)
}

// splitDelta returns the integers at the head of src, ready to be read, and the bytes behind them.
func splitDelta(src []byte) (*deltaReader, []byte, error) {
	skipped, err := newDeltaReader(src)
	if err != nil {
		return nil, nil, err
	}
	rest, err := skipped.rest()
	if err != nil {
		return nil, nil, err
	}
	head, err := newDeltaReader(src)
	return head, rest, err
}

// deltaStringReader reads strings that share a prefix with the one before:
//
//	axis axle babble:  prefixes 0 2 0, suffixes 4 2 6, text "axis" "le" "babble"
//
// prefixes is nil for DELTA_LENGTH_BYTE_ARRAY, which shares none.
type deltaStringReader struct {
	prefixes, suffixes *deltaReader
	text, last         string
}

func (r *deltaStringReader) next() (Cell, error) {
	size, err := r.suffixes.next()
	if err != nil {
		return Cell{}, err
	}
	if size < 0 || size > int64(len(r.text)) {
		return Cell{}, errEnd
	}
	value := r.text[:size]
	r.text = r.text[size:]
	if r.prefixes != nil {
		shared, err := r.prefixes.next()
		if err != nil {
			return Cell{}, err
		}
		if shared < 0 || shared > int64(len(r.last)) {
			return Cell{}, fmt.Errorf("prefix of %d bytes after a string of %d: the page is corrupt", shared, len(r.last))
		}
		value = r.last[:shared] + value
		r.last = value
	}
	return Cell{Kind: String, Str: value}, nil
}
