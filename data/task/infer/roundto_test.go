package infer

import (
	"strings"
	"testing"

	"t5train/data/task"
)

// spread returns n numbers evenly from one to another, as a file of float32 has them if single is set.
func spread(from, to float64, n int, single bool) []float64 {
	all := make([]float64, n)
	for i := range all {
		all[i] = from + (to-from)*float64(i)/float64(n-1)
		if single {
			all[i] = float64(float32(all[i]))
		}
	}
	return all
}

func TestRoundToFor(t *testing.T) {
	stsb := append(spread(0, 5, 26, true), 3.333, 1.583)
	zeros := append(make([]float64, 95), 0.37, 0.41, 0.52, 0.77, 1)
	prices := append(spread(0, 100, 100, false), 1e6)
	for _, c := range []struct {
		name    string
		numbers []float64
		want    float64
	}{
		{"stars", []float64{1, 2, 3, 4, 5}, 1},
		{"yes and no", []float64{0, 1, 1, 0}, 1},
		{"STS-B", stsb, 0.2},
		{"from 0 to 1", spread(0, 1, 977, false), 0.005},
		{"from -1 to 1", spread(-1, 1, 977, true), 0.01},
		{"small ones", []float64{0.001, 0.02, 0.003, 0.04, 0.015}, 0.001},
		{"percent", spread(0, 100, 101, false), 1},
		{"halves", spread(0, 5, 11, false), 0.5},
		{"large ones", []float64{1e5, 3e5, 2e5}, 1e5},
		{"mostly 0", zeros, 0.01},
		{"one that is far away", prices, 0.5},
		{"far from 0", []float64{1000.25, 1000.5, 1000.75}, 0.05},
		{"all the same", []float64{3, 3}, task.DefaultRoundTo},
		{"none", nil, task.DefaultRoundTo},
		{"too small", []float64{1e-9, 2e-9, 3e-9}, task.MinRoundTo},
	} {
		if got := RoundToFor(c.numbers); got != c.want {
			t.Errorf("%s: got %g, want %g", c.name, got, c.want)
		}
	}
}

func TestRoundingLoss(t *testing.T) {
	for _, c := range []struct {
		name    string
		numbers []float64
		step    float64
		want    string
		useless bool
	}{
		{"fine", []float64{1, 2, 3}, 1, "", false},
		{"none", nil, 1, "", false},
		{"swallowed", []float64{0.001, 0.02, 0.04}, 0.2,
			"3 different numbers from 0.001 to 0.04 all become the target 0.0: set a smaller one, " +
				"such as task.round_to=0.001",
			true},
		{"moved", spread(0, 1, 101, false), 0.5,
			"101 different numbers from 0 to 1 become 3 targets, and move by 0.124 on average: set a smaller one, " +
				"such as task.round_to=0.01", false},
		{"too small for any step", []float64{1e-9, 2e-9}, task.MinRoundTo, "scale the numbers up", true},
		{"one number", []float64{-1, -1}, 0.2, "all 2 numbers are -1, as in a test split", false},
	} {
		said, useless := RoundingLoss(c.numbers, c.step)
		if !strings.Contains(said, c.want) || (said == "") != (c.want == "") || useless != c.useless {
			t.Errorf("%s: got %q, useless %t, want %q, %t", c.name, said, useless, c.want, c.useless)
		}
	}
}
