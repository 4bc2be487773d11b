package optim

import (
	"errors"
	"fmt"
	"math"

	"t5train/model/kernel"
)

// AdamWOptions are the settings of AdamW.
type AdamWOptions struct {
	Beta1       float64 // decay of the mean gradient, in [0, 1)
	Beta2       float64 // decay of the mean squared gradient, in [0, 1); 0.98 where batches are small or noisy
	Eps         float64 // added to the root of the mean square, above 0
	WeightDecay float64 // part of a weight taken away per step and unit of learning rate, from 0
}

// DefaultAdamW returns the defaults of torch.optim.AdamW but for its weight decay of 0.01: here nothing decays unasked.
func DefaultAdamW() AdamWOptions { return AdamWOptions{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8} }

func (o AdamWOptions) validate() error {
	return errors.Join(
		require(o.Beta1 >= 0 && o.Beta1 < 1, "beta1", o.Beta1, "from 0 to below 1"),
		require(o.Beta2 >= 0 && o.Beta2 < 1, "beta2", o.Beta2, "from 0 to below 1"),
		require(o.Eps > 0, "eps", o.Eps, "above 0"),
		require(o.WeightDecay >= 0, "weight decay", o.WeightDecay, "from 0"),
	)
}

// AdamW is Adam with weight decay apart from the gradient (Loshchilov & Hutter 2019, algorithm 2), with the
// arithmetic of torch.optim.AdamW. It keeps two tensors, exp_avg and exp_avg_sq, of each parameter's shape.
type AdamW struct {
	memory
	options AdamWOptions
	workers *kernel.Workers
	means   [][]float32 // exp_avg of each parameter
	squares [][]float32 // exp_avg_sq
}

// NewAdamW returns an AdamW for the parameters, whose gradients it does not look at yet.
func NewAdamW(options AdamWOptions, params []Param, w *kernel.Workers) (*AdamW, error) {
	if err := options.validate(); err != nil {
		return nil, fmt.Errorf("adamw: %w", err)
	}
	m, err := newMemory(params)
	if err != nil {
		return nil, fmt.Errorf("adamw: %w", err)
	}
	a := &AdamW{memory: m, options: options, workers: w}
	for _, p := range params {
		a.means = append(a.means, a.slot(p.Name, "exp_avg", p.Shape...))
		a.squares = append(a.squares, a.slot(p.Name, "exp_avg_sq", p.Shape...))
	}
	return a, nil
}

// Step implements Optimizer.
func (a *AdamW) Step(lr float64, params []Param) error {
	if err := a.begin(lr, params); err != nil {
		return fmt.Errorf("adamw step: %w", err)
	}
	t := float64(a.step)
	var (
		fresh1 = float32(1 - a.options.Beta1)
		beta2  = float32(a.options.Beta2)
		fresh2 = float32(1 - a.options.Beta2)
		fresh  = 1 - math.Pow(a.options.Beta1, t)
		root2  = float32(math.Sqrt(1 - math.Pow(a.options.Beta2, t)))
		eps    = float32(a.options.Eps)
	)
	loops := a.workers.OptimizerLoops()
	eachTensor(a.workers, params, func(i int, within spread) {
		p, mean, square := params[i], a.means[i], a.squares[i]
		rate := lr * p.rate()
		size, decay := float32(rate/fresh), float32(rate*p.decay(a.options.WeightDecay))
		within.eachBlock(len(p.Value), func(_, from, to int) {
			loops.AdamW(p.Value[from:to], mean[from:to], square[from:to], p.Grad[from:to], fresh1, beta2, fresh2,
				size, root2, eps, decay)
		})
	})
	return nil
}
