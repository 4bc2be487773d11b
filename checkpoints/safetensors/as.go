package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// chunk is the number of elements that As converts at a time: enough for long writes, little beside a model.
const chunk = 1 << 16

// As returns the tensor in another type, F32, BF16 or F16, rounded to the nearest value and of two equally near ones to
// the even one. The source may hold F32, F16, BF16 or F64. Elements are converted while they are written; a finite one
// that becomes infinite in the new type is an error then.
func (t Tensor) As(dtype DType) Lazy {
	if dtype == t.DType {
		return t.Lazy()
	}
	return Lazy{t.Name, dtype, t.Shape, func(w io.Writer) error {
		values := make([]float32, min(chunk, t.Elements()))
		data := make([]byte, 0, len(values)*dtype.Size())
		for from := 0; from < t.Elements(); from += len(values) {
			part := t.Part(from, min(from+chunk, t.Elements()))
			values = values[:part.Elements()]
			if err := part.CopyFloat32(values); err != nil {
				return err
			}
			var err error
			if data, err = AppendFloats(data[:0], values, dtype); err != nil {
				return err
			}
			if _, err := w.Write(data); err != nil {
				return err
			}
		}
		return nil
	}}
}

// Equal reports whether two tensors of as many elements hold the same ones as float32.
func Equal(s, t Tensor) (bool, error) {
	if s.DType == t.DType {
		return bytes.Equal(s.Data, t.Data), nil
	}
	n := s.Elements()
	a, b := make([]float32, min(chunk, n)), make([]float32, min(chunk, n))
	for from := 0; from < n; from += chunk {
		to := min(from+chunk, n)
		if err := errors.Join(s.Part(from, to).CopyFloat32(a[:to-from]),
			t.Part(from, to).CopyFloat32(b[:to-from])); err != nil {
			return false, err
		}
		if !slices.Equal(a[:to-from], b[:to-from]) {
			return false, nil
		}
	}
	return true, nil
}

// Part returns elements [from, to) as a vector, without copying.
func (t Tensor) Part(from, to int) Tensor {
	size := t.DType.Size()
	return Tensor{t.Name, t.DType, []int{to - from}, t.Data[from*size : to*size]}
}

// Rows returns rows [from, to) of a tensor with at least one dimension, without copying.
func (t Tensor) Rows(from, to int) Tensor {
	row := 1
	for _, n := range t.Shape[1:] {
		row *= n
	}
	part := t.Part(from*row, to*row)
	part.Shape = append([]int{to - from}, t.Shape[1:]...)
	return part
}

// AppendFloats appends values in type F32, BF16 or F16, little-endian, rounded as [Tensor.As] rounds them. A finite
// value that becomes infinite is an error.
func AppendFloats(data []byte, values []float32, dtype DType) ([]byte, error) {
	for _, v := range values {
		var half uint16
		switch dtype {
		case F32:
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
			continue
		case BF16:
			half = toBFloat16(v)
		case F16:
			half = toFloat16(v)
		default:
			return nil, fmt.Errorf("cannot convert to %s, want F32, BF16 or F16", dtype)
		}
		if half&0x7fff == infinity(dtype) && !math.IsInf(float64(v), 0) {
			return nil, fmt.Errorf("%g becomes infinite in %s: use a type with a wider range, BF16 or F32", v, dtype)
		}
		data = binary.LittleEndian.AppendUint16(data, half)
	}
	return data, nil
}

// infinity is the pattern of +Inf.
func infinity(dtype DType) uint16 {
	if dtype == F16 {
		return 0x1f << 10
	}
	return 0xff << 7
}

// toBFloat16 rounds to the upper half of a float32.
func toBFloat16(v float32) uint16 {
	bits := math.Float32bits(v)
	if v != v {
		return uint16(bits>>16) | 1<<6 // quiet: the payload's upper half may be zero
	}
	// Half a unit less one, and one more where the last bit that stays is odd: the carry rounds to even.
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}

// toFloat16 rounds to an IEEE 754 binary16; see float16 for its parts.
func toFloat16(v float32) uint16 {
	bits := math.Float32bits(v)
	sign := uint16(bits >> 31 << 15)
	bits &= 1<<31 - 1
	switch {
	case bits > 0xff<<23:
		return sign | 0x1f<<10 | 1<<9 | uint16(bits>>13)&0x3ff
	case bits >= (15+127+1)<<23: // 2^16 and above
		return sign | infinity(F16)
	case bits < (127-14)<<23: // below 2^-14: a multiple of 2^-24, exact as float64 until it is rounded
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(bits))*0x1p24))
	}
	bits -= (127 - 15) << 23
	return sign | uint16((bits+0xfff+bits>>13&1)>>13)
}
