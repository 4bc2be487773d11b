package kernel

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// eachVectorISA runs a test on every ISA of this processor but the portable one.
func eachVectorISA(t *testing.T, f func(t *testing.T, l *rowLoops)) {
	for _, isa := range ISAs() {
		if isa != Portable {
			t.Run(isa, func(t *testing.T) { f(t, &isaByName(isa).loops) })
		}
	}
}

// loopCases call each loop on up to five slices of equal length.
func loopCases() map[string]func(l *rowLoops, s [5][]float32) float32 {
	cases := map[string]func(l *rowLoops, s [5][]float32) float32{
		"dot":     func(l *rowLoops, s [5][]float32) float32 { return l.dot(s[0], s[1]) },
		"add":     func(l *rowLoops, s [5][]float32) float32 { l.add(s[0], s[1]); return 0 },
		"affine":  func(l *rowLoops, s [5][]float32) float32 { l.affine(s[0], 1.5, -0.25); return 0 },
		"sum":     func(l *rowLoops, s [5][]float32) float32 { return l.sum(s[0], 0.5) },
		"maximum": func(l *rowLoops, s [5][]float32) float32 { return l.maximum(s[0]) },
		"exp":     func(l *rowLoops, s [5][]float32) float32 { return l.exp(s[0], 5, 0.5) },
		"softmax": func(l *rowLoops, s [5][]float32) float32 {
			largest, inverse := l.softmax(s[0])
			return largest + inverse
		},
		"softmaxAgain":    func(l *rowLoops, s [5][]float32) float32 { l.softmaxAgain(s[0], 5, 0.5); return 0 },
		"softmaxBackward": func(l *rowLoops, s [5][]float32) float32 { l.softmaxBackward(s[0], s[1], 0.5); return 0 },
		"norm":            func(l *rowLoops, s [5][]float32) float32 { l.norm(s[0], s[1], s[2], 0.75); return 0 },
		"round":           func(l *rowLoops, s [5][]float32) float32 { l.round(s[0]); return 0 },
		"normDot":         func(l *rowLoops, s [5][]float32) float32 { return l.normDot(s[0], s[1], s[2]) },
		"normBackward": func(l *rowLoops, s [5][]float32) float32 {
			l.normBackward(s[0], s[1], s[2], s[3], s[4], 0.75, 0.1)
			return 0
		},
	}
	for f := Identity; f <= SiLU; f++ {
		cases[f.String()+"/forward"] = func(l *rowLoops,
			s [5][]float32) float32 {
			l.activations[f].forward(s[0], s[1])
			return 0
		}
		cases[f.String()+"/in place"] = func(l *rowLoops,
			s [5][]float32) float32 {
			l.activations[f].forward(s[0], s[0])
			return 0
		}
		cases[f.String()+"/backward"] = func(l *rowLoops, s [5][]float32) float32 {
			l.activations[f].backward(s[0], s[1], s[2])
			return 0
		}
		cases[f.String()+"/backward in place"] = func(l *rowLoops, s [5][]float32) float32 {
			l.activations[f].backward(s[0], s[0], s[1])
			return 0
		}
		cases[f.String()+"/gated"] = func(l *rowLoops, s [5][]float32) float32 {
			l.activations[f].gated(s[0], s[1], s[2])
			return 0
		}
		cases[f.String()+"/gated backward"] = func(l *rowLoops, s [5][]float32) float32 {
			l.activations[f].gatedBackward(s[0], s[1], s[2], s[3], s[4])
			return 0
		}
	}
	return cases
}

