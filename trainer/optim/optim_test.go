package optim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"t5train/model/kernel"
)

// optimizers are one of each kind, and more where settings change what is remembered.
var optimizers = []struct {
	name string
	make func([]Param, *kernel.Workers) (Optimizer, error)
}{
	{"adafactor", func(p []Param, w *kernel.Workers) (Optimizer, error) {
		return NewAdafactor(transformersAdafactor(), p, w)
	}},
	{"adafactor with mean", func(p []Param, w *kernel.Workers) (Optimizer, error) {
		o := transformersAdafactor()
		o.Beta1 = 0.9
		return NewAdafactor(o, p, w)
	}},
	{"adafactor with decay", func(p []Param, w *kernel.Workers) (Optimizer, error) {
		o := transformersAdafactor()
		o.WeightDecay = 0.01
		return NewAdafactor(o, p, w)
	}},
	{"adafactor with mean, decay and schedule", func(p []Param, w *kernel.Workers) (Optimizer, error) {
		o := transformersAdafactor()
		o.RelativeStep, o.Beta1, o.WeightDecay, o.MinDimSizeToFactor = false, 0.9, 0.01, 8
		return NewAdafactor(o, p, w)
	}},
	{"adamw", func(p []Param, w *kernel.Workers) (Optimizer, error) { return NewAdamW(DefaultAdamW(), p, w) }},
	{"sgd", func(p []Param, w *kernel.Workers) (Optimizer, error) { return NewSGD(SGDOptions{}, p, w) }},
	{"sgd with dampened momentum", func(p []Param, w *kernel.Workers) (Optimizer, error) {
		return NewSGD(SGDOptions{Momentum: 0.9, WeightDecay: 0.1}, p, w)
	}},
}

// testParams has a vector, matrices below and above MinDimSizeToFactor 8, a batch of matrices, and one
// tensor large enough to be shared among threads, with a last block that is not full.
func testParams() []Param {
	params := []Param{
		{Name: "norm", Shape: []int{9}},
		{Name: "bias", Shape: []int{3, 12}},
		{Name: "weight", Shape: []int{16, 10}},
		{Name: "experts", Shape: []int{3, 8, 9}},
		{Name: "shared", Shape: []int{1100, 1000}},
	}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range params {
		params[i].Value = random(r, elements(params[i].Shape))
	}
	return params
}

// random returns n numbers from -2 to 2.
func random(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = 4*r.Float32() - 2
	}
	return x
}

// steps makes the steps [from, to) with gradients that follow from the step's number.
func steps(t *testing.T, o Optimizer, params []Param, from, to int) {
	t.Helper()
	for step := from; step < to; step++ {
		r := rand.New(rand.NewPCG(3, uint64(step)))
		for i := range params {
			params[i].Grad = random(r, len(params[i].Value))
		}
		if err := o.Step(1e-3*float64(1+step%3), params); err != nil {
			t.Fatal(err)
		}
	}
}

// serial are workers on one thread.
func serial() *kernel.Workers { return kernel.NewWorkers(1) }

func requireSameBits(t *testing.T, got, want []Param) {
	t.Helper()
	for i, p := range want {
		for j, w := range p.Value {
			if g := got[i].Value[j]; math.Float32bits(g) != math.Float32bits(w) || g != g {
				t.Fatalf("%s[%d] is %v, want %v", p.Name, j, g, w)
			}
		}
	}
}

func TestResumeEqualsUnbroken(t *testing.T) {
	for _, c := range optimizers {
		t.Run(c.name, func(t *testing.T) {
			unbroken := testParams()[:4]
			steps(t, must(c.make(unbroken, serial())), unbroken, 0, 20)

			resumed := testParams()[:4]
			first := must(c.make(resumed, serial()))
			steps(t, first, resumed, 0, 10)
			second := must(c.make(resumed, serial()))
			state := first.State()
			slices.Reverse(state) // the order of the state does not matter
			if err := second.Load(state); err != nil {
				t.Fatal(err)
			}
			steps(t, second, resumed, 10, 20)
			requireSameBits(t, resumed, unbroken)
		})
	}
}

