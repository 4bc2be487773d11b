package model

import (
	"gorgonia.org/gorgonia"

	"t5train/model/kernel"
	"t5train/model/op"
)

// DenseReluDense is the feed-forward layer: wo(drop(f(wi x))), or wo(drop(f(wi_0 x) * (wi_1 x))) when gated.
type DenseReluDense struct {
	Wi         []*op.Param // wi, or wi_0 and wi_1; [d_ff, d_model] each
	Wo         *op.Param   // [d_model, d_ff]
	Activation kernel.Activation
}

func newDenseReluDense(p *params, path string, c Config) DenseReluDense {
	activation, gated, _ := c.Activation() // New validated c
	names := []string{"wi"}
	if gated {
		names = []string{"wi_0", "wi_1"}
	}
	f := DenseReluDense{Activation: activation}
	for _, name := range names {
		f.Wi = append(f.Wi, p.add(path+"."+name+".weight", truncated(inverseSqrt(c.DModel)), c.DFF, c.DModel))
	}
	f.Wo = p.add(path+".wo.weight", truncated(inverseSqrt(c.DFF)), c.DModel, c.DFF)
	return f
}

// Gated tells whether there is a second input projection.
func (f DenseReluDense) Gated() bool { return len(f.Wi) == 2 }

// forward returns residual + drop(ffn(x)).
func (f DenseReluDense) forward(g *op.Graph, x, residual *gorgonia.Node, dropout float32) *gorgonia.Node {
	var h *gorgonia.Node
	switch {
	case f.Gated():
		h = g.ActivateGated(linear(g, x, op.LinearOptions{}, f.Wi...), f.Activation, dropout)
	case f.Activation == kernel.ReLU:
		h = linear(g, x, op.LinearOptions{ReLU: true, Dropout: dropout}, f.Wi...)
	default:
		h = g.Activate(linear(g, x, op.LinearOptions{}, f.Wi...), f.Activation, dropout)
	}
	return linear(g, h, op.LinearOptions{Dropout: dropout, Residual: residual}, f.Wo)
}

func linear(g *op.Graph, x *gorgonia.Node, o op.LinearOptions, weights ...*op.Param) *gorgonia.Node {
	nodes := make([]*gorgonia.Node, len(weights))
	for i, w := range weights {
		nodes[i] = g.Param(w)
	}
	return g.Linear(x, nodes, o)
}
