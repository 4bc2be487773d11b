package op

import (
	"math"
	"slices"
	"testing"

	"gorgonia.org/gorgonia"

	"t5train/model/kernel"
)

// adapted gives a weight [out, in] an adapter, and freezes the weight.
func adapted(w *Param, rank int, dropout float32) *Param {
	w.Frozen = true
	w.LoRA = &LowRank{A: randomParam(w.Name+".a", 0.5, rank, w.Shape[1]), B: randomParam(w.Name+".bb", 0.5, w.Shape[0],
		rank), Scale: 1.7, Dropout: dropout}
	return w
}

// packed makes a weight one of eight bits or of bfloat16.
func packed(w *Param, kind string) *Param {
	out, in := w.Shape[0], w.Shape[1]
	switch kind {
	case "int8":
		w.Int8 = kernel.NewInt8(out, in)
		row := make([]int8, in)
		for o := range out {
			w.Int8.SetRow(o, row, kernel.QuantizeInt8(row, w.Value[o*in:(o+1)*in]))
		}
		w.Value = nil
	case "bfloat16":
		w.Halves, w.Value = kernel.NewHalves(out, in, w.Value), nil
	}
	return w
}

// lowRankCase is three linear layers side by side of which two have adapters, then one with an activation and one that
// is added, over weights of a kind.
func lowRankCase(kind string, f kernel.Activation, dropout float32) builder {
	const d, wide = 10, 14
	table := randomParam("table", 1, 11, d)
	q, k, v := adapted(randomParam("q", 0.5, 6, d), 2, dropout), randomParam("kk", 0.5, 4, d),
		adapted(randomParam("vvv", 0.5, 7, d), 3, dropout)
	k.Frozen = true
	wi, wo := adapted(randomParam("wi", 0.5, wide, 17), 2, dropout), adapted(randomParam("wo", 0.5, d, wide), 2, 0)
	for _, w := range []*Param{q, k, v, wi, wo} {
		packed(w, kind)
	}
	return func(g *Graph) *gorgonia.Node {
		g.options.Dropout = dropout
		x := g.Embed(table, ragged(5, 1, 7))
		return dot(g, g.AddLinear(x, g.Activate(g.Linear(x, q, k, v), f, wi), wo))
	}
}

// Gradients of adapters, and of what lies below them, over frozen weights of each type.
func TestLowRankGradients(t *testing.T) {
	for _, kind := range []string{"float32", "bfloat16", "int8"} {
		for _, dropout := range []float32{0, 0.3} {
			t.Run(kind, func(t *testing.T) { checkGradients(t, train, lowRankCase(kind, kernel.GELU, dropout)) })
		}
	}
}

// A fused ReLU, at whose kinks differences go wrong, has the gradients of one that is an operation of its own.
func TestLowRankWithReLU(t *testing.T) {
	x, w := randomParam("table", 1, 11, 10), adapted(randomParam("wi", 0.5, 14, 10), 2, 0.3)
	var grads [][]float32
	for _, fused := range []bool{true, false} {
		g := NewGraph(kernel.NewWorkers(1), GraphOptions{})
		in := g.Embed(x, ragged(5, 1, 7))
		var y *gorgonia.Node
		if fused {
			y = g.Activate(in, kernel.ReLU, w)
		} else {
			y = g.activate(g.Linear(in, w), kernel.ReLU)
		}
		program, err := g.Compile(dot(g, y))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range []*Param{x, w.LoRA.A, w.LoRA.B} {
			p.ZeroGrad()
		}
		if err := program.Run(train); err != nil {
			t.Fatal(err)
		}
		grads = append(grads, slices.Concat(x.Grad(), w.LoRA.A.Grad(), w.LoRA.B.Grad()))
		if err := program.Close(); err != nil {
			t.Error(err)
		}
	}
	if !slices.Equal(grads[0], grads[1]) {
		t.Error("the gradients differ")
	}
}

// With and without a graph, beside weights of each type, an adapter adds the same.
func TestLowRankEagerAsGraph(t *testing.T) {
	const d = 64
	for _, kind := range []string{"float32", "bfloat16", "int8"} {
		table := randomParam("table", 1, 11, d)
		w, plain := adapted(randomParam("q", 0.5, 48, d), 2, 0.5), randomParam("q", 0.5, 48, d)
		packed(w, kind)
		packed(plain, kind)
		var values [][]float32 // with the adapter and without it, of a graph and of Eager
		for _, p := range []*Param{w, plain} {
			p.Frozen = true
			workers := kernel.NewWorkers(2)
			g := NewGraph(workers, GraphOptions{})
			probe := &fused{name: "probe"}
			probe.forward = func(in []gorgonia.Value, _ func(int, int) Matrix) (gorgonia.Value, error) {
				values = append(values, slices.Clone(view(in[0]).Data))
				return gorgonia.NewF32(0), nil
			}
			g.scalarOp(probe, g.Linear(g.Embed(table, ragged(5, 1, 7)), p))
			program, err := g.CompileForward()
			if err != nil {
				t.Fatal(err)
			}
			if err := program.Run(Pass{}); err != nil {
				t.Fatal(err)
			}
			e := NewEager(workers)
			values = append(values, slices.Clone(e.Linear(e.Embed(table, ragged(5, 1, 7)), p).Data))
			if err := program.Close(); err != nil {
				t.Error(err)
			}
		}
		var size float64
		for i := range values[0] {
			inGraph, alone := values[0][i]-values[2][i], values[1][i]-values[3][i]
			size = max(size, math.Abs(float64(inGraph)))
			if math.Abs(float64(inGraph-alone)) > 2e-5 {
				t.Fatalf("%s: element %d is %g more in the graph and %g without one", kind, i, inGraph, alone)
			}
		}
		if size < 1 {
			t.Errorf("%s: the adapter adds %g at most", kind, size)
		}
	}
}
