package op

import (
	"gorgonia.org/gorgonia"

	"t5train/model/kernel"
)

// AttentionOptions describe one attention layer.
type AttentionOptions struct {
	Heads, Dim int // Dim is d_kv, the width of a head
	Causal     bool
	Bias       *gorgonia.Node // of RelativeBias, or nil
	Dropout    float32        // of the attention probabilities

	Queries, Keys *Ragged // whose offsets cut the rows into sequences
}

// RelativeBias returns the bias of every distance that occurs in r, [heads, 2*longest-1], from table
// [buckets, heads]. The layers of a stack share it.
func (g *Graph) RelativeBias(table *gorgonia.Node, buckets kernel.Buckets, r *Ragged) *gorgonia.Node {
	heads := table.Shape()[1]
	f := &fused{name: "relative_bias"}
	f.forward = func(in []gorgonia.Value, out func(int, int) matrix) (gorgonia.Value, error) {
		length := r.Longest()
		y := out(heads, 2*length-1)
		buckets.Spread(y.data, view(in[0]).data, heads, length)
		return y.dense, nil
	}
	f.backward = func(dy *gorgonia.Node) gorgonia.Nodes {
		param := g.byNode[table]
		return gorgonia.Nodes{g.receipt("relative_bias.dTable", param, func(in []gorgonia.Value) error {
			grad, accumulate := param.sink()
			if !accumulate {
				clear(grad)
			}
			d := view(in[0])
			buckets.Fold(grad, d.data, heads, (d.cols+1)/2)
			return nil
		}, dy)}
	}
	return g.matrixOp(f, 1, table)
}

// SelfAttention returns softmax(q·kᵀ + bias)·v for the columns of qkv [tokens, 3*heads*dim]: [tokens, heads*dim].
func (g *Graph) SelfAttention(qkv *gorgonia.Node, o AttentionOptions) *gorgonia.Node {
	inner := o.Heads * o.Dim
	return g.attention(o, []*gorgonia.Node{qkv}, []int{3 * inner}, func(m []matrix) attentionInputs {
		x := m[0]
		return attentionInputs{q: x.data, k: x.data[inner:], v: x.data[2*inner:], qStride: x.cols, kvStride: x.cols}
	})
}

// CrossAttention returns softmax(q·kᵀ)·v for q [queries, heads*dim] and the columns of kv [keys, 2*heads*dim]:
// [queries, heads*dim].
func (g *Graph) CrossAttention(q, kv *gorgonia.Node, o AttentionOptions) *gorgonia.Node {
	inner := o.Heads * o.Dim
	return g.attention(o, []*gorgonia.Node{q, kv}, []int{inner, 2 * inner}, func(m []matrix) attentionInputs {
		return attentionInputs{q: m[0].data, k: m[1].data, v: m[1].data[inner:], qStride: m[0].cols, kvStride: m[1].cols}
	})
}

// attentionInputs are the three operands as columns of one or two matrices. The same split serves the values
// and their gradients.
type attentionInputs struct {
	q, k, v           []float32
	qStride, kvStride int
}

func (g *Graph) attention(o AttentionOptions, sources []*gorgonia.Node, widths []int, split func(m []matrix) attentionInputs) *gorgonia.Node {
	inner := o.Heads * o.Dim
	drop := g.dropout(o.Dropout)
	n := len(sources)
	in := sources
	if o.Bias != nil {
		in = append(append([]*gorgonia.Node{}, sources...), o.Bias)
	}
	var state kernel.Attention // left by the forward pass for the backward pass
	f := &fused{name: "attention"}
	f.forward = func(in []gorgonia.Value, out func(int, int) matrix) (gorgonia.Value, error) {
		x := split(views(in[:n]))
		rows := len(o.Queries.IDs)
		state = kernel.Attention{
			Heads: o.Heads, Dim: o.Dim, Causal: o.Causal,
			QueryOffsets: o.Queries.Offsets, KeyOffsets: o.Keys.Offsets,
			Hidden:  o.Keys.Hidden,
			Bias:    biasOf(in[n:]),
			Dropout: drop(),
			Max:     resize(state.Max, rows*o.Heads),
			Inverse: resize(state.Inverse, rows*o.Heads),
		}
		y := out(rows, inner)
		state.Forward(g.workers, y.data, inner, x.q, x.qStride, x.k, x.v, x.kvStride)
		return y.dense, nil
	}
	f.backward = func(dy *gorgonia.Node) gorgonia.Nodes {
		var puts []func(rows int) matrix // the gradients besides the primary one
		b := &fused{name: "attention.dX"}
		b.forward = func(in []gorgonia.Value, out func(int, int) matrix) (gorgonia.Value, error) {
			values := views(in[1 : 1+n])
			x := split(values)
			state.Bias = biasOf(in[1+n:])
			primary := out(values[0].rows, widths[0])
			grads := []matrix{primary}
			for i, m := range values[1:] {
				grads = append(grads, puts[i](m.rows))
			}
			d := split(grads)
			var dBias []float32
			if o.Bias != nil {
				dBias = puts[n-1](o.Heads).data
			}
			state.Backward(g.workers, d.q, d.qStride, d.k, d.v, d.kvStride, dBias,
				view(in[0]).data, inner, x.q, x.qStride, x.k, x.v, x.kvStride)
			return primary.dense, nil
		}
		primary := g.matrixOp(b, widths[0], append([]*gorgonia.Node{dy}, in...)...)
		grads := gorgonia.Nodes{primary}
		for _, w := range widths[1:] {
			node, put := g.sidecar("attention.dKV", func() int { return w }, primary)
			grads, puts = append(grads, node), append(puts, put)
		}
		if o.Bias != nil {
			node, put := g.sidecar("attention.dBias", func() int { return 2*state.Bias.Length - 1 }, primary)
			grads, puts = append(grads, node), append(puts, put)
		}
		return grads
	}
	return g.matrixOp(f, inner, in...)
}

func views(values []gorgonia.Value) []matrix {
	m := make([]matrix, len(values))
	for i, v := range values {
		m[i] = view(v)
	}
	return m
}

// biasOf reads the value of RelativeBias, if there is one.
func biasOf(values []gorgonia.Value) kernel.Bias {
	if len(values) == 0 {
		return kernel.Bias{}
	}
	m := view(values[0])
	return kernel.Bias{Length: (m.cols + 1) / 2, Values: m.data}
}
