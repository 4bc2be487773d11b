package page

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/parquet-go/parquet-go/encoding/thrift"

	"t5train/internal/bounded"
)

// errShort says that a thrift value does not end inside the given bytes.
var errShort = errors.New("thrift value goes past the end of its bytes")

// Element types of thrift's compact protocol.
// https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
const (
	thriftStop = iota
	thriftTrue
	thriftFalse
	thriftByte
	thriftI16
	thriftI32
	thriftI64
	thriftDouble
	thriftBinary
	thriftList
	thriftSet
	thriftMap
	thriftStruct
	thriftUUID
)

// maxThriftDepth is well above the deepest nesting that Parquet metadata has (about 8).
const maxThriftDepth = 32

// maxMetadataBytes bounds a struct in memory, as [bounded.Raised]: a column of a row group takes structBytes, and a
// file of a million of them is large.
const maxMetadataBytes = 1 << 30

// structBytes is what the largest struct of a list takes in memory, for as little as one byte of the file.
const structBytes = 600

// Decode decodes the thrift struct at the head of b into v and returns the bytes that it takes, or errShort.
// The walk of thriftLen comes first: the decoder allocates as many elements as a list's header claims.
func Decode(b []byte, v any) (int, error) {
	n, memory, err := thriftLen(b)
	if err != nil {
		return 0, err
	}
	bound, err := bounded.Raised(maxMetadataBytes)
	if err != nil {
		return 0, err
	}
	if memory > bound {
		return 0, fmt.Errorf("metadata of %d bytes may take %d bytes of memory, at most %d are read: if the file is "+
			"right, %s", n, memory, bound, bounded.Raise(memory))
	}
	var protocol thrift.CompactProtocol
	return n, thrift.Unmarshal(&protocol, b[:n], v)
}

// thriftLen returns the bytes that the struct at the head of b takes, and about how much memory at most. Every list and
// map is limited by the bytes that are left (an element takes at least one), so decoding b[:n] allocates in proportion
// to n.
func thriftLen(b []byte) (n int, memory int64, err error) {
	w := thriftWalk{b: b}
	w.structure(0)
	n = len(b) - len(w.b)
	return n, int64(n) + structBytes*w.structs, w.err
}

// thriftWalk passes over values. After an error no bytes are left, so that every loop ends.
type thriftWalk struct {
	b       []byte
	err     error // the first one
	structs int64 // in lists
}

func (w *thriftWalk) fail(err error) {
	if w.err == nil {
		w.err = err
	}
	w.b = nil
}

func (w *thriftWalk) skip(n uint64) {
	if n > uint64(len(w.b)) {
		w.fail(errShort)
		return
	}
	w.b = w.b[n:]
}

func (w *thriftWalk) byte() byte {
	if len(w.b) == 0 {
		w.fail(errShort)
		return thriftStop
	}
	c := w.b[0]
	w.b = w.b[1:]
	return c
}

func (w *thriftWalk) uvarint() uint64 {
	v, n := binary.Uvarint(w.b)
	switch {
	case n == 0:
		w.fail(errShort)
	case n < 0:
		w.fail(errors.New("thrift integer has more than 64 bits"))
	default:
		w.b = w.b[n:]
	}
	return v
}

func (w *thriftWalk) structure(depth int) {
	w.checkDepth(depth)
	for head := w.byte(); head != thriftStop; head = w.byte() {
		if head>>4 == 0 { // no delta: the field id follows
			w.uvarint()
		}
		if kind := head & 0xf; kind != thriftTrue && kind != thriftFalse { // the value of a bool field is its type
			w.value(kind, depth)
		}
	}
}

func (w *thriftWalk) checkDepth(depth int) {
	if depth > maxThriftDepth {
		w.fail(fmt.Errorf("thrift value is nested more than %d deep", maxThriftDepth))
	}
}

func (w *thriftWalk) value(kind byte, depth int) {
	switch kind {
	case thriftTrue, thriftFalse, thriftByte:
		w.skip(1)
	case thriftI16, thriftI32, thriftI64:
		w.uvarint()
	case thriftDouble:
		w.skip(8)
	case thriftUUID:
		w.skip(16)
	case thriftBinary:
		w.skip(w.uvarint())
	case thriftList, thriftSet:
		head := w.byte()
		size := uint64(head >> 4)
		if size == 0xf {
			size = w.uvarint()
		}
		w.elements(size, depth, head&0xf)
	case thriftMap:
		if size := w.uvarint(); size > 0 {
			kinds := w.byte()
			w.elements(size, depth, kinds>>4, kinds&0xf)
		}
	case thriftStruct:
		w.structure(depth + 1)
	default:
		w.fail(fmt.Errorf("thrift type %d is unknown", kind))
	}
}

// elements walks size groups of values of the given kinds.
func (w *thriftWalk) elements(size uint64, depth int, kinds ...byte) {
	w.checkDepth(depth)
	if size > uint64(len(w.b)) {
		w.fail(errShort)
	}
	for ; size > 0 && w.err == nil; size-- {
		for _, kind := range kinds {
			if kind == thriftStruct {
				w.structs++
			}
			w.value(kind, depth+1)
		}
	}
}
