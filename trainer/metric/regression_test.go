package metric

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"t5train/internal/golden"
)

func TestRanks(t *testing.T) {
	for _, test := range []struct{ x, want []float64 }{
		{nil, []float64{}},
		{[]float64{10, 20, 20, 30}, []float64{1, 2.5, 2.5, 4}},
		{[]float64{3, -1, 3, 3}, []float64{3, 1, 3, 3}},
		{[]float64{0, math.Copysign(0, -1)}, []float64{1.5, 1.5}},
	} {
		if got := ranks(test.x); !slices.Equal(got, test.want) {
			t.Errorf("ranks of %v are %v, want %v", test.x, got, test.want)
		}
	}
}

func TestCorrelations(t *testing.T) {
	for _, test := range []struct {
		name                      string
		x, y                      []float64
		pearson, spearman, kendal float64
	}{
		{"nothing", nil, nil, 0, 0, 0},
		{"one", []float64{1}, []float64{2}, 0, 0, 0},
		{"constant", []float64{1, 2, 3}, []float64{5, 5, 5}, 0, 0, 0},
		{"a line", []float64{1, 2, 3}, []float64{-2, -4, -6}, -1, -1, -1},
		{"a curve", []float64{0, 1, 2}, []float64{0, 1, 8}, 12 / math.Sqrt(171), 1, 1},
		{"constants that no mean is equal to", []float64{.1, .1, .1}, []float64{.2, .2, .2}, 0, 0, 0},
		{"one side constant, with a mean beside it", []float64{.1, .1, .1}, []float64{1, 2, 3}, 0, 0, 0},
		{"a huge one", []float64{1, 2, 3, 4, 5}, []float64{1, 2, 3, 1e200, 5}, 0.35355339059327379, 0.9, 0.8},
		{"the largest ones", []float64{1, 2, 3}, []float64{-math.MaxFloat64, 0, math.MaxFloat64}, 1, 1, 1},
		{"the smallest ones", []float64{1, 2, 3}, []float64{0, 5e-324, 1e-323}, 1, 1, 1},
		{"far from 0", []float64{1e9, 1e9 + 1, 1e9 + 2}, []float64{1, 2, 3}, 1, 1, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			golden.Near(t, "pearson", Pearson(test.x, test.y), test.pearson)
			golden.Near(t, "spearman", Spearman(test.x, test.y), test.spearman)
			golden.Near(t, "kendall", Kendall(test.x, test.y), test.kendal)
		})
	}
}

// TestCorrelationsStayInBounds: roundings do not make a correlation larger than 1.
func TestCorrelationsStayInBounds(t *testing.T) {
	var x []float64
	for i := range 200 {
		x = append(x, float64(i))
		for name, got := range map[string]float64{"pearson": Pearson(x, x), "spearman": Spearman(x, x),
			"kendall": Kendall(x, x)} {
			if got > 1 || i > 0 && got < 1-1e-12 {
				t.Errorf("%s of %d numbers with themselves is %v", name, len(x), got)
			}
		}
	}
}

// TestOnlySomeOfRegression: what is not asked for is not computed, neither of all nor of samples.
func TestOnlySomeOfRegression(t *testing.T) {
	var all Regression
	some, err := all.Only("mse", "pearson")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []*Regression{&all, some} {
		for _, x := range []float64{1, 5, 2} {
			if err := m.Add(x, x*x); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, index := range [][]int{{0, 1, 2}, {1, 1, 0}} {
		whole, part := Map(all.Sample(index)), some.Sample(index)
		if want := []Value{{"mse", whole["mse"]}, {"pearson", whole["pearson"]}}; !slices.Equal(part, want) {
			t.Errorf("%v: got %v, want %v", index, part, want)
		}
	}
	if got := some.Result(); len(got) != 2 || got[0].Name != "mse" {
		t.Errorf("got %v, want mse and pearson", got)
	}
}

// TestSquaredErrorIsFinite: a value that JSON cannot write would cost the whole result.
func TestSquaredErrorIsFinite(t *testing.T) {
	var m Regression
	for _, prediction := range []float64{1e200, -math.MaxFloat64} {
		if err := m.Add(math.MaxFloat64, prediction); err != nil {
			t.Fatal(err)
		}
		if got := Map(m.Result())["mse"]; got != math.MaxFloat64 {
			t.Errorf("mse is %g", got)
		}
	}
}

// Kendall is what its definition says, pair by pair.
func TestKendallByPairs(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	for range 100 {
		n := 2 + random.IntN(30)
		x, y := make([]float64, n), make([]float64, n)
		for i := range x {
			x[i], y[i] = float64(random.IntN(6)), float64(random.IntN(6))
		}
		var both, ordersX, ordersY float64
		for i := range x {
			for j := range i {
				dx, dy := sign(x[i]-x[j]), sign(y[i]-y[j])
				both += dx * dy
				ordersX += dx * dx
				ordersY += dy * dy
			}
		}
		golden.Near(t, "kendall", Kendall(x, y), Ratio(both, math.Sqrt(ordersX)*math.Sqrt(ordersY)))
	}
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	default:
		return 0
	}
}

func TestRegression(t *testing.T) {
	var m Regression
	for _, pair := range [][2]float64{{1, 1}, {2, 4}, {3, 2}} {
		if err := m.Add(pair[0], pair[1]); err != nil {
			t.Fatal(err)
		}
	}
	got := Map(m.Result())
	golden.Near(t, "mse", got["mse"], 5./3)
	golden.Near(t, "spearman", got["spearman"], 0.5)
	for _, x := range []float64{math.NaN(), math.Inf(-1)} {
		if err := m.Add(1, x); err == nil || !strings.Contains(err.Error(), "want finite numbers") {
			t.Errorf("error is %v, want one about %v", err, x)
		}
	}
	if m.Len() != 3 {
		t.Errorf("%d examples, want 3", m.Len())
	}
}