// Every loop of every ISA does what the portable one does, for all lengths, at odd addresses, and leaves alone
// what lies around its slices.
func TestLoopsAgainstPortable(t *testing.T) {
	const around = 19
	reference := portableLoops()
	for name, call := range loopCases() {
		t.Run(name, func(t *testing.T) {
			eachVectorISA(t, func(t *testing.T, l *rowLoops) {
				for n := range 131 {
					start := n % around
					var want, got [5][]float32
					var wantParts, gotParts [5][]float32
					for i := range want {
						want[i] = randoms(uint64(5*n+i), n+2*around)
						got[i] = slices.Clone(want[i])
						wantParts[i], gotParts[i] = want[i][start:start+n], got[i][start:start+n]
					}
					w, g := call(&reference, wantParts), call(l, gotParts)
					if !near(g, w, 3e-6*float64(1+n)/4) {
						t.Fatalf("length %d: returned %v, want %v", n, g, w)
					}
					for i := range want {
						for j := range want[i] {
							if !near(got[i][j], want[i][j], 2e-6) {
								t.Fatalf("length %d: slice %d, element %d is %v, want %v", n, i, j-start, got[i][j],
									want[i][j])
							}
						}
					}
				}
			})
		})
	}
}

// near reports whether two numbers agree within a tolerance relative to the larger of 1 and the wanted one. NaN and
// infinities agree with themselves.
func near(got, want float32, tolerance float64) bool {
	g, w := float64(got), float64(want)
	if math.IsNaN(w) || math.IsInf(w, 0) {
		return math.IsNaN(w) && math.IsNaN(g) || g == w
	}
	return math.Abs(g-w) <= tolerance*max(1, math.Abs(w))
}

// A NaN in any place comes out, an infinity does no harm.
func TestLoopsKeepNaN(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	reference := portableLoops()
	eachVectorISA(t, func(t *testing.T, l *rowLoops) {
		for _, n := range []int{1, 3, 16, 47, 64, 130} {
			for place := range n {
				x := randoms(uint64(n), n)
				x[place] = nan
				if m := l.maximum(x); m == m {
					t.Fatalf("maximum of %d elements with NaN in place %d is %g", n, place, m)
				}
				if s := l.exp(slices.Clone(x), 5, 1); s == s {
					t.Fatalf("sum of exponentials of %d elements with NaN in place %d is %g", n, place, s)
				}
				for f := Identity; f <= SiLU; f++ {
					y := make([]float32, n)
					l.activations[f].forward(y, x)
					if y[place] == y[place] {
						t.Fatalf("%v hides a NaN", f)
					}
				}
			}
		}
		special := []float32{-inf, -1000, -88, -87.33654, -87.3, -10, -1e-30, 0, float32(math.Copysign(0, -1))}
		want, got := slices.Clone(special), slices.Clone(special)
		reference.exp(want, 0, 1)
		l.exp(got, 0, 1)
		for i := range want {
			if !near(got[i], want[i], 0) && math.Abs(float64(got[i]/want[i]-1)) > 3e-7 {
				t.Errorf("exp(%g) is %g, want %g", special[i], got[i], want[i])
			}
		}
		// Among hidden keys a NaN must not look like an empty row, and one key gets it all.
		for place := range 40 {
			broken, hidden := slices.Repeat([]float32{-inf}, 40), slices.Repeat([]float32{-inf}, 40)
			broken[place], hidden[place] = nan, 2
			if _, inverse := l.softmax(broken); inverse == inverse || broken[place] == broken[place] {
				t.Errorf("softmax hides a NaN among hidden keys: %v", broken)
			}
			want := make([]float32, 40)
			want[place] = 1
			if l.softmax(hidden); !slices.Equal(hidden, want) {
				t.Errorf("softmax of one key among hidden ones is %v", hidden)
			}
		}
		if m := l.maximum([]float32{-inf, -inf, -inf}); m != -inf {
			t.Errorf("maximum of -inf is %g", m)
		}
		if m := l.maximum(nil); m != -inf {
			t.Errorf("maximum of nothing is %g, want -inf", m)
		}
		for _, f := range []Activation{ReLU, GELU, GELUErf, SiLU} {
			x := []float32{-1e30, -1e10, -200, -20, -5, 5, 20, 200, 1e10, 1e30}
			ones := []float32{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}
			y, dx := make([]float32, len(x)), make([]float32, len(x))
			l.activations[f].forward(y, x)
			l.activations[f].backward(dx, ones, x)
			for i := range x {
				wantY, wantSlope := f.apply(x[i])
				if !near(y[i], wantY, 1e-6) || !(near(dx[i], wantSlope, 1e-6) || math.IsNaN(float64(wantSlope))) {
					t.Errorf("%v(%g) is %g with slope %g, want %g and %g", f, x[i], y[i], dx[i], wantY, wantSlope)
				}
			}
		}
	})
}

