package op

import (
	"slices"

	"gorgonia.org/gorgonia"

	"t5train/model/kernel"
)

// Linear returns x·wᵀ for each weight w [out, in], side by side: [tokens, sum of out]. Query, key and value or the two
// inputs of a gated feed-forward are one operation, so that the gradients of x add up inside the products.
func (g *Graph) Linear(x *gorgonia.Node, weights ...*Param) *gorgonia.Node {
	return g.linear(x, weights, fusedInto{})
}

// Activate returns drop(f(x·wᵀ)) for the weight w [out, in]: [tokens, out].
func (g *Graph) Activate(x *gorgonia.Node, f kernel.Activation, w *Param) *gorgonia.Node {
	if f == kernel.ReLU {
		return g.linear(x, []*Param{w}, fusedInto{relu: true, dropout: g.options.Dropout})
	}
	return g.activate(g.Linear(x, w), f)
}

// ActivateGated returns drop(f(x·gateᵀ) * x·valueᵀ) for the weights gate and value [out, in]: [tokens, out].
func (g *Graph) ActivateGated(x *gorgonia.Node, f kernel.Activation, gate, value *Param) *gorgonia.Node {
	return g.activateGated(g.Linear(x, gate, value), f)
}

// AddLinear returns y + drop(x·wᵀ) for y [tokens, out] and the weight w [out, in].
func (g *Graph) AddLinear(y, x *gorgonia.Node, w *Param) *gorgonia.Node {
	return g.linear(x, []*Param{w}, fusedInto{dropout: g.options.Dropout, residual: y})
}

// fusedInto is what follows a product in the same operation, in this order; relu and residual exclude each other.
type fusedInto struct {
	relu     bool
	dropout  float32
	residual *gorgonia.Node // [tokens, out]
}

func (g *Graph) linear(x *gorgonia.Node, params []*Param, o fusedInto) *gorgonia.Node {
	inDim := x.Shape()[1]
	width := 0
	var weights []*gorgonia.Node
	for _, p := range params {
		weights = append(weights, g.Param(p))
		width += p.Shape[0]
	}
	drop := g.dropout(o.dropout)
	in := append([]*gorgonia.Node{x}, weights...)
	adapters := g.adapters(x, params)
	if len(adapters) == 0 {
		x = g.rounded(x)
		in[0] = x
	}
	low := len(in)
	for _, a := range adapters {
		in = append(in, a.down, g.Param(a.B))
	}
	if o.residual != nil {
		in = append(in, o.residual)
	}
	f := &fused{name: "linear"}
	f.forward = func(in []gorgonia.Value, out func(int, int) Matrix) (gorgonia.Value, error) {
		v := view(in[0])
		y := out(v.Rows, width)
		column := 0
		for _, p := range params {
			kernel.Multiply(g.workers, v.Rows, p.Shape[0], inDim, v.operand(0), kernel.Operand{Data: g.floats(p),
				Stride: inDim, Transposed: true}, false, y.Data[column:], width)
			column += p.Shape[0]
		}
		for i, a := range adapters {
			a.up(g, y, view(in[low+2*i]))
		}
		if o.relu {
			kernel.Activate(g.workers, kernel.ReLU, y.Data, y.Data, y.Rows, width)
		}
		if p := drop(); !p.Off() {
			p.Rows(g.workers, y.Data, y.Data, y.Rows, width)
		}
		if o.residual != nil {
			kernel.Add(g.workers, y.Data, view(in[len(in)-1]).Data)
		}
		return y.dense, nil
	}
	f.backward = func(dy *gorgonia.Node) gorgonia.Nodes {
		if !slices.Contains(f.wants[:low+2*len(adapters)], true) {
			return append(make(gorgonia.Nodes, len(in)-1), dy) // of the residual alone
		}
		var dz *gorgonia.Node
		if o.relu {
			dz = g.reluBackward(dy, g.rounded(f.node), drop)
		} else {
			dz = g.dropped(drop, o.dropout, dy)
		}
		grads := make(gorgonia.Nodes, len(in))
		for i, a := range adapters {
			grads[low+2*i] = a.dDown(g, dz)
			if !a.B.Frozen {
				grads[low+2*i+1] = a.dB(g, dz)
			}
		}
		if f.wants[0] {
			grads[0] = g.linearDX(dz, params, adapters, grads[low:])
		}
		column := 0
		for i, p := range params {
			if !p.Frozen {
				grads[1+i] = g.linearDWeight(dz, x, p, column, width)
			}
			column += p.Shape[0]
		}
		if o.residual != nil {
			grads[len(in)-1] = dy
		}
		return grads
	}
	return g.matrixOp(f, width, in...)
}

// reluBackward passes dy where the output y of ReLU and drop is positive, which no dropped element is.
func (g *Graph) reluBackward(dy, y *gorgonia.Node, drop func() kernel.Dropout) *gorgonia.Node {
	f := &fused{name: "relu.dX"}
	f.forward = func(in []gorgonia.Value, out func(int, int) Matrix) (gorgonia.Value, error) {
		v := view(in[1])
		dx := out(v.Rows, v.Cols)
		kernel.ReLUBackward(g.workers, dx.Data, view(in[0]).Data, v.Data, v.halves, drop().Scale(), v.Rows, v.Cols)
		return dx.dense, nil
	}
	return g.matrixOp(f, dy.Shape()[1], dy, y)
}

// linearDX returns the sum of dy_i · w_i over the weights, where dy_i are the columns of dy that w_i made, and of what
// adapters add. Every second of low is the gradient of an adapter's inside.
func (g *Graph) linearDX(dy *gorgonia.Node, params []*Param, adapters []*adapter, low gorgonia.Nodes) *gorgonia.Node {
	inDim := params[0].Shape[1]
	nodes := gorgonia.Nodes{dy}
	for i := range adapters {
		nodes = append(nodes, low[2*i])
	}
	for _, p := range params {
		nodes = append(nodes, g.Param(p))
	}
	f := &fused{name: "linear.dX"}
	f.forward = func(in []gorgonia.Value, out func(int, int) Matrix) (gorgonia.Value, error) {
		d := view(in[0])
		dx := out(d.Rows, inDim)
		column := 0
		for i, p := range params {
			kernel.Multiply(g.workers, d.Rows, inDim, p.Shape[0], d.operand(column), kernel.Operand{Data: g.floats(p),
				Stride: inDim}, i > 0, dx.Data, inDim)
			column += p.Shape[0]
		}
		for i, a := range adapters {
			a.addDX(g, dx, view(in[1+i]))
		}
		return dx.dense, nil
	}
	return g.matrixOp(f, inDim, nodes...)
}

// linearDWeight adds dy_iᵀ·x to the gradient of one weight; dy_i starts at a column of dy [tokens, width].
func (g *Graph) linearDWeight(dy, x *gorgonia.Node, p *Param, column, width int) *gorgonia.Node {
	return g.gradNode("linear.dWeight", p, func(in []gorgonia.Value) error {
		d, v := view(in[0]), view(in[1])
		grad, accumulate := p.sink()
		out, inDim := p.Shape[0], p.Shape[1]
		kernel.Multiply(g.workers, out, inDim, v.Rows, d.operand(column).Transpose(), v.operand(0), accumulate, grad,
			inDim)
		return nil
	}, dy, x)
}
