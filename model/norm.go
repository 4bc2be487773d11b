package model

import (
	"gorgonia.org/gorgonia"

	"t5train/model/op"
)

// LayerNorm is T5's layer_norm: RMSNorm with a weight, no mean and no bias.
type LayerNorm struct {
	Weight  *op.Param // [d_model]
	Epsilon float32
}

func newLayerNorm(p *params, path string, c Config) LayerNorm {
	return LayerNorm{Weight: p.add(path+".weight", ones, c.DModel), Epsilon: float32(c.LayerNormEpsilon)}
}

func (l LayerNorm) forward(g *op.Graph, x *gorgonia.Node) *gorgonia.Node {
	return g.RMSNorm(x, g.Param(l.Weight), l.Epsilon)
}
