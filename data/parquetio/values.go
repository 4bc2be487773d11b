package parquetio

import (
	"errors"

	"github.com/parquet-go/parquet-go/format"

	"t5train/data/table"
)

// valueReader hands out the values of one page, nulls excluded.
type valueReader interface {
	next() (table.Cell, error)
}

// newValueReader reads the values of a page of column c. d is the column chunk's dictionary, or nil.
func newValueReader(c *shardColumn, encoding format.Encoding, src []byte, d *dictionary) (valueReader, error) {
	if c.Type == table.TypeNull {
		return nullReader{}, nil
	}
	number := c.physical == format.Int32 || c.physical == format.Int64
	text := c.physical == format.ByteArray
	switch encoding {
	case format.Plain:
		return newPlainReader(c, src), nil
	//lint:ignore SA1019 old writers still mark pages so
	case format.PlainDictionary, format.RLEDictionary:
		if d == nil {
			return nil, errors.New("page refers to a dictionary, and there is none before it")
		}
		return newDictionaryReader(d, src)
	case format.RLE:
		if c.physical == format.Boolean {
			return newBoolReader(src), nil
		}
	case format.DeltaBinaryPacked:
		if number {
			return newDeltaIntReader(c, src)
		}
	case format.DeltaLengthByteArray:
		if text {
			return newDeltaLengthReader(c, src)
		}
	case format.DeltaByteArray:
		if text || c.physical == format.FixedLenByteArray {
			return newDeltaBytesReader(c, src)
		}
	case format.ByteStreamSplit:
		if c.size > 0 {
			return &splitReader{column: c, src: src, values: len(src) / c.size, raw: make([]byte, c.size)}, nil
		}
	}
	return nil, notRead("encoding %v of a column of %v cannot be read", encoding, c.physical)
}

// nullReader reads columns that hold nulls only.
type nullReader struct{}

func (nullReader) next() (table.Cell, error) {
	return table.Cell{}, errors.New("column of type null holds a value: the file is corrupt")
}

// newPlainReader reads PLAIN values: little-endian numbers, bits from the lowest up, strings after their 4-byte
// length.
func newPlainReader(c *shardColumn, src []byte) valueReader {
	switch c.physical {
	case format.Boolean:
		return &plainBoolReader{bits: bitReader{src: src, width: 1}}
	case format.ByteArray:
		return &plainBytesReader{column: c, text: string(src)} // one copy a page; its cells are slices of it
	}
	return &plainFixedReader{column: c, src: src}
}

type plainBytesReader struct {
	column *shardColumn
	text   string
}

func (r *plainBytesReader) next() (table.Cell, error) {
	value, rest, err := cutBytes(r.text)
	if err != nil {
		return table.Cell{}, err
	}
	r.text = rest
	return r.column.bytes(value)
}

// cutBytes cuts a value that follows its length from the head of text.
func cutBytes(text string) (value, rest string, err error) {
	if len(text) < 4 {
		return "", "", errEnd
	}
	n := uint32(text[0]) | uint32(text[1])<<8 | uint32(text[2])<<16 | uint32(text[3])<<24
	if uint64(n) > uint64(len(text)-4) {
		return "", "", errEnd
	}
	return text[4 : 4+n], text[4+n:], nil
}

type plainFixedReader struct {
	column *shardColumn
	src    []byte
}

func (r *plainFixedReader) next() (table.Cell, error) {
	size := r.column.size
	if len(r.src) < size {
		return table.Cell{}, errEnd
	}
	raw := r.src[:size]
	r.src = r.src[size:]
	return r.column.fixed(raw)
}

type plainBoolReader struct{ bits bitReader }

func (r *plainBoolReader) next() (table.Cell, error) {
	bit, err := r.bits.next()
	return table.Cell{Kind: table.Bool, Bool: bit == 1}, err
}

// boolReader reads RLE booleans, which follow their 4-byte length.
type boolReader struct{ bits rleReader }

func newBoolReader(src []byte) *boolReader {
	if len(src) < 4 {
		return &boolReader{} // a page of nulls
	}
	return &boolReader{bits: rleReader{src: src[4:], width: 1}}
}

func (r *boolReader) next() (table.Cell, error) {
	bit, err := r.bits.next()
	return table.Cell{Kind: table.Bool, Bool: bit == 1}, err
}

// splitReader reads BYTE_STREAM_SPLIT values: the first bytes of all values, then the second bytes, ...
//
//	0x0a0b 0x1a1b:  0b 1b 0a 1a
type splitReader struct {
	column   *shardColumn
	src, raw []byte
	values   int
	at       int // next value
}

func (r *splitReader) next() (table.Cell, error) {
	if r.at >= r.values {
		return table.Cell{}, errEnd
	}
	for i := range r.raw {
		r.raw[i] = r.src[i*r.values+r.at]
	}
	r.at++
	return r.column.fixed(r.raw)
}
