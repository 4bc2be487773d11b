package kernel

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestTopK(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	inf := float32(math.Inf(-1))
	for _, isa := range ISAs() {
		w := NewWorkersOn(isa, 1)
		for _, n := range []int{0, 1, 5, 255, 256, 257, 3000} {
			for _, k := range []int{0, 1, 4, 50, 3001} {
				x := make([]float32, n)
				var want []Candidate
				for i := range x {
					switch r.IntN(10) {
					case 0:
						x[i] = inf
					case 1:
						x[i] = float32(math.NaN())
					default:
						x[i] = float32(r.IntN(200)) // some are equal
						want = append(want, Candidate{int32(i), x[i]})
					}
				}
				slices.SortStableFunc(want, func(a, b Candidate) int { return cmp.Compare(b.Value, a.Value) })
				want = want[:min(k, len(want))]
				before := Candidate{7, 9}
				got := TopK(w, x, k, []Candidate{before})
				if got[0] != before || !slices.Equal(got[1:], want) {
					t.Errorf("%s, %d of %d: got %v, want %v", isa, k, n, got[1:], want)
				}
			}
		}
	}
}
