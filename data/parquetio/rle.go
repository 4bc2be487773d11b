package parquetio

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// errEnd says that a page holds fewer values than its header counts.
var errEnd = errors.New("page ends before its last value")

// bitReader reads integers of a fixed width, packed from the lowest bit of each byte up:
//
//	width 3, values 5 2 7:  101 | 010 << 3 | 111 << 6  ->  bytes 0xd5 0x01
type bitReader struct {
	src   []byte
	width int // 0..64 bits
	at    int // next bit
}

func (r *bitReader) next() (uint64, error) {
	if r.at+r.width > 8*len(r.src) {
		return 0, errEnd
	}
	var v uint64
	for got := 0; got < r.width; {
		bit := r.at & 7
		take := min(8-bit, r.width-got)
		part := uint64(r.src[r.at>>3]) >> bit & (1<<take - 1)
		v |= part << got
		got += take
		r.at += take
	}
	return v, nil
}

// rleReader reads Parquet's RLE/bit-packed hybrid, the encoding of levels, dictionary indices and booleans. A
// stream is a row of runs:
//
//	<2n>   value               n times the value, which takes ceil(width/8) bytes
//	<2n+1> 8n packed values    n*width bytes
//
// https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE
type rleReader struct {
	src    []byte
	width  int    // 0..32 bits
	left   uint64 // values left in the current run
	value  uint32 // of a repeated run
	packed *bitReader
}

func (r *rleReader) next() (uint32, error) {
	for r.left == 0 {
		if err := r.run(); err != nil {
			return 0, err
		}
	}
	r.left--
	if r.packed == nil {
		return r.value, nil
	}
	v, err := r.packed.next()
	return uint32(v), err
}

func (r *rleReader) run() error {
	if len(r.src) == 0 {
		return errEnd
	}
	head, n := binary.Uvarint(r.src)
	if n <= 0 || head>>1 > 1<<31 {
		return errors.New("length of a run is corrupt")
	}
	r.src = r.src[n:]
	if head&1 == 1 {
		r.left = head >> 1 * 8
		// A writer may cut the padding of the last run short: next checks the bits that it needs.
		size := min(head>>1*uint64(r.width), uint64(len(r.src)))
		r.packed = &bitReader{src: r.src[:size], width: r.width}
		r.src = r.src[size:]
		return nil
	}
	size := (r.width + 7) / 8
	if size > len(r.src) {
		return errEnd
	}
	r.left, r.packed, r.value = head>>1, nil, 0
	for i, b := range r.src[:size] {
		r.value |= uint32(b) << (8 * i)
	}
	r.src = r.src[size:]
	return nil
}

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