func TestBlocksCoverAll(t *testing.T) {
	for _, n := range []int{1, blockSize - 1, blockSize, blockSize + 1, 3*blockSize + 5} {
		next := 0
		spread(alone).eachBlock(n, func(block, from, to int) {
			if from != next || to <= from || block != from/blockSize {
				t.Errorf("%d elements: block %d is from %d to %d, want it to start at %d", n, block, from, to, next)
			}
			next = to
		})
		if next != n {
			t.Errorf("%d elements: the blocks end at %d", n, next)
		}
	}
}

func TestThreadsDoNotChangeTheBits(t *testing.T) {
	for _, c := range optimizers {
		for _, n := range []int{2, 7} {
			t.Run(fmt.Sprintf("%s on %d threads", c.name, n), func(t *testing.T) {
				one, several := testParams(), testParams()
				steps(t, must(c.make(one, serial())), one, 0, 2)
				steps(t, must(c.make(several, kernel.NewWorkers(n))), several, 0, 2)
				requireSameBits(t, several, one)
			})
		}
	}
}

func TestStepRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(p []Param) []Param
		lr     float64
		want   string
	}{
		{"fewer parameters", func(p []Param) []Param { return p[1:] }, 1, "want the 4 of the constructor"},
		{"another order", func(p []Param) []Param { p[0], p[1] = p[1], p[0]; return p }, 1,
			"keep the constructor's order"},
		{"no gradient", func(p []Param) []Param { p[2].Grad = nil; return p }, 1, "gradient of 0 values, want 160"},
		{"a short value", func(p []Param) []Param { p[2].Value = p[2].Value[1:]; return p }, 1,
			"holds 159 values, want 160"},
		{"rows out of order", func(p []Param) []Param { p[2].Rows = []int32{3, 1}; return p }, 1,
			"has row 1 in place 1 of the gradient's rows, want ascending ones below 16"},
		{"a row too many", func(p []Param) []Param { p[1].Rows = []int32{3}; return p }, 1,
			"has row 3 in place 0 of the gradient's rows, want ascending ones below 3"},
		{"a rate that is no number", func(p []Param) []Param { return p }, math.NaN(), "learning rate is NaN"},
		{"a negative rate", func(p []Param) []Param { return p }, -1, "learning rate is -1"},
	}
	for _, c := range optimizers {
		for _, test := range tests {
			if strings.HasPrefix(test.want, "learning rate") && strings.HasPrefix(c.name, "adafactor") &&
				!strings.HasSuffix(c.name, "schedule") {
				continue // makes its own rate
			}
			t.Run(c.name+"/"+test.name, func(t *testing.T) {
				params := testParams()[:4]
				for i := range params {
					params[i].Grad = make([]float32, len(params[i].Value))
				}
				o := must(c.make(params, serial()))
				err := o.Step(test.lr, test.change(slices.Clone(params)))
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("error is %v, want one with %q", err, test.want)
				}
				requireSameBits(t, params, testParams()[:4])
				if step := o.State()[0].Data; step[0] != 0 {
					t.Errorf("the refused step was counted: %v", step)
				}
			})
		}
	}
}

func TestConstructorsRefuse(t *testing.T) {
	value := make([]float32, 6)
	tests := []struct {
		name   string
		params []Param
		want   string
	}{
		{"a name given twice", []Param{{Name: "w", Shape: []int{6}, Value: value},
			{Name: "w", Shape: []int{6}, Value: value}}, `"w" is given twice`},
		{"a shape of another size", []Param{{Name: "w", Shape: []int{2, 2}, Value: value}}, "holds 6 values, want 4"},
		{"an empty dimension", []Param{{Name: "w", Shape: []int{-2, -3}, Value: value}}, "want dimensions from 1"},
	}
	for _, c := range optimizers {
		for _, test := range tests {
			t.Run(c.name+"/"+test.name, func(t *testing.T) {
				if _, err := c.make(test.params, serial()); err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("error is %v, want one with %q", err, test.want)
				}
			})
		}
	}
}

