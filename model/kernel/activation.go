package kernel

import "math"

// Activation names the non-linearity of a feed-forward layer.
type Activation int

const (
	Identity Activation = iota
	ReLU
	GELU    // the tanh form, "gelu_new" in Hugging Face
	GELUErf // the exact form with erf, "gelu" in Hugging Face
	SiLU
)

// String returns the name that Hugging Face uses.
func (a Activation) String() string {
	return [...]string{"linear", "relu", "gelu_new", "gelu", "silu"}[a]
}

const (
	sqrt2OverPi = 0.7978845608028654 // sqrt(2/pi)
	geluCubic   = 0.044715           // Hendrycks & Gimpel 2016
)

// apply returns f(x) and its derivative. Float64 inside: tanh and erf of the standard library are.
func (a Activation) apply(x float32) (y, dy float32) {
	v := float64(x)
	switch a {
	case ReLU:
		if x > 0 {
			return x, 1
		}
		return 0, 0
	case GELU:
		t := math.Tanh(sqrt2OverPi * (v + geluCubic*v*v*v))
		dt := (1 - t*t) * sqrt2OverPi * (1 + 3*geluCubic*v*v)
		return float32(0.5 * v * (1 + t)), float32(0.5*(1+t) + 0.5*v*dt)
	case GELUErf:
		cdf := 0.5 * (1 + math.Erf(v/math.Sqrt2))
		return float32(v * cdf), float32(cdf + v*math.Exp(-0.5*v*v)/math.Sqrt(2*math.Pi))
	case SiLU:
		s := 1 / (1 + math.Exp(-v))
		return float32(v * s), float32(s * (1 + v*(1-s)))
	default:
		return x, 1
	}
}

// Activate computes y = f(x) for [rows, d].
func Activate(w *Workers, f Activation, y, x []float32, rows, d int) {
	w.Rows(rows, grainFor(d), func(lo, hi int) {
		in, out := x[lo*d:hi*d], y[lo*d:hi*d]
		if f == ReLU {
			for i, v := range in {
				out[i] = max(v, 0)
			}
			return
		}
		for i, v := range in {
			out[i], _ = f.apply(v)
		}
	})
}

// ActivateBackward computes dx = dy * f'(x) for [rows, d]. dx may be dy.
func ActivateBackward(w *Workers, f Activation, dx, dy, x []float32, rows, d int) {
	w.Rows(rows, grainFor(d), func(lo, hi int) {
		in, g, out := x[lo*d:hi*d], dy[lo*d:hi*d], dx[lo*d:hi*d]
		if f == ReLU {
			for i, v := range in {
				// All ones where v is positive, without a branch that would be taken at random.
				bits := int32(math.Float32bits(v))
				keep := uint32(-bits >> 31 &^ (bits >> 31))
				out[i] = math.Float32frombits(math.Float32bits(g[i]) & keep)
			}
			return
		}
		for i, v := range in {
			_, slope := f.apply(v)
			out[i] = g[i] * slope
		}
	})
}

// ActivateGated computes y = f(gate) * value, where a row of x [rows, 2d] is the gate followed by the value
// (wi_0 and wi_1 of T5 1.1); y is [rows, d].
func ActivateGated(w *Workers, f Activation, y, x []float32, rows, d int) {
	w.Rows(rows, grainFor(2*d), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			gate, value, out := x[2*r*d:(2*r+1)*d], x[(2*r+1)*d:(2*r+2)*d], y[r*d:(r+1)*d]
			done := 0
			if whole := w.isa.gated(f); whole != nil && w.isa.whole(d) > 0 {
				done = w.isa.whole(d)
				whole(&out[0], &gate[0], &value[0], done)
			}
			for i := done; i < d; i++ {
				a, _ := f.apply(gate[i])
				out[i] = a * value[i]
			}
		}
	})
}

// ActivateGatedBackward computes dx [rows, 2d] from dy [rows, d] and x [rows, 2d] of ActivateGated.
func ActivateGatedBackward(w *Workers, f Activation, dx, dy, x []float32, rows, d int) {
	w.Rows(rows, grainFor(2*d), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			gate, value, g := x[2*r*d:(2*r+1)*d], x[(2*r+1)*d:(2*r+2)*d], dy[r*d:(r+1)*d]
			dGate, dValue := dx[2*r*d:(2*r+1)*d], dx[(2*r+1)*d:(2*r+2)*d]
			done := 0
			if whole := w.isa.gatedBackward(f); whole != nil && w.isa.whole(d) > 0 {
				done = w.isa.whole(d)
				whole(&dGate[0], &dValue[0], &g[0], &gate[0], &value[0], done)
			}
			for i := done; i < d; i++ {
				a, slope := f.apply(gate[i])
				dGate[i] = g[i] * value[i] * slope
				dValue[i] = g[i] * a
			}
		}
	})
}
