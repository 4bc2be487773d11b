package op

import (
	"slices"
	"testing"
)

// TestGradRows follows a table through steps that look rows up, that use it whole, and both: the gradient is the sum of
// the shares since ZeroGrad, whatever the step before left, and only the rows told differ from zero.
func TestGradRows(t *testing.T) {
	lookUp := func(rows ...int32) func(*Param) {
		return func(p *Param) {
			grad := p.rowSink(rows)
			for _, r := range rows {
				grad[2*r]++
			}
		}
	}
	whole := func(p *Param) {
		grad, accumulate := p.sink()
		for i := range grad {
			if !accumulate {
				grad[i] = 0
			}
			grad[i] += 10
		}
	}
	steps := []struct {
		name string
		uses []func(*Param)
		rows []int32
		grad []float32
	}{
		{"one batch", []func(*Param){lookUp(3, 1, 3)}, []int32{1, 3}, []float32{0, 0, 1, 0, 0, 0, 2, 0}},
		{"two batches", []func(*Param){lookUp(0), lookUp(3)}, []int32{0, 3}, []float32{1, 0, 0, 0, 0, 0, 1, 0}},
		{"nothing", nil, []int32{}, []float32{0, 0, 0, 0, 0, 0, 0, 0}},
		{"whole, then looked up", []func(*Param){whole, lookUp(2)}, nil, []float32{10, 10, 10, 10, 11, 10, 10, 10}},
		{"one batch after the whole", []func(*Param){lookUp(1)}, []int32{1}, []float32{0, 0, 1, 0, 0, 0, 0, 0}},
		{"looked up, then whole", []func(*Param){lookUp(2), whole}, nil, []float32{10, 10, 10, 10, 11, 10, 10, 10}},
		{"nothing after the whole", nil, []int32{}, []float32{0, 0, 0, 0, 0, 0, 0, 0}},
	}
	p := NewParam("table", 4, 2)
	for _, step := range steps {
		p.ZeroGrad()
		for _, use := range step.uses {
			use(p)
		}
		grad, rows := p.Grad(), p.GradRows()
		if !slices.Equal(grad, step.grad) {
			t.Errorf("%s: the gradient is %v, want %v", step.name, grad, step.grad)
		}
		if !slices.Equal(rows, step.rows) || (rows == nil) != (step.rows == nil) {
			t.Errorf("%s: the rows are %v, want %v", step.name, rows, step.rows)
		}
	}
}
