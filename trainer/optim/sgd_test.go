package optim

import (
	"math"
	"testing"
)

// TestSGDWorked follows the formulas of torch.optim.SGD for one weight over two steps:
// d = gradient + decay*w; the buffer m starts as d and becomes momentum*m + d; w loses lr times m, or without momentum
// d.
func TestSGDWorked(t *testing.T) {
	tests := []struct {
		name    string
		options SGDOptions
		want    [2]float64 // the weight after each step, from 1, with gradients 2 and -1 and lr 0.1
	}{
		{"plain", SGDOptions{}, [2]float64{0.8, 0.9}},
		{"decay", SGDOptions{WeightDecay: 0.5}, [2]float64{0.75, 0.8125}}, // d: 2.5, -0.625
		{"momentum", SGDOptions{Momentum: 0.5}, [2]float64{0.8, 0.8}},     // m: 2, 0
		// d: 2.5, -0.625; m: 2.5, 0.625
		{"both", SGDOptions{Momentum: 0.5, WeightDecay: 0.5}, [2]float64{0.75, 0.6875}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := []Param{{Name: "w", Shape: []int{1}, Value: []float32{1}}}
			o := must(NewSGD(test.options, p, serial()))
			for i, grad := range []float32{2, -1} {
				p[0].Grad = []float32{grad}
				if err := o.Step(0.1, p); err != nil {
					t.Fatal(err)
				}
				if got := float64(p[0].Value[0]); math.Abs(got-test.want[i]) > 1e-6 {
					t.Errorf("step %d: weight is %v, want %v", i, got, test.want[i])
				}
			}
		})
	}
}
