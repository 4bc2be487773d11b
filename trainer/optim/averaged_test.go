package optim

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// averagedSteps returns an optimizer with an average, its parameters, and a step with the gradients of a number.
func averagedSteps(decay float64) (*Averaged, []Param, func(n int)) {
	params := []Param{
		{Name: "w", Shape: []int{2, 3}, Value: []float32{1, -2, 3, -4, 5, 6}, Grad: make([]float32, 6)},
		{Name: "blocks", Shape: []int{blockSize + 64}, Value: make([]float32, blockSize+64),
			Grad: make([]float32, blockSize+64)},
	}
	a := NewAveraged(must(NewSGD(SGDOptions{Momentum: 0.9}, params, serial())), decay, params, serial())
	return a, params, func(n int) {
		r := rand.New(rand.NewPCG(uint64(n), 1))
		for _, p := range params {
			for i := range min(len(p.Grad), 99) {
				p.Grad[len(p.Grad)-1-i%len(p.Grad)] = r.Float32() - 0.5
			}
		}
		if err := a.Step(0.1, params); err != nil {
			panic(err)
		}
	}
}

func TestAverageIsItsFormula(t *testing.T) {
	for _, decay := range []float64{0.5, 0.999} {
		a, params, step := averagedSteps(decay)
		want := make([][]float64, len(params))
		for i, p := range params {
			for _, v := range p.Value {
				want[i] = append(want[i], float64(v))
			}
		}
		for n := 1; n <= 12; n++ {
			step(n)
			d := math.Min(decay, float64(1+n)/float64(10+n))
			for i, p := range params {
				for j, v := range p.Value {
					want[i][j] = d*want[i][j] + (1-d)*float64(v)
				}
				for j, v := range a.Average()[i].Data {
					if diff := math.Abs(float64(v) - want[i][j]); diff > 1e-6*math.Max(1, math.Abs(want[i][j])) {
						t.Fatalf("decay %g, step %d: %s[%d] is %g, want %g", decay, n, p.Name, j, v, want[i][j])
					}
				}
			}
		}
	}
}

// The weights come back as they were, and what is loaded steps on as what was saved.
func TestAverageIsResumed(t *testing.T) {
	a, params, step := averagedSteps(0.9)
	step(1)
	step(2)
	before, average := slices.Clone(params[0].Value), slices.Clone(a.Average()[0].Data)
	a.Swap()
	if !slices.Equal(params[0].Value, average) || slices.Equal(before, average) {
		t.Errorf("swapped: the weights are %v, want %v", params[0].Value, average)
	}
	a.Swap()
	if !slices.Equal(params[0].Value, before) || !slices.Equal(a.Average()[0].Data, average) {
		t.Errorf("swapped twice: the weights are %v, want %v", params[0].Value, before)
	}
	b, others, stepOther := averagedSteps(0.9)
	for i, saved := range a.Average() {
		copy(others[i].Value, saved.Data)
	}
	if err := b.Load(a.State()); err != nil {
		t.Fatal(err)
	}
	step(3)
	stepOther(3)
	for i := range params {
		if !slices.Equal(params[i].Value, others[i].Value) ||
			!slices.Equal(a.Average()[i].Data, b.Average()[i].Data) {
			t.Errorf("%s differs after a resumed step", params[i].Name)
		}
	}
	kept := slices.Clone(others[0].Value)
	err := b.Load(a.Optimizer.State())
	if err == nil || !strings.Contains(err.Error(), "saved without an average of the weights") {
		t.Errorf("a state without an average: got error %v", err)
	}
	if err := b.Load(a.State()[1:]); err == nil || !slices.Equal(others[0].Value, kept) {
		t.Errorf("a state without a step: error %v, weights %v", err, others[0].Value)
	}
}
