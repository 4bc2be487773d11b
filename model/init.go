package model

import (
	"hash/fnv"
	"math"
	"math/rand/v2"

	"t5train/model/op"
)

// initializer draws one weight from its distribution.
type initializer func(r *rand.Rand) float64

// The distributions of T5X (t5x/examples/t5/layers.py), which has no factor 1/sqrt(d_kv) in attention because
// that of q is in its initialisation.

func ones(*rand.Rand) float64 { return 1 }

func normal(std float64) initializer {
	return func(r *rand.Rand) float64 { return std * r.NormFloat64() }
}

// truncated is a normal distribution cut at two standard deviations and widened so that its standard deviation is
// std (JAX variance_scaling: 0.8796 is that of the standard normal cut at two).
func truncated(std float64) initializer {
	return func(r *rand.Rand) float64 {
		for {
			if x := r.NormFloat64(); math.Abs(x) < 2 {
				return x * std / 0.87962566103423978
			}
		}
	}
}

func uniform(limit float64) initializer {
	return func(r *rand.Rand) float64 { return limit * (2*r.Float64() - 1) }
}

// params collects the parameters of a model in the order of its modules.
type params struct {
	list  []*op.Param
	inits []initializer
	bare  bool // names and shapes only: no memory for values

	halves bool // the values are to be rounded to bfloat16 when they are read
}

func (p *params) add(name string, init initializer, shape ...int) *op.Param {
	param := &op.Param{Name: name, Shape: shape}
	if !p.bare {
		param = op.NewParam(name, shape...)
	}
	p.list = append(p.list, param)
	p.inits = append(p.inits, init)
	return param
}

// Init draws all parameters by the rules of T5X; the same seed gives the same model.
func (m *T5) Init(seed uint64) {
	for i := range m.Params {
		m.params.draw(i, seed)
	}
}

// draw draws a parameter from a stream of its own, a function of the seed and its name alone.
func (p *params) draw(i int, seed uint64) {
	p.inits[i].draw(p.list[i], seed)
}

// draw draws the values of a parameter.
func (init initializer) draw(p *op.Param, seed uint64) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(p.Name)) // a hash does not fail
	r := rand.New(rand.NewPCG(seed, h.Sum64()))
	for i := range p.Value {
		p.Value[i] = float32(init(r))
	}
}

func inverseSqrt(n int) float64 { return 1 / math.Sqrt(float64(n)) }
