package parquetio

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
	thriftStop   = 0
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
	thriftUUID   = 13
)

// maxThriftDepth is well above the deepest nesting that Parquet metadata has (about 8).
const maxThriftDepth = 32

// maxMetadataBytes bounds a struct in memory, as [bounded.Raised]: a column of a row group takes structBytes, and a file of
// a million of them is large.
const maxMetadataBytes = 1 << 30

// structBytes is what the largest struct of a list takes in memory, for as little as one byte of the file.
const structBytes = 600

// decodeStruct decodes the struct at the head of b into v and returns the bytes that it takes, or errShort.
// The walk of thriftLen comes first: the decoder allocates as many elements as a list's header claims.
func decodeStruct(b []byte, v any) (int, error) {
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
// map is held to the bytes that are left (an element takes at least one), so decoding b[:n] allocates in proportion to
// n.
func thriftLen(b []byte) (n int, memory int64, err error) {
	w := thriftWalk{b: b}
	if err := w.structure(0); err != nil {
		return 0, 0, err
	}
	return w.at, int64(w.at) + structBytes*w.structs, nil
}

type thriftWalk struct {
	b       []byte
	at      int
	structs int64 // in lists
}

func (w *thriftWalk) skip(n uint64) error {
	if n > uint64(len(w.b)-w.at) {
		return errShort
	}
	w.at += int(n)
	return nil
}

func (w *thriftWalk) byte() (byte, error) {
	if w.at >= len(w.b) {
		return 0, errShort
	}
	w.at++
	return w.b[w.at-1], nil
}

func (w *thriftWalk) uvarint() (uint64, error) {
	v, n := binary.Uvarint(w.b[w.at:])
	switch {
	case n == 0:
		return 0, errShort
	case n < 0:
		return 0, errors.New("thrift integer has more than 64 bits")
	}
	w.at += n
	return v, nil
}

func (w *thriftWalk) structure(depth int) error {
	if depth > maxThriftDepth {
		return fmt.Errorf("thrift value is nested more than %d deep", maxThriftDepth)
	}
	for {
		head, err := w.byte()
		if err != nil {
			return err
		}
		if head == thriftStop {
			return nil
		}
		if head>>4 == 0 { // no delta: the field id follows
			if _, err := w.uvarint(); err != nil {
				return err
			}
		}
		kind := head & 0xf
		if kind == thriftTrue || kind == thriftFalse {
			continue // the value of a bool field is its type
		}
		if err := w.value(kind, depth); err != nil {
			return err
		}
	}
}

func (w *thriftWalk) value(kind byte, depth int) error {
	switch kind {
	case thriftTrue, thriftFalse, thriftByte:
		return w.skip(1)
	case thriftI16, thriftI32, thriftI64:
		_, err := w.uvarint()
		return err
	case thriftDouble:
		return w.skip(8)
	case thriftUUID:
		return w.skip(16)
	case thriftBinary:
		n, err := w.uvarint()
		if err != nil {
			return err
		}
		return w.skip(n)
	case thriftList, thriftSet:
		head, err := w.byte()
		if err != nil {
			return err
		}
		size := uint64(head >> 4)
		if size == 0xf {
			if size, err = w.uvarint(); err != nil {
				return err
			}
		}
		return w.elements(size, depth, head&0xf)
	case thriftMap:
		size, err := w.uvarint()
		if err != nil || size == 0 {
			return err
		}
		kinds, err := w.byte()
		if err != nil {
			return err
		}
		return w.elements(size, depth, kinds>>4, kinds&0xf)
	case thriftStruct:
		return w.structure(depth + 1)
	}
	return fmt.Errorf("thrift type %d is unknown", kind)
}

// elements walks size groups of values of the given kinds.
func (w *thriftWalk) elements(size uint64, depth int, kinds ...byte) error {
	if depth > maxThriftDepth {
		return fmt.Errorf("thrift value is nested more than %d deep", maxThriftDepth)
	}
	if size > uint64(len(w.b)-w.at) {
		return errShort
	}
	for range size {
		for _, kind := range kinds {
			if kind == thriftStruct {
				w.structs++
			}
			if err := w.value(kind, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}
