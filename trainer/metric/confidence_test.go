package metric

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Answers that are right as often as a logistic function of their score says give the function back.
func TestConfidenceFit(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, want := range [][2]float64{{3, 2}, {0.5, -1}, {12, 5}} {
		var c Confidence
		for range 100000 {
			score := -r.ExpFloat64() / want[0]
			c.Add(score, r.Float64() < Logistic(want[0]*score+want[1]))
		}
		slope, bias, ok := c.Fit()
		if !ok || math.Abs(slope/want[0]-1) > 0.1 || math.Abs(bias-want[1]) > 0.1 {
			t.Errorf("got %g and %g, want %v", slope, bias, want)
		}
	}
}

// The numbers are those of scikit-learn 1.9 without a penalty: each answer counts as right and as wrong, by its target.
func TestConfidenceFitOfFew(t *testing.T) {
	var c Confidence
	for i, score := range []float64{-0.1, -0.2, -0.3, -0.9, -1.5, -2, -3} {
		c.Add(score, i < 3 || i == 4)
	}
	slope, bias, ok := c.Fit()
	if !ok || math.Abs(slope-1.019662) > 1e-4 || math.Abs(bias-1.428737) > 1e-4 {
		t.Errorf("got %.6f and %.6f, want %g and %g", slope, bias, 1.019662, 1.428737)
	}
}

func TestConfidenceThatTellsNothing(t *testing.T) {
	for name, right := range map[string]func(i int) bool{
		"all right":   func(int) bool { return true },
		"all wrong":   func(int) bool { return false },
		"upside down": func(i int) bool { return i < 5 },
	} {
		var c Confidence
		for i := range 10 {
			c.Add(float64(i), right(i))
		}
		c.Add(math.Inf(-1), true)
		c.Add(math.NaN(), false)
		if slope, bias, ok := c.Fit(); ok {
			t.Errorf("%s: %g and %g", name, slope, bias)
		}
	}
	if _, _, ok := new(Confidence).Fit(); ok {
		t.Error("a fit of nothing")
	}
}

// Separable answers have a fit that stays finite.
func TestConfidenceFitSeparable(t *testing.T) {
	var c Confidence
	for i := range 1000 {
		c.Add(float64(i)/1000-1, i >= 400)
	}
	slope, bias, ok := c.Fit()
	if !ok || slope > 1e4 || math.Abs(bias/slope-0.6) > 0.02 {
		t.Errorf("got %g and %g", slope, bias)
	}
}

func TestCoverage(t *testing.T) {
	var c Confidence
	for i := range 10 {
		c.Add(float64(-i), i < 4 || i == 9)
	}
	curve := c.Curve(func(score float64) float64 { return score })
	if len(curve) != 10 || curve[3] != (Coverage{0.4, -3, 1}) || curve[9] != (Coverage{1, -9, 0.5}) {
		t.Errorf("got %v", curve)
	}
	var same Confidence
	for i := range 7 {
		same.Add(1, i < 2)
	}
	if curve := same.Curve(func(float64) float64 { return 1 }); len(curve) != 1 || curve[0].Share != 1 {
		t.Errorf("equal scores: %v", curve)
	}
	if curve := new(Confidence).Curve(nil); curve != nil {
		t.Errorf("of nothing: %v", curve)
	}
}
