package optim

import (
	"math"
	"testing"

	"t5train/model/kernel"
)

func TestClipGlobalNorm(t *testing.T) {
	inf := float32(math.Inf(1))
	tests := []struct {
		name        string
		limit       float64
		grad        []float32
		norm, first float64
	}{
		{"above the limit", 1, []float32{3, 4}, 5, 0.6},
		{"below the limit", 10, []float32{3, 4}, 5, 3},
		{"a tiny norm", 5e-6, []float32{3e-6, 4e-6}, 5e-6, 2.5e-6},
		{"no limit", 0, []float32{3, 4}, 5, 3},
		{"no gradient", 1, []float32{0, 0}, 0, 0},
		{"not finite", 1, []float32{3, inf}, math.Inf(1), 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := []Param{
				{Name: "a", Shape: []int{1}, Value: make([]float32, 1), Grad: test.grad[:1]},
				{Name: "b", Shape: []int{1}, Value: make([]float32, 1), Grad: test.grad[1:]},
			}
			if got := ClipGlobalNorm(p, test.limit, serial()); math.Abs(got-test.norm) > 1e-7*test.norm {
				t.Errorf("norm is %v, want %v", got, test.norm)
			}
			if got := float64(test.grad[0]); math.Abs(got-test.first) > 1e-6*test.first {
				t.Errorf("first gradient is %v, want %v", got, test.first)
			}
		})
	}
	t.Run("not a number", func(t *testing.T) {
		p := []Param{{Name: "a", Shape: []int{2}, Value: make([]float32, 2), Grad: []float32{3, float32(math.NaN())}}}
		if got := ClipGlobalNorm(p, 1, serial()); !math.IsNaN(got) || p[0].Grad[0] != 3 {
			t.Errorf("norm is %v with gradient %v, want NaN and an untouched gradient", got, p[0].Grad)
		}
	})
}

func TestGlobalNormOnThreads(t *testing.T) {
	params := testParams()
	for i := range params {
		params[i].Grad = params[i].Value
	}
	want := GlobalNorm(params, serial())
	for _, n := range []int{1, 2, 7} {
		if got := GlobalNorm(params, kernel.NewWorkers(n)); got != want {
			t.Errorf("on %d threads the norm is %v, want the bits of %v", n, got, want)
		}
	}
}
