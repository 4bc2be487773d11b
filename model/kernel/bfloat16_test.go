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

// halved returns x in bfloat16, two elements in a word.
func halved(x []float32) []float32 {
	words := make([]float32, len(x)/2)
	halve(words, x)
	return words
}

// TestHalves holds products of operands that are in bfloat16 already to the bits of those that are rounded while they
// are packed, in all layouts, on one thread and on three.
func TestHalves(t *testing.T) {
	for _, s := range [][3]int{{2, 2, 2}, {15, 34, 2}, {17, 36, 75}, {30, 66, 33}, {64, 128, 64}, {15, 34, 1050},
		{171, 34, 6}, {6, 2100, 7}} {
		for mode := range 32 {
			transA, transB, halfA, halfB, accumulate := mode&1 != 0, mode&2 != 0, mode&4 != 0, mode&8 != 0, mode&16 != 0
			m, n, k := s[0], s[1], s[2]
			if halfA && !transA || halfB && transB { // rows of A or of Bᵀ
				k = Blocks(k, 2) * 2
			}
			if halfA && transA {
				m = Blocks(m, 2) * 2
			}
			lda, ldb, rowsA, rowsB := k+4, n+2, m, k
			if transA {
				lda, rowsA = m+4, k
			}
			if transB {
				ldb, rowsB = k+2, n
			}
			if lda%2 != 0 && halfA || ldb%2 != 0 && halfB {
				t.Fatal("rows in bfloat16 must be even")
			}
			a, b, c := randoms(1, rowsA*lda), randoms(2, rowsB*ldb), randoms(3, m*n)
			x, y := Operand{a, lda, transA, false}, Operand{b, ldb, transB, false}
			if halfA {
				x.Data, x.Halves = halved(a), true
			}
			if halfB {
				y.Data, y.Halves = halved(b), true
			}
			for _, isa := range ISAs() {
				want, got, threads, one := slices.Clone(c), slices.Clone(c), slices.Clone(c), slices.Clone(c)
				w := NewWorkersOn(isa, 1).In(BFloat16)
				Gemm(w, transA, transB, m, n, k, a, lda, b, ldb, accumulate, want, n)
				Multiply(w, m, n, k, x, y, accumulate, got, n)
				Multiply(NewWorkersOn(isa, 3).In(BFloat16), m, n, k, x, y, accumulate, threads, n)
				w.borrow(func(s *scratch) { s.gemm(m, n, k, x, y, accumulate, one, n) })
				if !slices.Equal(got, want) || !slices.Equal(threads, want) || !slices.Equal(one, want) {
					t.Fatalf("%s %dx%dx%d, mode %b: other bits than from float32", isa, m, n, k, mode)
				}
			}
		}
	}
}

// Attention with operands in bfloat16 has the bits of that which rounds them.
func TestAttentionOfHalves(t *testing.T) {
	const heads, dim, length = 3, 6, 70
	const inner = heads * dim
	offsets := []int32{0, length, length, length + 1, 90}
	bias := randoms(4, heads*(2*length-1))
	for _, isa := range ISAs() {
		w := NewWorkersOn(isa, 2).In(BFloat16)
		var results [2][][]float32
		for i, halves := range []bool{false, true} {
			q, k, v, dOut := randoms(1, 90*inner), randoms(2, 90*inner), randoms(3, 90*inner), randoms(5, 90*inner)
			if halves {
				q, k, v = halved(q), halved(k), halved(v)
			}
			a := Attention{Heads: heads, Dim: dim, Causal: true, QueryOffsets: offsets, KeyOffsets: offsets,
				Bias: Bias{length, bias}, Dropout: Dropout{Rate: 0.1}, Halves: halves,
				Max: make([]float32, 90*heads), Inverse: make([]float32, 90*heads)}
			out, dq, dk, dv := make([]float32, 90*inner), make([]float32, 90*inner), make([]float32, 90*inner),
				make([]float32, 90*inner)
			dBias := make([]float32, len(bias))
			a.Forward(w, out, inner, q, inner, k, v, inner)
			a.Backward(w, dq, inner, dk, dv, inner, dBias, dOut, inner, q, inner, k, v, inner)
			results[i] = [][]float32{out, dq, dk, dv, dBias}
		}
		for i, want := range results[0] {
			if !slices.Equal(results[1][i], want) {
				t.Errorf("%s: result %d has other bits", isa, i)
			}
		}
	}
}

// The loops of halves are those of portable Go bit by bit, at every length and with special values.
func TestLoopsOfHalves(t *testing.T) {
	special := []float32{1e-40, -1e-40, 0, float32(math.Copysign(0, -1)), float32(math.Inf(1)), float32(math.Inf(-1)),
		math.MaxFloat32, 1 + 1.0/256, 1 + 3.0/256, -1, float32(math.NaN())}
	bits := func(x []float32) []uint32 {
		b := make([]uint32, len(x))
		for i, v := range x {
			b[i] = math.Float32bits(v)
		}
		return b
	}
	eachVectorISA(t, func(t *testing.T, l *rowLoops) {
		for n := 0; n <= 130; n += 2 {
			x, dy := randoms(1, n), randoms(2, n)
			for i := range x {
				if i%3 == 0 {
					x[i] = special[i/3%len(special)]
				}
			}
			words, want := slices.Repeat([]float32{7}, n/2+1), slices.Repeat([]float32{7}, n/2+1)
			halve(want[:n/2], x)
			l.halve(words[:n/2], x)
			if !slices.Equal(bits(words), bits(want)) {
				t.Fatalf("halve of %d elements: got %x, want %x", n, bits(words), bits(want))
			}
			got, wantDX := slices.Repeat([]float32{7}, n+1), slices.Repeat([]float32{7}, n+1)
			reluHalves(words[:n/2], wantDX[:n], dy, 1.25)
			l.reluHalves(words[:n/2], got[:n], dy, 1.25)
			if !slices.Equal(bits(got), bits(wantDX)) {
				t.Fatalf("reluHalves of %d elements: got %v, want %v", n, got, wantDX)
			}
		}
	})
}

// A gradient that goes through ReLU and a dropout is that of the two, one after the other.
func TestReLUBackward(t *testing.T) {
	const rows, d = 5, 34
	x, dy := randoms(1, rows*d), randoms(2, rows*d)
	drop := Dropout{Rate: 0.3, Seed: 5}
	for _, isa := range ISAs() {
		w := NewWorkersOn(isa, 2).In(BFloat16)
		y, want := make([]float32, rows*d), make([]float32, rows*d)
		Activate(w, ReLU, y, x, rows, d)
		drop.Rows(w, y, y, rows, d)
		drop.Rows(w, want, dy, rows, d)
		ActivateBackward(w, ReLU, want, want, x, rows, d)
		words := make([]float32, rows*d/2)
		Halve(w, words, y, rows, d)
		for _, halves := range []bool{false, true} {
			got, of := make([]float32, rows*d), y
			if halves {
				of = words
			}
			ReLUBackward(w, got, dy, of, halves, drop.Scale(), rows, d)
			if !slices.Equal(got, want) {
				t.Errorf("%s, halves %v: got other bits", isa, halves)
			}
		}
	}
}
