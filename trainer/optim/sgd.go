package optim

import (
	"errors"
	"fmt"

	"t5train/model/kernel"
)

// SGDOptions are the settings of SGD.
type SGDOptions struct {
	Momentum    float64 // part of the last direction that is kept, in [0, 1); 0 keeps no memory
	WeightDecay float64 // part of the weight added to its gradient, from 0
}

// DefaultSGD returns the usual momentum of 0.9 and nothing else (torch.optim.SGD defaults to no momentum).
func DefaultSGD() SGDOptions { return SGDOptions{Momentum: 0.9} }

func (o SGDOptions) validate() error {
	return errors.Join(
		require(o.Momentum >= 0 && o.Momentum < 1, "momentum", o.Momentum, "from 0 to below 1"),
		require(o.WeightDecay >= 0, "weight decay", o.WeightDecay, "from 0"),
	)
}

// SGD is stochastic gradient descent with the arithmetic of torch.optim.SGD, without its dampening and Nesterov's
// momentum. With momentum it keeps one tensor, momentum_buffer, of each parameter's shape.
type SGD struct {
	memory
	options SGDOptions
	workers *kernel.Workers
	buffers [][]float32 // momentum_buffer of each parameter; empty without momentum
}

// NewSGD returns an SGD for the parameters, whose gradients it does not look at yet.
func NewSGD(options SGDOptions, params []Param, w *kernel.Workers) (*SGD, error) {
	if err := options.validate(); err != nil {
		return nil, fmt.Errorf("sgd: %w", err)
	}
	m, err := newMemory(params)
	if err != nil {
		return nil, fmt.Errorf("sgd: %w", err)
	}
	s := &SGD{memory: m, options: options, workers: w}
	if options.Momentum > 0 {
		for _, p := range params {
			s.buffers = append(s.buffers, s.slot(p.Name, "momentum_buffer", p.Shape...))
		}
	}
	return s, nil
}

// Step implements Optimizer.
func (s *SGD) Step(lr float64, params []Param) error {
	if err := s.begin(lr, params); err != nil {
		return fmt.Errorf("sgd step: %w", err)
	}
	momentum := float32(s.options.Momentum)
	eachTensor(s.workers, params, func(i int, within spread) {
		p := params[i]
		rate, decay := float32(lr*p.rate()), float32(p.decay(s.options.WeightDecay))
		within.eachBlock(len(p.Value), func(_, from, to int) {
			value, grad := p.Value[from:to], p.Grad[from:to]
			if momentum == 0 {
				sgd(value, grad, rate, decay)
			} else {
				sgdMomentum(value, grad, s.buffers[i][from:to], rate, decay, momentum)
			}
		})
	})
	return nil
}

// sgd subtracts lr times the gradient with its weight decay.
func sgd(p, g []float32, lr, decay float32) {
	p = p[:len(g)]
	for i, gi := range g {
		p[i] -= lr * (gi + decay*p[i])
	}
}

// sgdMomentum is sgd over the buffer m = momentum*m + gradient.
func sgdMomentum(p, g, m []float32, lr, decay, momentum float32) {
	p, m = p[:len(g)], m[:len(g)]
	for i, gi := range g {
		m[i] = momentum*m[i] + (gi + decay*p[i])
		p[i] -= lr * m[i]
	}
}
