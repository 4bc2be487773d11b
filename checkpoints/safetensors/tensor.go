package safetensors

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"unsafe"
)

// DType names the type of a tensor's elements as the header does.
type DType string

// The types of whole bytes that the format knows. Only F64, F32, F16, BF16, I64 and I32 can be converted;
// the others are carried as bytes.
const (
	Bool   DType = "BOOL"
	U8     DType = "U8"
	I8     DType = "I8"
	F8E5M2 DType = "F8_E5M2"
	F8E4M3 DType = "F8_E4M3"
	F8E8M0 DType = "F8_E8M0"
	I16    DType = "I16"
	U16    DType = "U16"
	F16    DType = "F16"
	BF16   DType = "BF16"
	I32    DType = "I32"
	U32    DType = "U32"
	F32    DType = "F32"
	C64    DType = "C64"
	F64    DType = "F64"
	I64    DType = "I64"
	U64    DType = "U64"
)

// Size returns the bytes of one element, 0 for an unknown type.
func (d DType) Size() int {
	switch d {
	case Bool, U8, I8, F8E5M2, F8E4M3, F8E8M0:
		return 1
	case I16, U16, F16, BF16:
		return 2
	case I32, U32, F32:
		return 4
	case F64, I64, U64, C64:
		return 8
	}
	return 0
}

// Tensor is a named array. One that came from a File shares the file's memory: it must not be changed,
// nor touched after Close.
type Tensor struct {
	Name  string
	DType DType
	Shape []int  // outermost dimension first; empty for a scalar
	Data  []byte // the elements, little-endian, row by row
}

// FromFloat32 returns an F32 tensor over values without copying them (a big-endian machine has to copy).
// Write refuses a shape that does not fit len(values).
func FromFloat32(name string, shape []int, values []float32) Tensor {
	data := float32Bytes(values)
	if !littleEndian() {
		data = make([]byte, 0, 4*len(values))
		data, _ = binary.Append(data, binary.LittleEndian, values) // cannot fail: float32 has a fixed size
	}
	return Tensor{Name: name, DType: F32, Shape: shape, Data: data}
}

// Elements returns the number of elements.
func (t Tensor) Elements() int { return len(t.Data) / max(t.DType.Size(), 1) }

// byteSize returns the bytes that dtype and shape ask for.
func byteSize(dtype DType, shape []int) (int, error) {
	size := dtype.Size()
	if size == 0 {
		return 0, fmt.Errorf("dtype %.40q is unknown, want F32, F16, BF16, F64, I64 or another type of whole bytes",
			dtype)
	}
	for _, n := range shape {
		if n < 0 {
			return 0, fmt.Errorf("shape %v has a negative dimension", shape)
		}
		high, low := bits.Mul(uint(size), uint(n))
		if size = int(low); high != 0 || size < 0 {
			return 0, fmt.Errorf("shape %v of %s overflows the address space", shape, dtype)
		}
	}
	return size, nil
}

// Int8s returns the elements of an I8 tensor, which share its memory; ok is false for other types.
func (t Tensor) Int8s() (values []int8, ok bool) {
	if t.DType != I8 {
		return nil, false
	}
	return unsafe.Slice((*int8)(unsafe.Pointer(unsafe.SliceData(t.Data))), len(t.Data)), true
}

func littleEndian() bool { return binary.NativeEndian.Uint16([]byte{1, 0}) == 1 }

// float32Bytes returns the memory of values, in the machine's byte order.
func float32Bytes(values []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), 4*len(values))
}
