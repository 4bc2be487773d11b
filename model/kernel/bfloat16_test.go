package kernel

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

func TestLinearHalves(t *testing.T) {
	for _, s := range [][3]int{{1, 1, 1}, {1, 33, 5}, {3, 31, 257}, {7, 64, 300}, {15, 70, 512}, {40, 65, 1030}} {
		rows, out, in := s[0], s[1], s[2]
		x, values, y := randoms(1, rows*in), randoms(2, out*in), randoms(3, rows*(out+2))
		m := NewHalves(out, in, values)
		for _, accumulate := range []bool{false, true} {
			want := slices.Clone(y)
			referenceGemm(false, true, rows, out, in, rounded(x), in, rounded(values), in, accumulate, want, out+2)
			for _, isa := range ISAs() {
				got, threads := slices.Clone(y), slices.Clone(y)
				LinearHalves(NewWorkersOn(isa, 1).In(BFloat16), got, out+2, x, rows, accumulate, m)
				LinearHalves(NewWorkersOn(isa, 3).In(BFloat16), threads, out+2, x, rows, accumulate, m)
				if e := relativeError(got, want); e > 2e-6 {
					t.Errorf("%s %v: error %.2g", isa, s, e)
				}
				if !slices.Equal(got, threads) {
					t.Errorf("%s %v: one and three threads give different bits", isa, s)
				}
			}
		}
		row := make([]float32, in)
		for o := range out {
			if m.Rows(row, o, o+1); !slices.Equal(row, rounded(values[o*in:(o+1)*in])) {
				t.Fatalf("%v: row %d is not what was rounded", s, o)
			}
		}
		if most := 2 * (out + 31) * (in + 1); m.Bytes() > most {
			t.Errorf("%v: %d bytes, want at most %d", s, m.Bytes(), most)
		}
	}
}

func BenchmarkLinearHalves(b *testing.B) {
	const out, in = 2048, 512
	m, weight := NewHalves(out, in, randoms(2, out*in)), randoms(2, out*in)
	for _, rows := range []int{1, 16, 256} {
		x, y := randoms(1, rows*in), make([]float32, rows*out)
		for _, isa := range ISAs() {
			w := NewWorkersOn(isa, 1)
			b.Run(fmt.Sprintf("%d/%s/bfloat16", rows, isa), func(b *testing.B) {
				for w := w.In(BFloat16); b.Loop(); {
					LinearHalves(w, y, out, x, rows, false, m)
				}
			})
			b.Run(fmt.Sprintf("%d/%s/float32", rows, isa), func(b *testing.B) {
				for b.Loop() {
					Gemm(w, false, true, rows, out, in, x, in, weight, in, false, y, out)
				}
			})
		}
	}
}

// TestSpecialValuesInPairs compares products of AVX512-BF16 with portable Go, bit by bit, in all layouts: subnormal
// numbers, which are zeros, infinities, NaN, and numbers that round up to the next power of two or to infinity.
func TestSpecialValuesInPairs(t *testing.T) {
	if !slices.Contains(ISAs(), bf16ISA) {
		t.Skip("this processor has no AVX512-BF16")
	}
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	special := []float32{1e-40, -1e-40, 1.1754942e-38, 1.1754944e-38, inf, -inf, nan, math.MaxFloat32, 0.99999994,
		float32(math.Copysign(0, -1)), 1 + 1.0/256, 1 + 3.0/256}
	w := NewWorkersOn(bf16ISA, 2).In(BFloat16)
	for _, s := range [][3]int{{1, 1, 1}, {15, 33, 2}, {17, 37, 75}, {29, 65, 33}} {
		m, n, k := s[0], s[1], s[2]
		a, b := randoms(1, m*k), randoms(2, k*n)
		for i, x := range special {
			a[i*7%len(a)], b[i*11%len(b)] = x, special[len(special)-1-i]
		}
		want := portablePairs(m, n, k, a, b)
		for layout := range 4 {
			transA, transB := layout&1 != 0, layout&2 != 0
			x, y, lda, ldb, got := a, b, k, n, make([]float32, m*n)
			if transA {
				x, lda = transposed(a, m, k), m
			}
			if transB {
				y, ldb = transposed(b, k, n), k
			}
			Gemm(w, transA, transB, m, n, k, x, lda, y, ldb, false, got, n)
			for i := range got {
				if got[i] != want[i] && !(math.IsNaN(float64(got[i])) && math.IsNaN(float64(want[i]))) {
					t.Fatalf("%v, layout %d: element %d is %g, want %g", s, layout, i, got[i], want[i])
				}
			}
		}
	}
}

// transposed returns the transpose of a [rows, cols] matrix.
func transposed(x []float32, rows, cols int) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i%cols*rows+i/cols] = v
	}
	return y
}
