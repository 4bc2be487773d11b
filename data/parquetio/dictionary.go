package parquetio

import (
	"fmt"

	"github.com/parquet-go/parquet-go/format"

	"t5train/data/table"
)

// dictionary holds the different values of a column chunk as they are stored, which takes less memory than cells: a few
// bytes may stand for many values.
type dictionary struct {
	column *shardColumn
	text   string
	values int
	starts []uint32 // of each value of BYTE_ARRAY in text
}

func newDictionary(c *shardColumn, values int32, body []byte) (*dictionary, error) {
	d := &dictionary{column: c, text: string(body), values: int(values)}
	switch {
	case c.Type == table.TypeNull:
		return d, nil // pyarrow writes an empty one
	case c.physical == format.Boolean:
		return nil, notRead("dictionary of a column of %v cannot be read", c.physical)
	case values < 0:
		return nil, fmt.Errorf("dictionary of %d values is corrupt", values)
	case c.size > 0:
		if d.values > len(body)/c.size {
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

func (d *dictionary) at(i int) (table.Cell, error) {
	if i >= d.values {
		return table.Cell{}, fmt.Errorf("index %d in a dictionary of %d values: the page is corrupt", i, d.values)
	}
	if size := d.column.size; size > 0 {
		return d.column.fixed([]byte(d.text[i*size : (i+1)*size]))
	}
	value, _, err := cutBytes(d.text[d.starts[i]:])
	if err != nil {
		return table.Cell{}, err
	}
	return d.column.bytes(value)
}

// dictionaryReader reads indices of a dictionary, which follow a byte with their width.
type dictionaryReader struct {
	indices rleReader
	values  *dictionary
}

func newDictionaryReader(d *dictionary, src []byte) (*dictionaryReader, error) {
	if len(src) == 0 {
		return &dictionaryReader{}, nil // a page of nulls
	}
	width := int(src[0])
	if width > 32 {
		return nil, fmt.Errorf("dictionary indices of %d bits are corrupt", width)
	}
	return &dictionaryReader{indices: rleReader{src: src[1:], width: width}, values: d}, nil
}

func (r *dictionaryReader) next() (table.Cell, error) {
	i, err := r.indices.next()
	if err != nil {
		return table.Cell{}, err
	}
	return r.values.at(int(i))
}
