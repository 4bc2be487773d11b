package kernel

import "math"

// OptimizerLoops are the inner loops of optimizers, in one ISA. The slices of a call have equal lengths and do not
// overlap; those that come before g are changed. rate is the size of a step, shrink the part of a weight that decays.
//
// Unlike those of the other loops, results are the same bits on every ISA. A sum has eight float64 lanes, element n in
// lane n mod 8, and is ((0+4)+(2+6)) + ((1+5)+(3+7)): a float32 sum over a 32,128 x 512 embedding would lose three of
// its seven digits. A product is rounded before it is added to something; the conversions below keep Go from fusing the
// two.
type OptimizerLoops struct {
	SumSquares func(x []float32) float64         // Σ x²
	Scale      func(x []float32, factor float32) // x = factor·x

	// AddSquares adds x² to sum and weight·x² to weighted: Adafactor's sums over columns, row by row.
	AddSquares func(sum, weighted []float64, x []float32, weight float64)

	// A row of weights whose mean squares Adafactor keeps by rows and columns: u = (g·row)·col. The gradient is
	// multiplied first, because where it is zero row·col alone can overflow.
	Factored func(x, g, col []float32, row, rate, shrink float32) // x -= shrink·x + rate·u
	// m = beta1·m + rate·u, x -= shrink·x + m
	FactoredMean func(x, m, g, col []float32, row, beta1, rate, shrink float32)

	// Weights whose mean squares v Adafactor keeps one by one: u = g/√v.
	// v = decay·v + fresh·(g²+eps) in float64; returns Σ u²
	Moments  func(v, g []float32, decay, fresh, eps float64) float64
	Full     func(x, g, v []float32, rate, shrink float32)           // x -= shrink·x + rate·u
	FullMean func(x, m, g, v []float32, beta1, rate, shrink float32) // m = beta1·m + rate·u, x -= shrink·x + m

	// AdamW sets m += fresh1·(g-m), v = beta2·v + fresh2·g² and x -= decay·x + size·m/(√v/root2+eps).
	AdamW func(x, m, v, g []float32, fresh1, beta2, fresh2, size, root2, eps, decay float32)
}

// OptimizerLoops returns the loops of the ISA of w.
func (w *Workers) OptimizerLoops() *OptimizerLoops { return &w.orDefault().isa.loops.OptimizerLoops }

// portableOptimizerLoops are the loops in plain Go.
func portableOptimizerLoops() OptimizerLoops {
	return OptimizerLoops{
		SumSquares: sumSquares, Scale: scale, AddSquares: addSquares,
		Factored: adafactorFactored, FactoredMean: adafactorFactoredMean,
		Moments: adafactorMoments, Full: adafactorFull, FullMean: adafactorFullMean,
		AdamW: adamw,
	}
}

// lanes8 are the lanes of a sum of squares, each of which is exact in float64 before it is added.
type lanes8 [8]float64

func (s *lanes8) add(lane int, x float32) { s[lane&7] += float64(x) * float64(x) }

func (s *lanes8) total() float64 {
	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

func sumSquares(x []float32) float64 {
	var s lanes8
	for i, v := range x {
		s.add(i, v)
	}
	return s.total()
}

func scale(x []float32, factor float32) {
	for i := range x {
		x[i] *= factor
	}
}

func addSquares(sum, weighted []float64, x []float32, weight float64) {
	sum, weighted = sum[:len(x)], weighted[:len(x)]
	for i, v := range x {
		square := float64(v) * float64(v)
		sum[i] += square
		weighted[i] += float64(weight * square)
	}
}

func adafactorFactored(x, g, col []float32, row, rate, shrink float32) {
	x, col = x[:len(g)], col[:len(g)]
	for i, v := range g {
		x[i] -= float32(shrink*x[i]) + float32(rate*(v*row*col[i]))
	}
}

func adafactorFactoredMean(x, m, g, col []float32, row, beta1, rate, shrink float32) {
	x, m, col = x[:len(g)], m[:len(g)], col[:len(g)]
	for i, v := range g {
		m[i] = float32(beta1*m[i]) + float32(rate*(v*row*col[i]))
		x[i] -= float32(shrink*x[i]) + m[i]
	}
}

func adafactorMoments(v, g []float32, decay, fresh, eps float64) float64 {
	v = v[:len(g)]
	var s lanes8
	for i, x := range g {
		v[i] = float32(float64(decay*float64(v[i])) + float64(fresh*(float64(x)*float64(x)+eps)))
		s.add(i, x/sqrt32(v[i]))
	}
	return s.total()
}

func adafactorFull(x, g, v []float32, rate, shrink float32) {
	x, v = x[:len(g)], v[:len(g)]
	for i, gi := range g {
		x[i] -= float32(shrink*x[i]) + float32(rate*(gi/sqrt32(v[i])))
	}
}

func adafactorFullMean(x, m, g, v []float32, beta1, rate, shrink float32) {
	x, m, v = x[:len(g)], m[:len(g)], v[:len(g)]
	for i, gi := range g {
		m[i] = float32(beta1*m[i]) + float32(rate*(gi/sqrt32(v[i])))
		x[i] -= float32(shrink*x[i]) + m[i]
	}
}

func adamw(x, m, v, g []float32, fresh1, beta2, fresh2, size, root2, eps, decay float32) {
	x, m, v = x[:len(g)], m[:len(g)], v[:len(g)]
	for i, gi := range g {
		m[i] += float32(fresh1 * (gi - m[i]))
		v[i] = float32(beta2*v[i]) + float32(fresh2*gi*gi)
		x[i] -= float32(decay*x[i]) + float32(size*(m[i]/(sqrt32(v[i])/root2+eps)))
	}
}

// sqrt32 compiles to one instruction.
func sqrt32(x float32) float32 { return float32(math.Sqrt(float64(x))) }
