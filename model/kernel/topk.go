package kernel

import (
	"math"
	"slices"
)

// Candidate is an element of a vector.
type Candidate struct {
	Index int32
	Value float32
}

// TopK appends the k largest elements of x to best, the largest first, of equal ones the first first. Elements that are
// minus infinity or NaN are never among them, so there may be fewer.
//
// It reads x once, in blocks: one whose maximum is too small, as nearly all are of a large vector, costs nothing more.
func TopK(w *Workers, x []float32, k int, best []Candidate) []Candidate {
	w = w.orDefault()
	const block = 256
	first, least := len(best), float32(math.Inf(-1))
	for lo := 0; lo < len(x) && k > 0; lo += block {
		b := x[lo:min(len(x), lo+block)]
		if w.isa.maximum(b) <= least {
			continue
		}
		for i, v := range b {
			if !(v > least) {
				continue
			}
			at := len(best)
			for at > first && best[at-1].Value < v {
				at--
			}
			if len(best)-first == k {
				best = best[:len(best)-1]
			}
			best = slices.Insert(best, at, Candidate{int32(lo + i), v})
			if len(best)-first == k {
				least = best[len(best)-1].Value
			}
		}
	}
	return best
}
