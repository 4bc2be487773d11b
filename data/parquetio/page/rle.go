package page

import (
	"encoding/binary"
	"errors"
	"math/bits"
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
	value  uint64 // of a repeated run
	packed *bitReader
}

// levelReader reads levels from 0 to highest, or is nil where there is only one.
func levelReader(src []byte, highest int) *rleReader {
	if highest == 0 {
		return nil
	}
	return &rleReader{src: src, width: bits.Len(uint(highest))}
}

func (r *rleReader) next() (uint64, error) {
	for r.left == 0 {
		if err := r.run(); err != nil {
			return 0, err
		}
	}
	r.left--
	if r.packed == nil {
		return r.value, nil
	}
	return r.packed.next()
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
		r.value |= uint64(b) << (8 * i)
	}
	r.src = r.src[size:]
	return nil
}
