package safetensors

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"t5train/internal/mmap"
)

// checkBytes is how much of a file Check works on at a time: it stays in the processor's cache.
const checkBytes = 128 << 10

// ErrNotFinite is the error of weights with an element that is NaN or infinite.
var ErrNotFinite = errors.New("not finite")

// Check reads the whole file once, in order: it writes it to sum, if that is not nil, and returns an ErrNotFinite that
// names the first tensor with an element that is NaN or infinite as a float32. It leaves nothing of the file in memory.
func (f *File) Check(sum io.Writer) error {
	var bad error
	err := mmap.Guard(func() error {
		if sum == nil {
			sum = io.Discard
		}
		data := 0 // bytes of all tensors, which end the file
		for _, t := range f.tensors {
			data += len(t.Data)
		}
		sum.Write(f.data[:len(f.data)-data]) // of checksums, which do not fail
		for _, t := range f.tensors {
			err := t.eachPart(sum)
			bad = cmp.Or(bad, err)
		}
		return nil
	})
	return errors.Join(err, bad)
}

// CheckFinite returns an ErrNotFinite for a tensor with an element that is NaN or infinite as a float32. It leaves
// nothing of a mapped file in memory.
func (t Tensor) CheckFinite() error { return t.eachPart(io.Discard) }

// eachPart writes the data to sum, and finds the first element that is not finite.
func (t Tensor) eachPart(sum io.Writer) (bad error) {
	size := max(1, t.DType.Size())
	for from := 0; from < t.Elements(); from += checkBytes / size {
		part := t.Part(from, min(from+checkBytes/size, t.Elements()))
		sum.Write(part.Data)
		if bad == nil && !part.finite() {
			bad = part.notFinite(t.Shape, from)
		}
		mmap.Release(part.Data)
	}
	return bad
}

// finite reports whether all elements are finite as float32. Types that are no floating-point numbers are.
func (t Tensor) finite() bool {
	switch t.DType {
	case F32:
		return below(t.Data, 0xff<<23|0xff<<55, 1<<23|1<<55)
	case BF16:
		return below(t.Data, 0x7f80_7f80_7f80_7f80, 0x0080_0080_0080_0080)
	case F16:
		return below(t.Data, 0x7c00_7c00_7c00_7c00, 0x0400_0400_0400_0400)
	case F64:
		for i := range t.Elements() {
			if v := math.Float64frombits(binary.LittleEndian.Uint64(t.Data[8*i:])); !(math.Abs(v) <= math.MaxFloat32) {
				return false
			}
		}
	}
	return true
}

// below reports whether no element has an exponent of ones alone, as NaN and infinities have: then adding one to the
// exponent sets the bit of the sign, which the mask has cleared. exponents and one are those of the elements in 8
// bytes.
func below(data []byte, exponents, one uint64) bool {
	var a, b, c, d uint64 // four, for the processor adds several at once
	for ; len(data) >= 64; data = data[64:] {
		p := (*[64]byte)(data) // one check of bounds
		a |= binary.LittleEndian.Uint64(p[0:])&exponents + one
		b |= binary.LittleEndian.Uint64(p[8:])&exponents + one
		c |= binary.LittleEndian.Uint64(p[16:])&exponents + one
		d |= binary.LittleEndian.Uint64(p[24:])&exponents + one
		a |= binary.LittleEndian.Uint64(p[32:])&exponents + one
		b |= binary.LittleEndian.Uint64(p[40:])&exponents + one
		c |= binary.LittleEndian.Uint64(p[48:])&exponents + one
		d |= binary.LittleEndian.Uint64(p[56:])&exponents + one
	}
	for ; len(data) > 0; data = data[min(8, len(data)):] {
		var last [8]byte
		copy(last[:], data)
		a |= binary.LittleEndian.Uint64(last[:])&exponents + one
	}
	signs := ^exponents & (exponents + one) // the bit above each exponent
	return (a|b|c|d)&signs == 0
}

// notFinite names the first element of a part that is not finite. The part begins at element from of a tensor of that
// shape.
func (t Tensor) notFinite(shape []int, from int) error {
	one := make([]float32, 1)
	for i := range t.Elements() {
		element := t.Part(i, i+1)
		if err := element.CopyFloat32(one); err != nil {
			return err
		}
		if v := float64(one[0]); math.IsNaN(v) || math.IsInf(v, 0) {
			at := make([]int, len(shape))
			for d, rest := len(shape)-1, from+i; d >= 0; d-- {
				at[d], rest = rest%shape[d], rest/shape[d]
			}
			return fmt.Errorf("tensor %s is %w: element %v is %g", t.Name, ErrNotFinite, at, v)
		}
	}
	return nil
}
