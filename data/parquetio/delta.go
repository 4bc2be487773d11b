package parquetio

import (
	"encoding/binary"
	"fmt"

	"github.com/parquet-go/parquet-go/format"

	"t5train/data/table"
)

// deltaReader reads DELTA_BINARY_PACKED integers: a header, then blocks of miniblocks of packed differences.
//
//	header: <values a block> <miniblocks a block> <values> <zigzag first value>
//	block:  <zigzag smallest difference> <a width byte for each miniblock> <miniblocks>
//
// https://parquet.apache.org/docs/file-format/data-pages/encodings/#DELTAENC
type deltaReader struct {
	src      []byte
	perMini  uint64 // values a miniblock
	minis    uint64 // miniblocks a block
	left     uint64 // values left
	value    int64  // the next one
	smallest int64  // difference of the block
	widths   []byte // of the miniblocks left in the block
	mini     bitReader
	miniLeft uint64 // differences left in the miniblock
}

func newDeltaReader(src []byte) (*deltaReader, error) {
	r := &deltaReader{src: src}
	perBlock, err := r.uvarint()
	if err != nil {
		return nil, err
	}
	if r.minis, err = r.uvarint(); err != nil {
		return nil, err
	}
	if r.left, err = r.uvarint(); err != nil {
		return nil, err
	}
	if r.value, err = r.varint(); err != nil {
		return nil, err
	}
	// The format wants blocks of 128n values and miniblocks of 32n; 1<<16 values are far above any writer's.
	if r.minis == 0 || perBlock == 0 || perBlock > 1<<16 || perBlock%r.minis != 0 || perBlock/r.minis%8 != 0 {
		return nil, fmt.Errorf("delta blocks of %d values in %d miniblocks are corrupt", perBlock, r.minis)
	}
	r.perMini = perBlock / r.minis
	return r, nil
}

func (r *deltaReader) next() (int64, error) {
	if r.left == 0 {
		return 0, errEnd
	}
	v := r.value
	r.left--
	if r.left == 0 {
		return v, nil
	}
	if r.miniLeft == 0 {
		if err := r.miniblock(); err != nil {
			return 0, err
		}
	}
	r.miniLeft--
	difference, err := r.mini.next()
	if err != nil {
		return 0, err
	}
	r.value += r.smallest + int64(difference) // wraps around, as the format says
	return v, nil
}

func (r *deltaReader) miniblock() error {
	if len(r.widths) == 0 {
		var err error
		if r.smallest, err = r.varint(); err != nil {
			return err
		}
		if uint64(len(r.src)) < r.minis {
			return errEnd
		}
		r.widths, r.src = r.src[:r.minis], r.src[r.minis:]
	}
	width := int(r.widths[0])
	r.widths = r.widths[1:]
	if width > 64 {
		return fmt.Errorf("delta miniblock of %d bits a value is corrupt", width)
	}
	// As in a run, the end of the last miniblock may be cut.
	size := min(r.perMini*uint64(width)/8, uint64(len(r.src)))
	r.mini = bitReader{src: r.src[:size], width: width}
	r.src = r.src[size:]
	r.miniLeft = r.perMini
	return nil
}

// rest skips the values that are left and returns the bytes behind them. It goes by miniblocks: one byte may stand for
// thousands of values, so a corrupt page could keep a walk over the values busy for hours.
func (r *deltaReader) rest() ([]byte, error) {
	for r.left > 1 { // the first value needs no difference
		if r.miniLeft == 0 {
			if err := r.miniblock(); err != nil {
				return nil, err
			}
		}
		n := min(r.miniLeft, r.left-1)
		r.miniLeft -= n
		r.left -= n
	}
	return r.src, nil
}

func (r *deltaReader) uvarint() (uint64, error) {
	v, n := binary.Uvarint(r.src)
	if n <= 0 {
		return 0, errEnd
	}
	r.src = r.src[n:]
	return v, nil
}

func (r *deltaReader) varint() (int64, error) {
	v, n := binary.Varint(r.src)
	if n <= 0 {
		return 0, errEnd
	}
	r.src = r.src[n:]
	return v, nil
}

// deltaIntReader reads the values of an integer column.
type deltaIntReader struct {
	values *deltaReader
	column *shardColumn
}

func newDeltaIntReader(c *shardColumn, src []byte) (*deltaIntReader, error) {
	values, err := newDeltaReader(src)
	return &deltaIntReader{values: values, column: c}, err
}

func (r *deltaIntReader) next() (table.Cell, error) {
	v, err := r.values.next()
	if err != nil {
		return table.Cell{}, err
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

// deltaBytesReader reads strings that share a prefix with the one before:
//
//	axis axle babble:  prefixes 0 2 0, suffixes 4 2 6, text "axis" "le" "babble"
//
// prefixes is nil for DELTA_LENGTH_BYTE_ARRAY, which shares none.
type deltaBytesReader struct {
	column             *shardColumn
	prefixes, suffixes *deltaReader
	text, last         string
}

func newDeltaLengthReader(c *shardColumn, src []byte) (*deltaBytesReader, error) {
	lengths, text, err := splitDelta(src)
	return &deltaBytesReader{column: c, suffixes: lengths, text: string(text)}, err
}

func newDeltaBytesReader(c *shardColumn, src []byte) (*deltaBytesReader, error) {
	prefixes, rest, err := splitDelta(src)
	if err != nil {
		return nil, err
	}
	suffixes, text, err := splitDelta(rest)
	return &deltaBytesReader{column: c, prefixes: prefixes, suffixes: suffixes, text: string(text)}, err
}

func (r *deltaBytesReader) next() (table.Cell, error) {
	size, err := r.suffixes.next()
	if err != nil {
		return table.Cell{}, err
	}
	if size < 0 || size > int64(len(r.text)) {
		return table.Cell{}, errEnd
	}
	value := r.text[:size]
	r.text = r.text[size:]
	if r.prefixes != nil {
		shared, err := r.prefixes.next()
		if err != nil {
			return table.Cell{}, err
		}
		if shared < 0 || shared > int64(len(r.last)) {
			return table.Cell{}, fmt.Errorf("prefix of %d bytes after a string of %d: the page is corrupt", shared, len(r.last))
		}
		value = r.last[:shared] + value
		r.last = value
	}
	if size := r.column.size; size > 0 && len(value) != size {
		return table.Cell{}, fmt.Errorf("value of %d bytes, want %d: the page is corrupt", len(value), size)
	}
	return r.column.bytes(value)
}
