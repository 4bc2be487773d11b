package kernel

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// optimizerSlices are what the loops of optimizers work on: weights, mean, positive mean squares, gradient, sums.
type optimizerSlices struct {
	x, m, v, g    []float32
	sum, weighted []float64
}

func newOptimizerSlices(n int) optimizerSlices {
	s := optimizerSlices{x: randoms(1, n), m: randoms(2, n), v: randoms(3, n), g: randoms(4, n)}
	for i, v := range s.v {
		s.v[i] = v * v
		s.sum, s.weighted = append(s.sum, float64(v)), append(s.weighted, 3*float64(v))
	}
	return s
}

func (s optimizerSlices) clone() optimizerSlices {
	return optimizerSlices{slices.Clone(s.x), slices.Clone(s.m), slices.Clone(s.v), slices.Clone(s.g),
		slices.Clone(s.sum), slices.Clone(s.weighted)}
}

// part is the n elements from start on.
func (s optimizerSlices) part(start, n int) optimizerSlices {
	end := start + n
	return optimizerSlices{s.x[start:end], s.m[start:end], s.v[start:end], s.g[start:end], s.sum[start:end],
		s.weighted[start:end]}
}

// optimizerCases call each loop once.
func optimizerCases() map[string]func(l *OptimizerLoops, s optimizerSlices) float64 {
	return map[string]func(l *OptimizerLoops, s optimizerSlices) float64{
		"sum of squares": func(l *OptimizerLoops, s optimizerSlices) float64 { return l.SumSquares(s.g) },
		"scale":          func(l *OptimizerLoops, s optimizerSlices) float64 { l.Scale(s.g, 0.3); return 0 },
		"add squares": func(l *OptimizerLoops, s optimizerSlices) float64 {
			l.AddSquares(s.sum, s.weighted, s.g, 1.0/3)
			return 0
		},
		"factored": func(l *OptimizerLoops, s optimizerSlices) float64 {
			l.Factored(s.x, s.g, s.v, 0.7, 0.3, 0.01)
			return 0
		},
		"factored mean": func(l *OptimizerLoops, s optimizerSlices) float64 {
			l.FactoredMean(s.x, s.m, s.g, s.v, 0.7, 0.9, 0.3, 0.01)
			return 0
		},
		"moments": func(l *OptimizerLoops, s optimizerSlices) float64 { return l.Moments(s.v, s.g, 0.9, 0.1, 1e-30) },
		"full":    func(l *OptimizerLoops, s optimizerSlices) float64 { l.Full(s.x, s.g, s.v, 0.3, 0.01); return 0 },
		"full mean": func(l *OptimizerLoops, s optimizerSlices) float64 {
			l.FullMean(s.x, s.m, s.g, s.v, 0.9, 0.3, 0.01)
			return 0
		},
		"adamw": func(l *OptimizerLoops, s optimizerSlices) float64 {
			l.AdamW(s.x, s.m, s.v, s.g, 0.1, 0.999, 0.001, 0.3, 0.7, 1e-8, 0.01)
			return 0
		},
	}
}

// Every loop of every ISA gives the bits of the portable one, for all lengths and at odd addresses, and leaves alone
// what lies around its slices. Dead gradients and those of exploding runs are among the elements.
func TestOptimizerLoopsAreTheSameOnEveryPath(t *testing.T) {
	const around = 19
	reference := portableOptimizerLoops()
	for name, call := range optimizerCases() {
		t.Run(name, func(t *testing.T) {
			eachVectorISA(t, func(t *testing.T, l *rowLoops) {
				for n := range 131 {
					start := n % around
					want := newOptimizerSlices(n + 2*around)
					for i := start; i < len(want.g); i += 5 {
						want.g[i] *= []float32{0, 1e-30, 1e-15, 1e15}[i%4]
					}
					got := want.clone()
					w, g := call(&reference, want.part(start, n)), call(&l.OptimizerLoops, got.part(start, n))
					if g != w {
						t.Fatalf("length %d: returned %v, want %v", n, g, w)
					}
					for i, pair := range [][2][]float32{{got.x, want.x}, {got.m, want.m}, {got.v, want.v},
						{got.g, want.g}} {
						requireSameBits(t, fmt.Sprintf("length %d: slice %d", n, i), pair[0], pair[1], math.Float32bits)
					}
					requireSameBits(t, fmt.Sprintf("length %d: sum", n), got.sum, want.sum, math.Float64bits)
					requireSameBits(t, fmt.Sprintf("length %d: weighted sum", n), got.weighted, want.weighted,
						math.Float64bits)
				}
			})
		})
	}
}

