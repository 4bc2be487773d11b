package page

import (
	"errors"
	"fmt"

	"github.com/parquet-go/parquet-go/format"

	"t5train/data/table"
)

// values returns the next value of a page, nulls excluded.
type values func() (table.Cell, error)

// newValues reads the values of a page of column c. d is the column chunk's dictionary, or nil.
func newValues(c *Column, encoding format.Encoding, src []byte, d *dictionary) (values, error) {
	if c.Name == table.TypeNull {
		return func() (table.Cell, error) {
			return table.Cell{}, errors.New("column of type null holds a value: the file is corrupt")
		}, nil
	}
	number := c.Physical == format.Int32 || c.Physical == format.Int64
	text := c.Physical == format.ByteArray
	switch encoding {
	case format.Plain:
		return plainValues(c, src), nil
	//lint:ignore SA1019 old writers still mark pages so
	case format.PlainDictionary, format.RLEDictionary:
		if d == nil {
			return nil, errors.New("page refers to a dictionary, and there is none before it")
		}
		return d.read(src)
	case format.RLE:
		if c.Physical == format.Boolean {
			// They follow their 4-byte length, which a page of nulls lacks.
			runs := rleReader{src: src[min(4, len(src)):], width: 1}
			return boolValues(runs.next), nil
		}
	case format.DeltaBinaryPacked:
		if number {
			return deltaIntegers(c, src)
		}
	case format.DeltaLengthByteArray:
		if text {
			return deltaBytes(c, src, false)
		}
	case format.DeltaByteArray:
		if text || c.Physical == format.FixedLenByteArray {
			return deltaBytes(c, src, true)
		}
	case format.ByteStreamSplit:
		if c.Size > 0 {
			return splitValues(c, src), nil
		}
	}
	return nil, notRead("encoding %v of a column of %v cannot be read", encoding, c.Physical)
}

// plainValues reads PLAIN values: little-endian numbers, bits from the lowest up, strings after their 4-byte length.
func plainValues(c *Column, src []byte) values {
	switch c.Physical {
	case format.Boolean:
		bits := bitReader{src: src, width: 1}
		return boolValues(bits.next)
	case format.ByteArray:
		text := string(src) // one copy a page; its cells are slices of it
		return func() (table.Cell, error) {
			value, rest, err := cutBytes(text)
			if err != nil {
				return table.Cell{}, err
			}
			text = rest
			return c.bytes(value)
		}
	}
	return func() (table.Cell, error) {
		if len(src) < c.Size {
			return table.Cell{}, errEnd
		}
		raw := src[:c.Size]
		src = src[c.Size:]
		return c.fixed(raw)
	}
}

func boolValues(next func() (uint64, error)) values {
	return func() (table.Cell, error) {
		bit, err := next()
		return table.Cell{Kind: table.Bool, Bool: bit == 1}, err
	}
}

// cutBytes cuts a value that follows its 4-byte length from the head of text.
func cutBytes[T string | []byte](text T) (value, rest T, err error) {
	if len(text) < 4 {
		return value, rest, errEnd
	}
	n := uint32(text[0]) | uint32(text[1])<<8 | uint32(text[2])<<16 | uint32(text[3])<<24
	if uint64(n) > uint64(len(text)-4) {
		return value, rest, errEnd
	}
	return text[4 : 4+n], text[4+n:], nil
}

// splitValues reads BYTE_STREAM_SPLIT values: the first bytes of all values, then the second bytes, ...
//
//	0x0a0b 0x1a1b:  0b 1b 0a 1a
func splitValues(c *Column, src []byte) values {
	raw, count, at := make([]byte, c.Size), len(src)/c.Size, 0
	return func() (table.Cell, error) {
		if at >= count {
			return table.Cell{}, errEnd
		}
		for i := range raw {
			raw[i] = src[i*count+at]
		}
		at++
		return c.fixed(raw)
	}
}

// dictionary holds the different values of a column chunk as they are stored, which takes less memory than cells: a few
// bytes may stand for many values.
type dictionary struct {
	column *Column
	text   string
	values int
	starts []uint32 // of each value of BYTE_ARRAY in text
}

func newDictionary(c *Column, values int32, body []byte) (*dictionary, error) {
	d := &dictionary{column: c, text: string(body), values: int(values)}
	switch {
	case c.Name == table.TypeNull:
		return d, nil // pyarrow writes an empty one
	case c.Physical == format.Boolean:
		return nil, notRead("dictionary of a column of %v cannot be read", c.Physical)
	case values < 0:
		return nil, fmt.Errorf("dictionary of %d values is corrupt", values)
	case c.Size > 0:
		if d.values > len(body)/c.Size {
			return nil, fmt.Errorf("read dictionary of %d values: %w", values, errEnd)
		}
		return d, nil
	}
	rest := d.text
	for range values {
		d.starts = append(d.starts, uint32(len(d.text)-len(rest))) // a page has less than 4 GiB
		var err error
		if _, rest, err = cutBytes(rest); err != nil {
			return nil, fmt.Errorf("read dictionary of %d values: %w", values, err)
		}
	}
	return d, nil
}

func (d *dictionary) at(i uint64) (table.Cell, error) {
	if i >= uint64(d.values) {
		return table.Cell{}, fmt.Errorf("index %d in a dictionary of %d values: the page is corrupt", i, d.values)
	}
	if size := uint64(d.column.Size); size > 0 {
		return d.column.fixed([]byte(d.text[i*size : (i+1)*size]))
	}
	value, _, err := cutBytes(d.text[d.starts[i]:])
	if err != nil {
		return table.Cell{}, err
	}
	return d.column.bytes(value)
}

// read reads indices, which follow a byte with their width.
func (d *dictionary) read(src []byte) (values, error) {
	var indices rleReader // of a page of nulls
	if len(src) > 0 {
		indices = rleReader{src: src[1:], width: int(src[0])}
	}
	if indices.width > 32 {
		return nil, fmt.Errorf("dictionary indices of %d bits are corrupt", indices.width)
	}
	return func() (table.Cell, error) {
		i, err := indices.next()
		if err != nil {
			return table.Cell{}, err
		}
		return d.at(i)
	}, nil
}
