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
		return max(x, 0), 0 // a NaN stays one
	case GELU:
		t := math.Tanh(sqrt2OverPi * (v + geluCubic*v*v*v))
		dt := (1 - t*t) * sqrt2OverPi * (1 + 3*geluCubic*v*v)
		return float32(0.5 * v * (1 + t)), float32(0.5*(1+t) + 0.5*v*dt)
	case GELUErf:
		cdf := 0.5 * math.Erfc(-v/math.Sqrt2) // 1+erf would lose the digits of the left tail
		return float32(v * cdf), float32(cdf + v*math.Exp(-0.5*v*v)/math.Sqrt(2*math.Pi))
	case SiLU:
		s := 1 / (1 + math.Exp(-v))
		return float32(v * s), float32(s * (1 + v*(1-s)))
	default:
		return x, 1
	}
}

// portableLoops are the loops in plain Go.
func (a Activation) portableLoops() activationLoops {
	l := activationLoops{
		forward: func(y, x []float32) {
			for i, v := range x {
				y[i], _ = a.apply(v)
			}
		},
		backward: func(dx, dy, x []float32) {
			for i, v := range x {
				_, slope := a.apply(v)
				dx[i] = dy[i] * slope
			}
		},
		gated: func(y, gate, value []float32) {
			for i, v := range gate {
				f, _ := a.apply(v)
				y[i] = f * value[i]
			}
		},
		gatedBackward: func(dGate, dValue, dy, gate, value []float32) {
			for i, v := range gate {
				f, slope := a.apply(v)
				dGate[i] = dy[i] * value[i] * slope
				dValue[i] = dy[i] * f
			}
		},
	}
	if a == ReLU { // several times as fast without the choice in every element
		l.forward = func(y, x []float32) {
			for i, v := range x {
				y[i] = max(v, 0)
			}
		}
		l.backward = func(dx, dy, x []float32) {
			for i, v := range x {
				// All ones where v is positive, without a branch that would be taken at random.
				bits := int32(math.Float32bits(v))
				keep := uint32(-bits >> 31 &^ (bits >> 31))
				dx[i] = math.Float32frombits(math.Float32bits(dy[i]) & keep)
			}
		}
	}
	return l
}

// Activate computes y = f(x) for [rows, d].
func Activate(w *Workers, f Activation, y, x []float32, rows, d int) {
	w = w.orDefault()
	loop := w.isa.loops.activations[f].forward
	w.Rows(rows, grainFor(d), func(lo, hi int) {
		loop(y[lo*d:hi*d], x[lo*d:hi*d])
	})
}

// ActivateBackward computes dx = dy * f'(x) for [rows, d]. dx may be dy.
func ActivateBackward(w *Workers, f Activation, dx, dy, x []float32, rows, d int) {
	w = w.orDefault()
	loop := w.isa.loops.activations[f].backward
	w.Rows(rows, grainFor(d), func(lo, hi int) {
		loop(dx[lo*d:hi*d], dy[lo*d:hi*d], x[lo*d:hi*d])
	})
}

// ReLUBackward computes dx = scale * dy where y is positive, else 0, for [rows, d]: y is that of a ReLU and a dropout,
// which leaves 0 where it drops, and scale the one of the dropout. With halves set y is in bfloat16; see [Halve].
func ReLUBackward(w *Workers, dx, dy, y []float32, halves bool, scale float32, rows, d int) {
	w = w.orDefault()
	l := &w.isa.loops
	w.Rows(rows, grainFor(d), func(lo, hi int) {
		if halves {
			l.reluHalves(y[lo*d/2:hi*d/2], dx[lo*d:hi*d], dy[lo*d:hi*d], scale)
			return
		}
		l.activations[ReLU].backward(dx[lo*d:hi*d], dy[lo*d:hi*d], y[lo*d:hi*d])
		if scale != 1 {
			l.affine(dx[lo*d:hi*d], scale, 0)
		}
	})
}

// ActivateGated computes y = f(gate) * value, where a row of x [rows, 2d] is the gate followed by the value
// (wi_0 and wi_1 of T5 1.1); y is [rows, d].
func ActivateGated(w *Workers, f Activation, y, x []float32, rows, d int) {
	w = w.orDefault()
	loop := w.isa.loops.activations[f].gated
	w.Rows(rows, grainFor(2*d), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			loop(y[r*d:(r+1)*d], x[2*r*d:(2*r+1)*d], x[(2*r+1)*d:(2*r+2)*d])
		}
	})
}

// ActivateGatedBackward computes dx [rows, 2d] from dy [rows, d] and x [rows, 2d] of ActivateGated.
func ActivateGatedBackward(w *Workers, f Activation, dx, dy, x []float32, rows, d int) {
	w = w.orDefault()
	loop := w.isa.loops.activations[f].gatedBackward
	w.Rows(rows, grainFor(2*d), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			gate, value := 2*r*d, (2*r+1)*d
			loop(dx[gate:gate+d], dx[value:value+d], dy[r*d:(r+1)*d], x[gate:gate+d], x[value:value+d])
		}
	})
}