func requireSameBits[T float32 | float64, B comparable](t *testing.T, what string, got, want []T, bits func(T) B) {
	t.Helper()
	for i := range want {
		if bits(got[i]) != bits(want[i]) {
			t.Fatalf("%s: element %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

// The portable loops follow their formulas, written out in float64.
func TestOptimizerLoopsAgainstFloat64(t *testing.T) {
	const n = 37
	l := portableOptimizerLoops()
	// Of each case, element i of what it changes, from the slices before and after.
	formulas := map[string]func(old, now optimizerSlices, i int) (got, want float64){
		"scale": func(old, now optimizerSlices, i int) (float64, float64) {
			return float64(now.g[i]), 0.3 * float64(old.g[i])
		},
		"add squares": func(old, now optimizerSlices, i int) (float64, float64) {
			square := float64(old.g[i]) * float64(old.g[i])
			return now.sum[i] + 10*now.weighted[i], old.sum[i] + square + 10*(old.weighted[i]+square/3)
		},
		"factored": func(old, now optimizerSlices, i int) (float64, float64) {
			return float64(now.x[i]), 0.99*float64(old.x[i]) - 0.3*float64(old.g[i])*0.7*float64(old.v[i])
		},
		"factored mean": func(old, now optimizerSlices, i int) (float64, float64) {
			m := 0.9*float64(old.m[i]) + 0.3*float64(old.g[i])*0.7*float64(old.v[i])
			return float64(now.x[i]) + 10*float64(now.m[i]), 0.99*float64(old.x[i]) + 9*m
		},
		"moments": func(old, now optimizerSlices, i int) (float64, float64) {
			return float64(now.v[i]), 0.9*float64(old.v[i]) + 0.1*float64(old.g[i])*float64(old.g[i])
		},
		"full": func(old, now optimizerSlices, i int) (float64, float64) {
			return float64(now.x[i]), 0.99*float64(old.x[i]) - 0.3*float64(old.g[i])/math.Sqrt(float64(old.v[i]))
		},
		"full mean": func(old, now optimizerSlices, i int) (float64, float64) {
			m := 0.9*float64(old.m[i]) + 0.3*float64(old.g[i])/math.Sqrt(float64(old.v[i]))
			return float64(now.x[i]) + 10*float64(now.m[i]), 0.99*float64(old.x[i]) + 9*m
		},
		"adamw": func(old, now optimizerSlices, i int) (float64, float64) {
			g := float64(old.g[i])
			m, v := 0.9*float64(old.m[i])+0.1*g, 0.999*float64(old.v[i])+0.001*g*g
			x := 0.99*float64(old.x[i]) - 0.3*m/(math.Sqrt(v)/0.7+1e-8)
			return float64(now.x[i]) + 10*float64(now.m[i]) + 100*float64(now.v[i]), x + 10*m + 100*v
		},
	}
	for name, call := range optimizerCases() {
		t.Run(name, func(t *testing.T) {
			old := newOptimizerSlices(n)
			now := old.clone()
			returned := call(&l, now)
			var want float64 // only sums are returned
			for i, g := range old.g {
				switch name {
				case "sum of squares":
					want += float64(g) * float64(g)
				case "moments":
					want += float64(g) * float64(g) / (0.9*float64(old.v[i]) + 0.1*float64(g)*float64(g))
				}
			}
			if math.Abs(returned-want) > 1e-6*want {
				t.Errorf("returned %v, want %v", returned, want)
			}
			formula, ok := formulas[name]
			if !ok {
				return
			}
			for i := range n {
				// Terms cancel in part, so the error is relative to the size of the larger ones.
				if got, want := formula(old, now, i); math.Abs(got-want) > 1e-6*max(10, math.Abs(want)) {
					t.Errorf("element %d is %v, want %v", i, got, want)
				}
			}
		})
	}
}

// A NaN or an infinity in any place shows in the sums, from which a diverged run is known.
func TestOptimizerSumsKeepNaN(t *testing.T) {
	for _, isa := range ISAs() {
		l := NewWorkersOn(isa, 1).OptimizerLoops()
		for n := range 70 {
			for place := range n {
				for _, broken := range []float64{math.NaN(), math.Inf(1)} {
					s := newOptimizerSlices(n)
					s.g[place] = float32(broken)
					if sum := l.SumSquares(s.g); sum-sum == 0 {
						t.Fatalf("%s: the sum over %d elements with %v in place %d is %v", isa, n, broken, place, sum)
					}
					if sum := l.Moments(s.v, s.g, 0.9, 0.1, 1e-30); sum-sum == 0 {
						t.Fatalf("%s: the update's sum over %d elements with %v in place %d is %v", isa, n, broken,
							place, sum)
					}
				}
			}
		}
	}
}

func BenchmarkOptimizerLoops(b *testing.B) {
	const n = 2048
	for name, call := range optimizerCases() {
		for _, isa := range ISAs() {
			b.Run(fmt.Sprintf("%s/%s", name, isa), func(b *testing.B) {
				l, s := NewWorkersOn(isa, 1).OptimizerLoops(), newOptimizerSlices(n)
				b.SetBytes(4 * n)
				for b.Loop() {
					call(l, s)
				}
			})
		}
	}
}
