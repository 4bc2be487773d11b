package optim

import (
	"math"
	"slices"
	"testing"
)

// TestPaper_AdafactorTwoSteps follows algorithm 4 of Shazeer & Stern 2018 by hand, at learning rate 0.01
// with parameter scaling.
func TestPaper_AdafactorTwoSteps(t *testing.T) {
	p := []Param{{Name: "p", Shape: []int{2, 3}, Value: []float32{.5, -.25, .1, 1, 0, -.75}}}
	o := transformersAdafactor()
	o.RelativeStep = false
	a, err := NewAdafactor(o, p, serial())
	if err != nil {
		t.Fatal(err)
	}
	worked := []struct{ grad, row, col, value []float64 }{
		{
			grad:  []float64{.1, -.2, .3, .4, .05, -.6},
			row:   []float64{.0466666667, .1741666667},
			col:   []float64{.085, .02125, .225},
			value: []float64{.4974326805, -.2397307218, .0952660967, .9946842960, -.0013289260, -.7450991631},
		},
		{
			grad:  []float64{-.05, .1, .02, .3, -.1, .2},
			row:   []float64{.0223334065, .1009371465},
			col:   []float64{.0627439694, .0147885718, .1073732884},
			value: []float64{.4992782632, -.2473337465, .0947017690, .9894755072, .0022474105, -.7477536669},
		},
	}
	for i, step := range worked {
		p[0].Grad = make([]float32, 6)
		for j, g := range step.grad {
			p[0].Grad[j] = float32(g)
		}
		if err := a.Step(0.01, p); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name string
			got  []float32
			want []float64
		}{
			{"row", a.moments[0].row, step.row},
			{"col", a.moments[0].col, step.col},
			{"value", p[0].Value, step.value},
		} {
			if err := relativeError(c.got, c.want); !(err <= 2e-7) {
				t.Errorf("step %d: %s is %v, want %v", i, c.name, c.got, c.want)
			}
		}
	}
}

// TestAdafactorAgainstReference compares one step with the formula written out in float64: for a matrix of
// several tiles, and for several matrices in one tensor.
func TestAdafactorAgainstReference(t *testing.T) {
	for _, params := range [][]Param{testParams()[3:4], testParams()[4:]} {
		t.Run(params[0].Name, func(t *testing.T) {
			o := transformersAdafactor()
			o.RelativeStep = false
			a, err := NewAdafactor(o, params, serial())
			if err != nil {
				t.Fatal(err)
			}
			if n := len(a.moments[0].grid.tiles); n < 2 {
				t.Fatalf("the tensor makes %d tiles, want several", n)
			}
			value := slices.Clone(params[0].Value)
			steps(t, a, params, 0, 1)

			want := referenceStep(value, params[0].Grad, params[0].Shape, o, 1e-3)
			if err := relativeError(params[0].Value, want); !(err <= 1e-6) {
				t.Errorf("the weights are off by %.2g of the greatest", err)
			}
		})
	}
}

// referenceStep is the first step with scaling by the parameter: nothing is remembered, so beta2 is 0.
func referenceStep(value, grad []float32, shape []int, o AdafactorOptions, lr float64) []float64 {
	rows, cols := shape[len(shape)-2], shape[len(shape)-1]
	update := make([]float64, len(grad))
	var updateSquares, valueSquares float64
	for first := 0; first < len(grad); first += rows * cols {
		row, col := make([]float64, rows), make([]float64, cols)
		var mean float64
		for i := range rows * cols {
			g := float64(grad[first+i])
			row[i/cols] += (g*g + o.Eps1) / float64(cols)
			col[i%cols] += (g*g + o.Eps1) / float64(rows)
			mean += (g*g + o.Eps1) / float64(rows*cols)
		}
		for i := range rows * cols {
			update[first+i] = float64(grad[first+i]) * math.Sqrt(mean/row[i/cols]/col[i%cols])
		}
	}
	for i, u := range update {
		updateSquares += u * u
		valueSquares += float64(value[i]) * float64(value[i])
	}
	n := float64(len(grad))
	size := lr * max(o.Eps2, math.Sqrt(valueSquares/n)) / max(1, math.Sqrt(updateSquares/n)/o.ClipThreshold)
	want := make([]float64, len(value))
	for i, v := range value {
		want[i] = float64(v) - size*update[i]
	}
	return want
}

// TestZeroGradients: rows, columns and tensors without a gradient stay where they are and stay finite,
// next to gradients of any size.
func TestZeroGradients(t *testing.T) {
	for _, size := range []float32{0, 1e-12, 1, 1e15} {
		p := []Param{{Name: "w", Shape: []int{2, 3}, Value: []float32{1, 2, 3, 4, 5, 6},
			Grad: []float32{size, 0, size, 0, 0, 0}}}
		a, err := NewAdafactor(transformersAdafactor(), p, serial())
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Step(0, p); err != nil {
			t.Fatal(err)
		}
		for i, want := range []float32{1, 2, 3, 4, 5, 6} {
			got := p[0].Value[i]
			if still := p[0].Grad[i] == 0; still && got != want || !still && !(got < want && got > want-1) {
				t.Errorf("gradient %v: weight %d went from %v to %v", p[0].Grad[i], i, want, got)
			}
		}
	}
}