// GELU with erf is exact to float32 wherever its values are normal numbers, in the left tail too, and so is its slope
// apart from where it crosses 0.
func TestGELUErfAgainstFloat64(t *testing.T) {
	var x []float32
	for v := float32(-13); v < 14; v += 0.0007 {
		x = append(x, v)
	}
	for v := float32(1e-30); v < 1e30; v *= 3 {
		x = append(x, v, -v)
	}
	ones := slices.Repeat([]float32{1}, len(x))
	for _, isa := range ISAs() {
		y, dx := make([]float32, len(x)), make([]float32, len(x))
		f := isaByName(isa).loops.activations[GELUErf]
		f.forward(y, x)
		f.backward(dx, ones, x)
		for i := range x {
			v := float64(x[i])
			cdf := 0.5 * math.Erfc(-v/math.Sqrt2)
			part := v * math.Exp(-0.5*v*v) / math.Sqrt(2*math.Pi)
			if math.Abs(float64(y[i])-v*cdf) > 6e-7*math.Abs(v*cdf)+0x1p-126 {
				t.Fatalf("%s: gelu(%g) is %g, want %g", isa, v, y[i], v*cdf)
			}
			if math.Abs(float64(dx[i])-(cdf+part)) > 6e-7*(cdf+math.Abs(part))+0x1p-126 {
				t.Fatalf("%s: the slope at %g is %g, want %g", isa, v, dx[i], cdf+part)
			}
		}
	}
}

// The masks are the same bits on every ISA: a run may move to another machine.
func TestDropoutMasksAreTheSameOnEveryPath(t *testing.T) {
	reference := portableLoops()
	eachVectorISA(t, func(t *testing.T, l *rowLoops) {
		for _, rate := range []float32{1e-9, 0.1, 0.5, 0.999} {
			p := Dropout{Rate: rate, Seed: 0x123456789abcdef0, Pass: 77, Op: 3}
			for n := range 600 {
				x := randoms(uint64(n), n+40)
				want, got := slices.Clone(x), slices.Clone(x)
				p.masker(&reference).row(want[n%17:][:n], want[n%17:][:n], uint32(n))
				p.masker(l).row(got[n%17:][:n], x[n%17:][:n], uint32(n))
				if !slices.Equal(got, want) {
					t.Fatalf("rate %g: a row of %d elements differs", rate, n)
				}
			}
		}
	})
}

func BenchmarkLoops(b *testing.B) {
	const n = 2048
	cases := loopCases()
	cases["dropout"] = func(l *rowLoops, s [5][]float32) float32 {
		Dropout{Rate: 0.1}.masker(l).row(s[0], s[1], 1)
		return 0
	}
	for _, name := range []string{"dot", "add", "affine", "maximum", "softmaxAgain", "norm", "normBackward",
		"relu/forward", "gelu_new/forward", "gelu_new/gated backward", "gelu/forward", "gelu/gated backward",
		"silu/forward", "dropout"} {
		for _, isa := range ISAs() {
			b.Run(fmt.Sprintf("%s/%s", name, isa), func(b *testing.B) {
				l := &isaByName(isa).loops
				var s [5][]float32
				for i := range s {
					s[i] = randoms(uint64(i), n)
				}
				b.SetBytes(4 * n)
				for b.Loop() {
					cases[name](l, s)
				}
			})
		}
	}
}
