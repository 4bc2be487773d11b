package bfloat16

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// specials are the numbers at which rounding goes wrong most easily.
var specials = []float32{0, float32(math.Copysign(0, -1)), 1, -1, 1 + 1.0/256, 1 + 3.0/256, 1 + 1.0/256 + 1e-7, 1.99999,
	math.MaxFloat32, -math.MaxFloat32, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()),
	math.Float32frombits(0xff800001), math.SmallestNonzeroFloat32, -1e-40, 1.1754944e-38, 1.1754942e-38, 3.39e38}

func TestRound(t *testing.T) {
	for _, c := range []struct{ x, want float32 }{
		{1 + 1.0/256, 1},               // a tie: to even
		{1 + 3.0/256, 1 + 4.0/256},     // a tie: to even
		{1 + 1.01/256, 1 + 2.0/256},    // above a tie
		{-1 - 1.0/256, -1},             // the same below zero
		{3.4e38, float32(math.Inf(1))}, // beyond the largest, 3.39e38
		{3.38953139e38, 3.38953139e38},
		{1e-40, 0},
		{float32(math.Inf(-1)), float32(math.Inf(-1))},
	} {
		if got := Round(c.x); got != c.want {
			t.Errorf("%g: got %g, want %g", c.x, got, c.want)
		}
	}
	if got := Round(math.Float32frombits(0x7f800001)); got == got {
		t.Errorf("a NaN became %g", got)
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 20000 {
		x := math.Float32frombits(r.Uint32())
		if x != x || math.Abs(float64(x)) < 0x1p-126 || math.Abs(float64(x)) > 3.3e38 {
			continue
		}
		want, _ := new(big.Float).SetPrec(8).SetMode(big.ToNearestEven).SetFloat64(float64(x)).Float32()
		if got := Round(x); got != want {
			t.Fatalf("%g: got %g, want %g", x, got, want)
		}
	}
}

// The sums are those of numbers without end, rounded once each, the upper halves first.
func TestAddPair(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	number := func() float32 {
		if r.IntN(4) == 0 {
			return specials[r.IntN(len(specials))]
		}
		return float32(math.Ldexp(r.NormFloat64(), r.IntN(60)-30))
	}
	for range 20000 {
		sum, a0, a1, b0, b1 := number(), number(), number(), number(), number()
		got := AddPair(sum, Pair(a0, a1), Pair(b0, b1))
		want := addExactly(addExactly(sum, Round(a1), Round(b1)), Round(a0), Round(b0))
		if got != want && (got == got || want == want) {
			t.Fatalf("%g + %g·%g + %g·%g: got %g, want %g", sum, a1, b1, a0, b0, got, want)
		}
	}
}

func addExactly(sum, a, b float32) float32 {
	for _, x := range []float32{sum, a, b} {
		if math.IsInf(float64(x), 0) || x != x {
			return float32(float64(sum) + float64(a)*float64(b))
		}
	}
	exact := func(x float32) *big.Float { return new(big.Float).SetPrec(2000).SetFloat64(float64(flushed(x))) }
	total := exact(a)
	total.Mul(total, exact(b))
	total.Add(total, exact(sum))
	y, _ := total.Float32()
	return flushed(y)
}
