package op

import (
	"gorgonia.org/gorgonia"

	"t5train/model/kernel"
)

// Embed returns drop(the rows of table [vocab, d] that tokens name): [tokens, d]. T5 does not scale them.
func (g *Graph) Embed(table *Param, tokens *Ragged) *gorgonia.Node {
	d := table.Shape[1]
	rate := g.options.Dropout
	drop := g.dropout(rate)
	f := &fused{name: "embed"}
	f.forward = func(_ []gorgonia.Value, out func(int, int) Matrix) (gorgonia.Value, error) {
		y := out(len(tokens.IDs), d)
		table.embed(g.workers, y.Data, tokens.IDs)
		if p := drop(); !p.Off() {
			p.Rows(g.workers, y.Data, y.Data, y.Rows, d)
		}
		return y.dense, nil
	}
	f.backward = func(dy *gorgonia.Node) gorgonia.Nodes {
		return gorgonia.Nodes{g.gradNode("embed.dTable", table, func(in []gorgonia.Value) error {
			kernel.EmbedBackward(g.workers, table.rowSink(tokens.IDs), view(in[0]).Data, tokens.IDs, d)
			return nil
		}, g.dropped(drop, rate, dy))}
	}
	return g.matrixOp(f, d, g.Param(table))
}

// Dropout returns drop(x) for x [tokens, d].
func (g *Graph) Dropout(x *gorgonia.Node) *gorgonia.Node {
	rate := g.options.Dropout
	return g.dropped(g.dropout(rate), rate, x)
}

// dropped applies a dropout to x; applied to a gradient with the dropout of the forward pass it is the backward
// pass, because the mask depends on position alone.
func (g *Graph) dropped(drop func() kernel.Dropout, rate float32, x *gorgonia.Node) *gorgonia.Node {
	if rate == 0 {
		return x
	}
	f := &fused{name: "dropout"}
	f.forward = func(in []gorgonia.Value, out func(int, int) Matrix) (gorgonia.Value, error) {
		v := view(in[0])
		y := out(v.Rows, v.Cols)
		if p := drop(); p.Off() {
			copy(y.Data, v.Data)
		} else {
			p.Rows(g.workers, y.Data, v.Data, v.Rows, v.Cols)
		}
		return y.dense, nil
	}
	f.backward = func(dy *gorgonia.Node) gorgonia.Nodes { return gorgonia.Nodes{g.dropped(drop, rate, dy)} }
	return g.matrixOp(f, x.Shape()[1], x)
}

// rounded returns x [tokens, d] as products read it: in bfloat16 where they round it, so that what is kept of it for
// the backward pass takes half the memory.
func (g *Graph) rounded(x *gorgonia.Node) *gorgonia.Node {
	d := x.Shape()[1]
	if g.halves == nil || d%2 != 0 {
		return x
	}
	if y, ok := g.halves[x]; ok {
		return y
	}
	f := &fused{name: "round"}
	f.forward = func(in []gorgonia.Value, _ func(int, int) Matrix) (gorgonia.Value, error) {
		v := view(in[0])
		y := g.pool.halves(v.Rows, d, f.users)
		kernel.Halve(g.workers, y.Data, v.Data, v.Rows, d)
		return y.dense, nil
	}
	f.backward = func(dy *gorgonia.Node) gorgonia.Nodes { return gorgonia.Nodes{dy} }
	y := g.matrixOp(f, d, x)
	g.halves[x] = y
	return y
}

// RMSNorm returns param * x / sqrt(mean(x²) + eps) for each row of x [tokens, d].
func (g *Graph) RMSNorm(x *gorgonia.Node, param *Param, eps float32) *gorgonia.Node {
	d := x.Shape()[1]
	weight := g.Param(param)
	var inverse []float32
	f := &fused{name: "rms_norm"}
	f.forward = func(in []gorgonia.Value, out func(int, int) Matrix) (gorgonia.Value, error) {
		v := view(in[0])
		y := out(v.Rows, d)
		inverse = resize(inverse, v.Rows)
		kernel.RMSNorm(g.workers, y.Data, v.Data, view(in[1]).Data, eps, inverse)
		return y.dense, nil
	}
	f.backward = func(dy *gorgonia.Node) gorgonia.Nodes {
		b := &fused{name: "rms_norm.dX"}
		b.forward = func(in []gorgonia.Value, out func(int, int) Matrix) (gorgonia.Value, error) {
			v := view(in[1])
			dx := out(v.Rows, d)
			var grad []float32
			if !param.Frozen {
				grad = param.zeroedSink()
			}
			kernel.RMSNormBackward(g.workers, dx.Data, grad, view(in[0]).Data, v.Data, view(in[2]).Data, inverse)
			return dx.dense, nil
		}
		dx := g.matrixOp(b, d, dy, x, weight)
		if param.Frozen {
			return gorgonia.Nodes{dx, nil}
		}
		// The gradient of the weight is done with dX; its node only has to come after.
		return gorgonia.Nodes{dx, g.gradNode("rms_norm.dWeight", param, func([]gorgonia.Value) error { return nil },
			dx)}
	}
	return g.matrixOp(f, d, x, weight)
}

// activate returns drop(f(x)) for x [tokens, d].
func (g *Graph) activate(x *gorgonia.Node, f kernel.Activation) *gorgonia.Node {
	return g.activation(x, x.Shape()[1], f, kernel.Activate, kernel.ActivateBackward)
}

// activateGated returns drop(f(gate) * value), where a row of x [tokens, 2d] is gate then value.
func (g *Graph) activateGated(x *gorgonia.Node, f kernel.Activation) *gorgonia.Node {
	return g.activation(x, x.Shape()[1]/2, f, kernel.ActivateGated, kernel.ActivateGatedBackward)
}

func (g *Graph) activation(x *gorgonia.Node, d int, a kernel.Activation,
	forward func(w *kernel.Workers, f kernel.Activation, y, x []float32, rows, d int),
	backward func(w *kernel.Workers, f kernel.Activation, dx, dy, x []float32, rows, d int)) *gorgonia.Node {
	rate := g.options.Dropout
	drop := g.dropout(rate)
	f := &fused{name: "activate." + a.String()}
	f.forward = func(in []gorgonia.Value, out func(int, int) Matrix) (gorgonia.Value, error) {
		v := view(in[0])
		y := out(v.Rows, d)
		forward(g.workers, a, y.Data, v.Data, v.Rows, d)
		if p := drop(); !p.Off() {
			p.Rows(g.workers, y.Data, y.Data, v.Rows, d)
		}
		return y.dense, nil
	}
	f.backward = func(dy *gorgonia.Node) gorgonia.Nodes {
		b := &fused{name: f.name + ".dX"}
		b.forward = func(in []gorgonia.Value, out func(int, int) Matrix) (gorgonia.Value, error) {
			v := view(in[1])
			dx := out(v.Rows, v.Cols)
			backward(g.workers, a, dx.Data, view(in[0]).Data, v.Data, v.Rows, d)
			return dx.dense, nil
		}
		return gorgonia.Nodes{g.matrixOp(b, x.Shape()[1], g.dropped(drop, rate, dy), x)}
	}
	return g.matrixOp(f, d, x)
}

// resize returns buf with length n, reallocated when it is too small. The content is undefined.
func resize(buf []float32, n int) []float32 {
	if cap(buf) < n {
		return make([]float32, n)
	}
	return buf[:n]
}
