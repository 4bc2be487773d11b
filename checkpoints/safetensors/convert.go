package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Float32 returns a copy of the elements of an F32, F16, BF16 or F64 tensor. F32, F16 and BF16 are exact
// (subnormals, infinities and NaNs included); F64 is rounded to the nearest float32.
func (t Tensor) Float32() ([]float32, error) {
	values := make([]float32, t.Elements())
	if err := t.CopyFloat32(values); err != nil {
		return nil, err
	}
	return values, nil
}

// CopyFloat32 is Float32 into dst, which must have Elements() elements.
func (t Tensor) CopyFloat32(dst []float32) error {
	if len(dst) != t.Elements() {
		return fmt.Errorf("copy tensor %q: shape %v has %d elements, the destination has %d", t.Name, t.Shape,
			t.Elements(), len(dst))
	}
	switch {
	case t.DType == F32 && littleEndian():
		copy(float32Bytes(dst), t.Data)
	case t.DType == F32:
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.Data[4*i:]))
		}
	case t.DType == BF16:
		for i := range dst {
			dst[i] = bfloat16(binary.LittleEndian.Uint16(t.Data[2*i:]))
		}
	case t.DType == F16:
		for i := range dst {
			dst[i] = float16(binary.LittleEndian.Uint16(t.Data[2*i:]))
		}
	case t.DType == F64:
		for i := range dst {
			dst[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(t.Data[8*i:])))
		}
	default:
		return fmt.Errorf("read tensor %q: it holds %s, want F32, F16, BF16 or F64", t.Name, t.DType)
	}
	return nil
}

// Float64s returns a copy of the elements of an F64, F32, F16 or BF16 tensor, all exact.
func (t Tensor) Float64s() ([]float64, error) {
	values := make([]float64, t.Elements())
	if t.DType == F64 {
		for i := range values {
			values[i] = math.Float64frombits(binary.LittleEndian.Uint64(t.Data[8*i:]))
		}
		return values, nil
	}
	narrow, err := t.Float32()
	if err != nil {
		return nil, err
	}
	for i, v := range narrow {
		values[i] = float64(v)
	}
	return values, nil
}

// Int64s returns a copy of the elements of an I64 or I32 tensor.
func (t Tensor) Int64s() ([]int64, error) {
	values := make([]int64, t.Elements())
	switch t.DType {
	case I64:
		for i := range values {
			values[i] = int64(binary.LittleEndian.Uint64(t.Data[8*i:]))
		}
	case I32:
		for i := range values {
			values[i] = int64(int32(binary.LittleEndian.Uint32(t.Data[4*i:])))
		}
	default:
		return nil, fmt.Errorf("read tensor %q: it holds %s, want I64 or I32", t.Name, t.DType)
	}
	return values, nil
}

// bfloat16 returns the value of a bfloat16: the upper half of a float32.
func bfloat16(b uint16) float32 { return math.Float32frombits(uint32(b) << 16) }

// float16 returns the value of an IEEE 754 binary16: 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits.
func float16(b uint16) float32 {
	sign := uint32(b>>15) << 31
	exponent := uint32(b>>10) & 0x1f
	fraction := uint32(b) & 0x3ff
	switch exponent {
	case 0: // subnormal: fraction x 2^-24, a normal float32
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)*0x1p-24))
	case 0x1f: // infinity or NaN, whose payload moves along
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent-15+127)<<23 | fraction<<13)
}
