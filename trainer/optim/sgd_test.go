package optim

import (
	"math"
	"testing"
)

// TestSGDWorked follows the formulas of torch.optim.SGD for one weight over two steps:
// d = gradient + decay*w; the buffer m starts as d and goes on as momentum*m + (1-dampening)*d;
// w loses lr times m, or with Nesterov d + momentum*m, or without momentum d.
func TestSGDWorked(t *testing.T) {
	tests := []struct {
		name    string
		options SGDOptions
		want    [2]float64 // the weight after each step, from 1, with gradients 2 and -1 and lr 0.1
	}{
		{"plain", SGDOptions{}, [2]float64{0.8, 0.9}},
		{"decay", SGDOptions{WeightDecay: 0.5}, [2]float64{0.75, 0.8125}},                                 // d: 2.5, -0.625
		{"momentum", SGDOptions{Momentum: 0.5}, [2]float64{0.8, 0.8}},                                     // m: 2, 0
		{"dampening", SGDOptions{Momentum: 0.5, Dampening: 0.25}, [2]float64{0.8, 0.775}},                 // m: 2, 0.25
		{"nesterov", SGDOptions{Momentum: 0.5, Nesterov: true}, [2]float64{0.7, 0.8}},                     // m: 2, 0; steps 3, -1
		{"all", SGDOptions{Momentum: 0.5, WeightDecay: 0.5, Nesterov: true}, [2]float64{0.625, 0.665625}}, // d: 2.5, -0.6875; m: 2.5, 0.5625; steps 3.75, -0.40625
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
