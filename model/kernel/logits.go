package kernel

import (
	"math"
	"slices"
)

// IgnoreLabel marks a token without a target: it has no loss and no gradient.
const IgnoreLabel = -100

// Totals are sums over the tokens that have a target.
type Totals struct {
	Tokens  int     // targets
	Loss    float64 // what is minimised: with z-loss and label smoothing
	NLL     float64 // plain negative log-likelihood, nats
	Correct int     // targets that have the largest logit, the first of equal ones: what greedy decoding takes
	Hits    []bool  // [labels] which of them these are

	// NLLs are the terms of NLL, [labels], where no gradient is asked for.
	NLLs []float64
}

// LogitLoops are the inner loops over rows of logits, in one ISA. x and y have equal lengths.
type LogitLoops struct {
	Add     func(y, x []float32)                     // y += x
	Affine  func(x []float32, factor, term float32)  // x = factor·x + term
	Sum     func(x []float32, shift float32) float32 // Σ (x - shift)
	Maximum func(x []float32) float32                // NaN when there is one
	// x = scale·e^(x-shift) for shift >= x; returns Σ e^(x-shift)
	Exp func(x []float32, shift, scale float32) float32
	// words = x in bfloat16, as [Halve] writes it; they may be the first half of x
	Halve func(words, x []float32)
}

// LogitLoops returns the loops of the ISA of w.
func (w *Workers) LogitLoops() LogitLoops {
	l := &w.orDefault().isa.loops
	return LogitLoops{l.add, l.affine, l.sum, l.maximum, l.exp, l.halve}
}

// TileRows returns how many rows of a product one call of the innermost kernel of [Gemm] computes.
func (w *Workers) TileRows() int { return w.orDefault().isa.rows }

// LogSumExp returns the largest element of x, the position of the first such, and ln(sum(e^x)). x is overwritten.
func LogSumExp(w *Workers, x []float32) (largest float64, argmax int, z float64) {
	w = w.orDefault()
	most := w.isa.loops.maximum(x)
	for argmax < len(x)-1 && x[argmax] != most { // a NaN is not found
		argmax++
	}
	return float64(most), argmax, float64(most) + math.Log(float64(w.isa.loops.exp(x, most, 1)))
}

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
		if w.isa.loops.maximum(b) <= least {
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
