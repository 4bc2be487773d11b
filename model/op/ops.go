package op

import (
	"gorgonia.org/gorgonia"

	"t5train/model/kernel"
)

// Embed returns the rows ids of table [vocab, d] as [tokens, d], with dropout. T5 does not scale them.
func (g *Graph) Embed(table, ids *gorgonia.Node, dropout float32) *gorgonia.Node {
	d := table.Shape()[1]
	drop := g.dropout(dropout)
	f := &fused{name: "embed"}
	f.forward = func(in []gorgonia.Value, out func(int, int) matrix) (gorgonia.Value, error) {
		rows := in[1].Data().([]int32)
		y := out(len(rows), d)
		kernel.Embed(g.workers, y.data, view(in[0]).data, rows, d)
		if p := drop(); !p.Off() {
			p.Rows(g.workers, y.data, y.data, y.rows, d)
		}
		return y.dense, nil
	}
	f.backward = func(dy *gorgonia.Node) gorgonia.Nodes {
		param := g.byNode[table]
		return gorgonia.Nodes{g.receipt("embed.dTable", param, func(in []gorgonia.Value) error {
			rows := in[0].Data().([]int32)
			kernel.EmbedBackward(g.workers, param.rowSink(rows), view(in[1]).data, rows, d)
			return nil
		}, ids, g.masked(drop, dropout, dy)), nil}
	}
	return g.matrixOp(f, d, table, ids)
}

// Dropout returns x [tokens, d] with dropout.
func (g *Graph) Dropout(x *gorgonia.Node, rate float32) *gorgonia.Node {
	return g.masked(g.dropout(rate), rate, x)
}

// masked applies a dropout to x; applied to a gradient with the dropout of the forward pass it is the backward
// pass, because the mask depends on position alone.
func (g *Graph) masked(drop func() kernel.Dropout, rate float32, x *gorgonia.Node) *gorgonia.Node {
	if rate == 0 {
		return x
	}
	f := &fused{name: "dropout"}
	f.forward = func(in []gorgonia.Value, out func(int, int) matrix) (gorgonia.Value, error) {
		v := view(in[0])
		y := out(v.rows, v.cols)
		if p := drop(); p.Off() {
			copy(y.data, v.data)
		} else {
			p.Rows(g.workers, y.data, v.data, v.rows, v.cols)
		}
		return y.dense, nil
	}
	f.backward = func(dy *gorgonia.Node) gorgonia.Nodes { return gorgonia.Nodes{g.masked(drop, rate, dy)} }
	return g.matrixOp(f, x.Shape()[1], x)
}

// RMSNorm returns weight * x / sqrt(mean(x²) + eps) for each row of x [tokens, d].
func (g *Graph) RMSNorm(x, weight *gorgonia.Node, eps float32) *gorgonia.Node {
	d := x.Shape()[1]
	var inverse []float32
	f := &fused{name: "rms_norm"}
	f.forward = func(in []gorgonia.Value, out func(int, int) matrix) (gorgonia.Value, error) {
		v := view(in[0])
		y := out(v.rows, d)
		inverse = resize(inverse, v.rows)
		kernel.RMSNorm(g.workers, y.data, v.data, view(in[1]).data, eps, inverse)
		return y.dense, nil
	}
	f.backward = func(dy *gorgonia.Node) gorgonia.Nodes {
		param := g.byNode[weight]
		b := &fused{name: "rms_norm.dX"}
		b.forward = func(in []gorgonia.Value, out func(int, int) matrix) (gorgonia.Value, error) {
			v := view(in[1])
			dx := out(v.rows, d)
			grad, accumulate := param.sink()
			if !accumulate {
				clear(grad)
			}
			kernel.RMSNormBackward(g.workers, dx.data, grad, view(in[0]).data, v.data, view(in[2]).data, inverse)
			return dx.dense, nil
		}
		dx := g.matrixOp(b, d, dy, x, weight)
		// The gradient of the weight is done with dX; its receipt only has to come after.
		return gorgonia.Nodes{dx, g.receipt("rms_norm.dWeight", param, func([]gorgonia.Value) error { return nil }, dx)}
	}
	return g.matrixOp(f, d, x, weight)
}

// Activate returns f(x) for x [tokens, d], with dropout.
func (g *Graph) Activate(x *gorgonia.Node, f kernel.Activation, dropout float32) *gorgonia.Node {
	return g.activation(x, x.Shape()[1], f, dropout, kernel.Activate, kernel.ActivateBackward)
}

// ActivateGated returns f(gate) * value with dropout, where a row of x [tokens, 2d] is gate then value.
func (g *Graph) ActivateGated(x *gorgonia.Node, f kernel.Activation, dropout float32) *gorgonia.Node {
	return g.activation(x, x.Shape()[1]/2, f, dropout, kernel.ActivateGated, kernel.ActivateGatedBackward)
}

func (g *Graph) activation(x *gorgonia.Node, d int, a kernel.Activation, dropout float32,
	forward func(w *kernel.Workers, f kernel.Activation, y, x []float32, rows, d int),
	backward func(w *kernel.Workers, f kernel.Activation, dx, dy, x []float32, rows, d int)) *gorgonia.Node {
	drop := g.dropout(dropout)
	f := &fused{name: "activate." + a.String()}
	f.forward = func(in []gorgonia.Value, out func(int, int) matrix) (gorgonia.Value, error) {
		v := view(in[0])
		y := out(v.rows, d)
		forward(g.workers, a, y.data, v.data, v.rows, d)
		if p := drop(); !p.Off() {
			p.Rows(g.workers, y.data, y.data, v.rows, d)
		}
		return y.dense, nil
	}
	f.backward = func(dy *gorgonia.Node) gorgonia.Nodes {
		b := &fused{name: f.name + ".dX"}
		b.forward = func(in []gorgonia.Value, out func(int, int) matrix) (gorgonia.Value, error) {
			v := view(in[1])
			dx := out(v.rows, v.cols)
			backward(g.workers, a, dx.data, view(in[0]).data, v.data, v.rows, d)
			return dx.dense, nil
		}
		return gorgonia.Nodes{g.matrixOp(b, x.Shape()[1], g.masked(drop, dropout, dy), x)}
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
