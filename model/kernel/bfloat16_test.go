package kernel

import (
	"fmt"
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
			if m.Row(row, o); !slices.Equal(row, rounded(values[o*in:(o+1)*in])) {
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
