package safetensors

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
)

// Every pattern of 16 bits must come back from the float32 that it means, and the float32s around it must round to it:
// to the nearest, and from the middle between two patterns to the even one.
func TestRoundingToHalves(t *testing.T) {
	for _, tt := range []struct {
		dtype DType
		to    func(float32) uint16
		from  func(uint16) float32
	}{{BF16, toBFloat16, bfloat16}, {F16, toFloat16, float16}} {
		t.Run(string(tt.dtype), func(t *testing.T) {
			for pattern := range uint16(infinity(tt.dtype)) {
				for _, sign := range []uint16{0, 1 << 15} {
					low, high := pattern|sign, (pattern+1)|sign
					v := tt.from(low)
					if got := tt.to(v); got != low {
						t.Fatalf("%g: got %#04x, want %#04x", v, got, low)
					}
					next := float64(tt.from(high))
					if pattern+1 == infinity(tt.dtype) { // what would follow if the exponent went on
						next = 2*float64(v) - float64(tt.from(low-1))
					}
					middle := float32((float64(v) + next) / 2)
					even := low + low&1
					for _, c := range []struct {
						v    float32
						want uint16
					}{{math.Nextafter32(middle, v), low}, {middle, even}, {math.Nextafter32(middle, float32(next)),
						high}} {
						if got := tt.to(c.v); got != c.want {
							t.Fatalf("%g between %#04x and %#04x: got %#04x, want %#04x", c.v, low, high, got, c.want)
						}
					}
				}
			}
			for _, sign := range []float64{1, -1} {
				if v := tt.from(tt.to(float32(math.Inf(int(sign))))); !math.IsInf(float64(v), int(sign)) {
					t.Errorf("infinity of sign %g: got %g", sign, v)
				}
			}
			for _, bits := range []uint32{0x7fc00000, 0x7f800001, 0xffffffff} {
				if v := tt.from(tt.to(math.Float32frombits(bits))); v == v {
					t.Errorf("NaN %#x: got %g", bits, v)
				}
			}
		})
	}
}

func TestAs(t *testing.T) {
	values := make([]float32, 2*chunk+3)
	for i := range values {
		values[i] = float32(i) / 7
	}
	source := FromFloat32("w", []int{len(values)}, values)
	for _, dtype := range []DType{F32, BF16, F16} {
		var once bytes.Buffer
		if err := source.As(dtype).Write(&once); err != nil {
			t.Fatal(err)
		}
		half := Tensor{"w", dtype, source.Shape, once.Bytes()}
		got, err := half.Float32()
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got {
			if math.Abs(float64(v-values[i])) > math.Abs(float64(values[i]))/256 {
				t.Fatalf("%s: element %d is %g, want about %g", dtype, i, v, values[i])
			}
		}
		var back, again bytes.Buffer
		if err := half.As(F32).Write(&back); err != nil {
			t.Fatal(err)
		}
		if err := (Tensor{"w", F32, source.Shape, back.Bytes()}).As(dtype).Write(&again); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(once.Bytes(), again.Bytes()) {
			t.Errorf("%s: a second rounding changes the first", dtype)
		}
	}
}

func TestAsRefuses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		source Tensor
		dtype  DType
		want   string
	}{
		{"too large", FromFloat32("w", []int{1}, []float32{65520}), F16, "65520 becomes infinite in F16"},
		{"integers", Tensor{"w", I64, []int{1}, make([]byte, 8)}, F32, "holds I64"},
		{"to integers", FromFloat32("w", []int{1}, []float32{1}), I64, "cannot convert to I64"},
	} {
		err := tt.source.As(tt.dtype).Write(io.Discard)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got error %v, want one with %q", tt.name, err, tt.want)
		}
	}
	if err := FromFloat32("w", []int{1}, []float32{65519}).As(F16).Write(io.Discard); err != nil {
		t.Errorf("65519 is nearest to 65504: got %v", err)
	}
	if err := FromFloat32("w", []int{1}, []float32{float32(math.Inf(1))}).As(F16).Write(io.Discard); err != nil {
		t.Errorf("infinity stays: got %v", err)
	}
}

func TestRows(t *testing.T) {
	part := FromFloat32("w", []int{3, 2}, []float32{1, 2, 3, 4, 5, 6}).Rows(1, 3)
	values, err := part.Float32()
	if err != nil || !slices.Equal(values, []float32{3, 4, 5, 6}) || !slices.Equal(part.Shape, []int{2, 2}) {
		t.Errorf("got %v of shape %v, %v", values, part.Shape, err)
	}
}

func TestWriteLazyCountsBytes(t *testing.T) {
	short := Lazy{"w", F32, []int{2},
		func(w io.Writer) error { return binary.Write(w, binary.LittleEndian, float32(1)) }}
	err := WriteLazy(io.Discard, []Lazy{short}, nil)
	if err == nil || !strings.Contains(err.Error(), `tensor "w": shape [2] of F32 needs 8 bytes, got 4`) {
		t.Errorf("got error %v", err)
	}
}

func TestEqual(t *testing.T) {
	full := FromFloat32("a", []int{chunk + 1}, make([]float32, chunk+1))
	other := FromFloat32("b", []int{chunk + 1}, make([]float32, chunk+1))
	half := Tensor{"c", BF16, []int{chunk + 1}, make([]byte, 2*(chunk+1))}
	check := func(s, u Tensor, want bool) {
		t.Helper()
		if got, err := Equal(s, u); err != nil || got != want {
			t.Errorf("%s and %s: got %v, %v, want %v", s.Name, u.Name, got, err, want)
		}
	}
	check(full, other, true)
	check(full, half, true)
	half.Data[len(half.Data)-1] = 1
	other.Data[len(other.Data)-1] = 1
	check(full, half, false)
	check(full, other, false)
}
