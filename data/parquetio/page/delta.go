package page

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
	perBlock, err := cutVarint(&r.src, binary.Uvarint)
	if err == nil {
		r.minis, err = cutVarint(&r.src, binary.Uvarint)
	}
	if err == nil {
		r.left, err = cutVarint(&r.src, binary.Uvarint)
	}
	if err == nil {
		r.value, err = cutVarint(&r.src, binary.Varint)
	}
	if err != nil {
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
		if r.smallest, err = cutVarint(&r.src, binary.Varint); err != nil {
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

// cutVarint cuts an integer from the head of src.
func cutVarint[T int64 | uint64](src *[]byte, decode func([]byte) (T, int)) (T, error) {
	v, n := decode(*src)
	if n <= 0 {
		return 0, errEnd
	}
	*src = (*src)[n:]
	return v, nil
}

// deltaIntegers reads the values of an integer column.
func deltaIntegers(c *Column, src []byte) (values, error) {
	r, err := newDeltaReader(src)
	return func() (table.Cell, error) {
		v, err := r.next()
		if err != nil {
			return table.Cell{}, err
		}
		if c.Physical == format.Int32 {
			v = int64(int32(v))
		}
		return c.integer(v)
	}, err
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

// deltaBytes reads strings. Those of DELTA_BYTE_ARRAY share a prefix with the one before, which DELTA_LENGTH_BYTE_ARRAY
// has not:
//
//	axis axle babble:  prefixes 0 2 0, suffixes 4 2 6, text "axis" "le" "babble"
func deltaBytes(c *Column, src []byte, shared bool) (values, error) {
	var prefixes *deltaReader
	var err error
	if shared {
		if prefixes, src, err = splitDelta(src); err != nil {
			return nil, err
		}
	}
	suffixes, rest, err := splitDelta(src)
	text, last := string(rest), ""
	return func() (table.Cell, error) {
		size, err := suffixes.next()
		if err != nil {
			return table.Cell{}, err
		}
		if size < 0 || size > int64(len(text)) {
			return table.Cell{}, errEnd
		}
		value := text[:size]
		text = text[size:]
		if shared {
			n, err := prefixes.next()
			if err != nil {
				return table.Cell{}, err
			}
			if n < 0 || n > int64(len(last)) {
				return table.Cell{}, fmt.Errorf("prefix of %d bytes after a string of %d: the page is corrupt", n,
					len(last))
			}
			value = last[:n] + value
			last = value
		}
		if c.Size > 0 && len(value) != c.Size {
			return table.Cell{}, fmt.Errorf("value of %d bytes, want %d: the page is corrupt", len(value), c.Size)
		}
		return c.bytes(value)
	}, err
}
