package safetensors

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(-1)
	for name, c := range map[string]struct {
		dtype DType
		bits  map[int]float64 // elements that are not 1
		want  string          // "" is no error
	}{
		"finite":                 {F32, map[int]float64{0: math.MaxFloat32, 5: -math.MaxFloat32, 6: 1e-45}, ""},
		"NaN":                    {F32, map[int]float64{7: nan}, "tensor b is not finite: element [1 2] is NaN"},
		"infinity at the end":    {F32, map[int]float64{9: inf}, "tensor b is not finite: element [1 4] is -Inf"},
		"bfloat16":               {BF16, map[int]float64{0: nan}, "element [0 0] is NaN"},
		"finite bfloat16":        {BF16, map[int]float64{0: 3e38}, ""},
		"float16":                {F16, map[int]float64{3: math.Inf(1)}, "element [0 3] is +Inf"},
		"finite float16":         {F16, map[int]float64{3: 65504}, ""},
		"float64":                {F64, map[int]float64{4: nan}, "element [0 4] is NaN"},
		"float64 beyond float32": {F64, map[int]float64{4: 1e300}, "element [0 4] is +Inf"},
		"finite float64":         {F64, map[int]float64{4: 1e30}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			values := make([]float64, 10)
			for i := range values {
				values[i] = 1
			}
			for i, v := range c.bits {
				values[i] = v
			}
			tensors := []Tensor{
				FromFloat32("a", []int{3}, []float32{1, 2, 3}),
				{"b", c.dtype, []int{2, 5}, encode(c.dtype, values)},
				{"c", U8, []int{2}, []byte{255, 255}},
			}
			path := filepath.Join(t.TempDir(), "file")
			var want bytes.Buffer
			if err := errors.Join(Write(&want, tensors, nil), os.WriteFile(path, want.Bytes(), 0o600)); err != nil {
				t.Fatal(err)
			}
			f, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			var got bytes.Buffer
			err = f.Check(&got)
			if !bytes.Equal(got.Bytes(), want.Bytes()) {
				t.Error("the bytes of the file came in another order")
			}
			if c.want == "" && err != nil ||
				c.want != "" && (!errors.Is(err, ErrNotFinite) || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got error %v, want %q", err, c.want)
			}
		})
	}
}

// encode returns values in a type, each rounded as it may.
func encode(dtype DType, values []float64) []byte {
	var data []byte
	for _, v := range values {
		bits := math.Float64bits(v)
		switch dtype {
		case F32:
			bits = uint64(math.Float32bits(float32(v)))
		case BF16:
			bits = uint64(toBFloat16(float32(v)))
		case F16:
			bits = uint64(toFloat16(float32(v)))
		}
		for i := range dtype.Size() {
			data = append(data, byte(bits>>(8*i)))
		}
	}
	return data
}

// Every place of a block is looked at, and every value next to infinity is told from it.
func TestFinite_EachElement(t *testing.T) {
	for dtype, largest := range map[DType]float64{F32: math.MaxFloat32, BF16: 3.3895313892515355e38, F16: 65504} {
		for _, n := range []int{1, 2, 15, 16, 17, 33, 150} {
			values := make([]float64, n)
			for i := range values {
				values[i] = -largest
			}
			tensor := Tensor{"a", dtype, []int{n}, encode(dtype, values)}
			if !tensor.finite() {
				t.Errorf("%d of %s: the largest numbers are taken for infinite ones", n, dtype)
			}
			for i := range values {
				for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
					values[i] = bad
					if tensor.Data = encode(dtype, values); tensor.finite() {
						t.Errorf("%d of %s: %g at %d was not seen", n, dtype, bad, i)
					}
				}
				values[i] = -largest
			}
		}
	}
}
