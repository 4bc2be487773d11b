package safetensors

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"
)

// TestFloat16 holds all 65,536 values to the definition in IEEE 754, section 3.4.
func TestFloat16(t *testing.T) {
	for bits := range 1 << 16 {
		exponent, fraction := bits>>10&0x1f, float64(bits&0x3ff)
		var want float64
		switch {
		case exponent == 0:
			want = math.Ldexp(fraction, -24)
		case exponent == 0x1f && fraction == 0:
			want = math.Inf(1)
		case exponent == 0x1f:
			want = math.NaN()
		default:
			want = math.Ldexp(1+fraction/1024, exponent-15)
		}
		want = math.Copysign(want, float64(1-bits>>15*2))
		got := float64(float16(uint16(bits)))
		same := got == want || math.IsNaN(got) && math.IsNaN(want)
		if !same || math.Signbit(got) != math.Signbit(want) {
			t.Fatalf("float16(%#04x) = %g, want %g", bits, got, want)
		}
	}
}

func TestFloat32(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		name   string
		tensor Tensor
		want   []float64
	}{
		{"F32", words(F32, uint32(0x3f800000), 0x00000001, 0xff800000), []float64{1, 0x1p-149, -inf}},
		{"F64", words(F64, math.Float64bits(0.5), math.Float64bits(-inf)), []float64{0.5, -inf}},
		{"F16", words(F16, uint16(0x3c00), 0x0001, 0x7bff, 0xfc00), []float64{1, 0x1p-24, 65504, -inf}},
		{"BF16", words(BF16, uint16(0x3f80), 0x0001, 0x7f7f, 0xff80), []float64{1, 0x1p-133, 255 * 0x1p120, -inf}},
	} {
		t.Run(c.name, func(t *testing.T) {
			narrow, err := c.tensor.Float32()
			if err != nil {
				t.Fatal(err)
			}
			wide, err := c.tensor.Float64s()
			if err != nil {
				t.Fatal(err)
			}
			if len(narrow) != len(c.want) || len(wide) != len(c.want) {
				t.Fatalf("got %d and %d values, want %d", len(narrow), len(wide), len(c.want))
			}
			for i, want := range c.want {
				if float64(narrow[i]) != want || wide[i] != want {
					t.Errorf("element %d: got %g and %g, want %g", i, narrow[i], wide[i], want)
				}
			}
		})
	}
}

func TestNaNKeepsItsBits(t *testing.T) {
	for _, c := range []struct {
		name   string
		tensor Tensor
		want   uint32
	}{
		{"F32", words(F32, uint32(0xffa00001)), 0xffa00001},
		{"BF16", words(BF16, uint16(0xffa1)), 0xffa10000},
		{"F16", words(F16, uint16(0xfd01)), 0xffa02000},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.tensor.Float32()
			if err != nil {
				t.Fatal(err)
			}
			if math.Float32bits(got[0]) != c.want {
				t.Errorf("got %#08x, want %#08x", math.Float32bits(got[0]), c.want)
			}
		})
	}
}

func TestFloat64RoundsToNearest(t *testing.T) {
	got, err := words(F64, math.Float64bits(0.1), math.Float64bits(1e300)).Float32()
	if err != nil {
		t.Fatal(err)
	}
	if got[0] != 0.1 || !math.IsInf(float64(got[1]), 1) {
		t.Errorf("got %v, want [0.1 +Inf]", got)
	}
}

func TestInt64s(t *testing.T) {
	for _, c := range []struct {
		name   string
		tensor Tensor
		want   int64
	}{
		{"I64", words(I64, uint64(1<<63)), math.MinInt64},
		{"I32", words(I32, uint32(0xffffffff)), -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.tensor.Int64s()
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != 1 || got[0] != c.want {
				t.Errorf("got %v, want [%d]", got, c.want)
			}
		})
	}
}

func TestWrongKindIsRefused(t *testing.T) {
	integer, float := words(I64, uint64(1)), words(F32, uint32(1))
	_, float32Err := integer.Float32()
	_, float64Err := integer.Float64s()
	_, int64Err := float.Int64s()
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"Float32 of I64", float32Err, `tensor "x": it holds I64, want F32`},
		{"Float64s of I64", float64Err, `tensor "x": it holds I64, want F32`},
		{"Int64s of F32", int64Err, `tensor "x": it holds F32, want I64`},
		{"CopyFloat32 of another length", float.CopyFloat32(make([]float32, 2)),
			"has 1 elements, the destination has 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", c.err, c.want)
			}
		})
	}
}

// words returns a vector "x" of the given bit patterns.
func words[W uint16 | uint32 | uint64](dtype DType, bits ...W) Tensor {
	data, _ := binary.Append(nil, binary.LittleEndian, bits)
	return Tensor{Name: "x", DType: dtype, Shape: []int{len(bits)}, Data: data}
}
