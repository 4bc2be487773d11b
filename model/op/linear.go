package op

import (
	"gorgonia.org/gorgonia"

	"t5train/model/kernel"
)

// LinearOptions are what Linear fuses to its product. The order is ReLU, dropout, residual; ReLU and Residual
// exclude each other.
type LinearOptions struct {
	ReLU     bool
	Dropout  float32
	Residual *gorgonia.Node // [tokens, out], added last
}

// Linear returns x·wᵀ for each weight w [out, in], side by side: [tokens, sum of out]. Query, key and value or the two
// inputs of a gated feed-forward are one operation, so that the gradients of x add up inside the products.
func (g *Graph) Linear(x *gorgonia.Node, weights []*gorgonia.Node, o LinearOptions) *gorgonia.Node {
	inDim := x.Shape()[1]
	width := 0
	for _, w := range weights {
		width += w.Shape()[0]
	}
	drop := g.dropout(o.Dropout)
	in := append([]*gorgonia.Node{x}, weights...)
	if o.Residual != nil {
		in = append(in, o.Residual)
	}
	f := &fused{name: "linear"}
	f.forward = func(in []gorgonia.Value, out func(int, int) matrix) (gorgonia.Value, error) {
		v := view(in[0])
		y := out(v.rows, width)
		column := 0
		for i := range weights {
			w := view(in[1+i])
			kernel.Gemm(g.workers, false, true, v.rows, w.rows, inDim, v.data, inDim, w.data, inDim, false, y.data[column:], width)
			column += w.rows
		}
		if o.ReLU {
			kernel.Activate(g.workers, kernel.ReLU, y.data, y.data, y.rows, width)
		}
		if p := drop(); !p.Off() {
			p.Rows(g.workers, y.data, y.data, y.rows, width)
		}
		if o.Residual != nil {
			kernel.Add(g.workers, y.data, view(in[len(in)-1]).data)
		}
		return y.dense, nil
	}
	f.backward = func(dy *gorgonia.Node) gorgonia.Nodes {
		dz := g.masked(drop, o.Dropout, dy)
		if o.ReLU {
			dz = g.reluBackward(dz, f.node)
		}
		grads := gorgonia.Nodes{g.linearDX(dz, weights, inDim)}
		column := 0
		for _, w := range weights {
			grads = append(grads, g.linearDWeight(dz, x, g.byNode[w], column, width))
			column += w.Shape()[0]
		}
		if o.Residual != nil {
			grads = append(grads, dy)
		}
		return grads
	}
	return g.matrixOp(f, width, in...)
}

// reluBackward passes dy where the output y is positive. A dropped element is 0 in y and in dy alike.
func (g *Graph) reluBackward(dy, y *gorgonia.Node) *gorgonia.Node {
	f := &fused{name: "relu.dX"}
	f.forward = func(in []gorgonia.Value, out func(int, int) matrix) (gorgonia.Value, error) {
		v := view(in[1])
		dx := out(v.rows, v.cols)
		kernel.ActivateBackward(g.workers, kernel.ReLU, dx.data, view(in[0]).data, v.data, v.rows, v.cols)
		return dx.dense, nil
	}
	return g.matrixOp(f, dy.Shape()[1], dy, y)
}

// linearDX returns the sum of dy_i · w_i over the weights, where dy_i are the columns of dy that w_i made.
func (g *Graph) linearDX(dy *gorgonia.Node, weights []*gorgonia.Node, inDim int) *gorgonia.Node {
	f := &fused{name: "linear.dX"}
	f.forward = func(in []gorgonia.Value, out func(int, int) matrix) (gorgonia.Value, error) {
		d := view(in[0])
		dx := out(d.rows, inDim)
		column := 0
		for i := range weights {
			w := view(in[1+i])
			kernel.Gemm(g.workers, false, false, d.rows, inDim, w.rows, d.data[column:], d.cols, w.data, inDim, i > 0, dx.data, inDim)
			column += w.rows
		}
		return dx.dense, nil
	}
	return g.matrixOp(f, inDim, append([]*gorgonia.Node{dy}, weights...)...)
}

// linearDWeight adds dy_iᵀ·x to the gradient of one weight; dy_i starts at a column of dy [tokens, width].
func (g *Graph) linearDWeight(dy, x *gorgonia.Node, p *Param, column, width int) *gorgonia.Node {
	return g.receipt("linear.dWeight", p, func(in []gorgonia.Value) error {
		d, v := view(in[0]), view(in[1])
		grad, accumulate := p.sink()
		out, inDim := p.Shape[0], p.Shape[1]
		kernel.Gemm(g.workers, true, false, out, inDim, v.rows, d.data[column:], width, v.data, inDim, accumulate, grad, inDim)
		return nil
	}, dy, x)
}