func TestOptionsRefuseAllAtOnce(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want []string
	}{
		{"adafactor", AdafactorOptions{Eps2: -1, DecayRate: 0.8, Beta1: 1, WeightDecay: -1, WarmupInit: true,
			MinDimSizeToFactor: -1}.validate(),
			[]string{"eps1 is 0", "eps2 is -1", "clip threshold is 0", "decay rate is 0.8", "beta1 is 1",
				"weight decay is -1",
				"warmup init", "to factor is -1"}},
		{"adamw", AdamWOptions{Beta1: -1, Beta2: math.NaN(), WeightDecay: -1}.validate(),
			[]string{"beta1 is -1", "beta2 is NaN", "eps is 0", "weight decay is -1"}},
		{"sgd", SGDOptions{Momentum: 1, WeightDecay: -1}.validate(),
			[]string{"momentum is 1", "weight decay is -1"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, want := range test.want {
				if test.err == nil || !strings.Contains(test.err.Error(), want) {
					t.Errorf("error is %v, want one with %q", test.err, want)
				}
			}
		})
	}
}

func must(o Optimizer, err error) Optimizer {
	if err != nil {
		panic(err)
	}
	return o
}

// TestRowsAreDense: a gradient with few rows gives the bits that it gives without Rows, in weights, state, norm and
// after clipping, also where weights without a gradient move.
func TestRowsAreDense(t *testing.T) {
	for _, c := range optimizers {
		t.Run(c.name, func(t *testing.T) {
			w := kernel.NewWorkers(2)
			dense, sparse := testParams(), testParams()
			a, b := must(c.make(dense, w)), must(c.make(sparse, w))
			for step := range 3 {
				r := rand.New(rand.NewPCG(3, uint64(step)))
				for i := range dense {
					cols := dense[i].cols()
					dense[i].Grad, sparse[i].Rows = make([]float32, len(dense[i].Value)), []int32{}
					for row := range dense[i].rows() {
						if step < 2 && r.IntN(5) == 0 { // the last step has no gradient at all
							copy(dense[i].Grad[row*cols:], random(r, cols))
							sparse[i].Rows = append(sparse[i].Rows, int32(row))
						}
					}
					sparse[i].Grad = slices.Clone(dense[i].Grad)
				}
				if got, want := ClipGlobalNorm(sparse, 1, w), ClipGlobalNorm(dense, 1, w); got != want {
					t.Fatalf("step %d: the norm is %v, want %v", step, got, want)
				}
				for i := range dense {
					if !slices.Equal(sparse[i].Grad, dense[i].Grad) {
						t.Fatalf("step %d: the clipped gradients of %s differ", step, dense[i].Name)
					}
				}
				for _, err := range []error{a.Step(1e-3, dense), b.Step(1e-3, sparse)} {
					if err != nil {
						t.Fatal(err)
					}
				}
				requireSameBits(t, sparse, dense)
				state := b.State()
				for i, s := range a.State() {
					if !slices.Equal(state[i].Data, s.Data) {
						t.Fatalf("step %d: %s differs", step, s.Name)
					}
				}
			}
		})
	}
}

// TestPathsGiveTheSameBits: a run may resume on another machine.
func TestPathsGiveTheSameBits(t *testing.T) {
	for _, c := range optimizers {
		t.Run(c.name, func(t *testing.T) {
			want := testParams()
			steps(t, must(c.make(want, kernel.NewWorkersOn(kernel.Portable, 2))), want, 0, 2)
			for _, path := range kernel.ISAs() {
				got := testParams()
				steps(t, must(c.make(got, kernel.NewWorkersOn(path, 2))), got, 0, 2)
				requireSameBits(t, got, want)
			}
		})
	}
}
