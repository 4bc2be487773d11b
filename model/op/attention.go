package op

import (
	"math"
	"slices"

	"gorgonia.org/gorgonia"

	"t5train/model/kernel"
)

// Heads are those of one attention layer.
type Heads struct {
	Count, Dim int  // Dim is d_kv, the width of a head
	Causal     bool // a query sees keys up to its own position only
}

// Width is that of all heads side by side.
func (h Heads) Width() int { return h.Count * h.Dim }

// RelativeBias returns the bias of every distance that occurs in r, [heads, 2*longest-1], from table
// [buckets, heads]. The layers of a stack share it.
func (g *Graph) RelativeBias(table *Param, buckets Buckets, r *Ragged) *gorgonia.Node {
	heads := table.Shape[1]
	f := &fused{name: "relative_bias"}
	f.forward = func(in []gorgonia.Value, out func(int, int) Matrix) (gorgonia.Value, error) {
		length := r.Longest()
		y := out(heads, 2*length-1)
		buckets.Expand(y.Data, view(in[0]).Data, heads, length)
		return y.dense, nil
	}
	f.backward = func(dy *gorgonia.Node) gorgonia.Nodes {
		return gorgonia.Nodes{g.gradNode("relative_bias.dTable", table, func(in []gorgonia.Value) error {
			d := view(in[0])
			buckets.ReduceGrad(table.zeroedSink(), d.Data, heads, (d.Cols+1)/2)
			return nil
		}, dy)}
	}
	return g.matrixOp(f, 1, g.Param(table))
}

// SelfAttention returns drop(softmax(q·kᵀ + bias))·v for the columns of qkv [tokens, 3*width]: [tokens, width].
func (g *Graph) SelfAttention(qkv, bias *gorgonia.Node, h Heads, tokens *Ragged) *gorgonia.Node {
	inner := h.Width()
	split := func(m []Matrix) attentionInputs {
		x := m[0]
		return attentionInputs{q: x.Data, k: x.from(inner), v: x.from(2 * inner), qStride: x.Cols, kvStride: x.Cols}
	}
	return g.attention(h, tokens, tokens, []*gorgonia.Node{qkv}, []int{3 * inner}, split, bias)
}

// CrossAttention returns drop(softmax(q·kᵀ))·v for q [queries, width] and the columns of kv [keys, 2*width]:
// [queries, width].
func (g *Graph) CrossAttention(q, kv *gorgonia.Node, h Heads, queries, keys *Ragged) *gorgonia.Node {
	inner := h.Width()
	split := func(m []Matrix) attentionInputs {
		return attentionInputs{q: m[0].Data, k: m[1].Data, v: m[1].from(inner), qStride: m[0].Cols,
			kvStride: m[1].Cols}
	}
	return g.attention(h, queries, keys, []*gorgonia.Node{q, kv}, []int{inner, 2 * inner}, split, nil)
}

// attentionInputs are the three operands as columns of one or two matrices. The same split serves the values
// and their gradients.
type attentionInputs struct {
	q, k, v           []float32
	qStride, kvStride int
}

// attention adds the operation for sources, which are widths wide and hold the operands as split divides them.
func (g *Graph) attention(h Heads, queries, keys *Ragged, sources []*gorgonia.Node, widths []int,
	split func(m []Matrix) attentionInputs, bias *gorgonia.Node) *gorgonia.Node {
	inner := h.Width()
	drop := g.dropout(g.options.Dropout)
	n := len(sources)
	in := slices.Clone(sources)
	if h.Dim%2 == 0 {
		for i, x := range in {
			in[i] = g.rounded(x)
		}
	}
	if bias != nil {
		in = append(in, bias)
	}
	var state kernel.Attention // left by the forward pass for the backward pass
	f := &fused{name: "attention"}
	f.forward = func(in []gorgonia.Value, out func(int, int) Matrix) (gorgonia.Value, error) {
		values := views(in[:n])
		x := split(values)
		rows := len(queries.IDs)
		state = kernel.Attention{
			Heads: h.Count, Dim: h.Dim, Causal: h.Causal,
			QueryOffsets: queries.Offsets, KeyOffsets: keys.Offsets,
			Halves:  values[0].halves,
			Masked:  keys.Masked,
			Bias:    biasOf(in[n:]),
			Dropout: drop(),
			Max:     resize(state.Max, rows*h.Count),
			Inverse: resize(state.Inverse, rows*h.Count),
		}
		y := out(rows, inner)
		state.Forward(g.workers, y.Data, inner, x.q, x.qStride, x.k, x.v, x.kvStride)
		return y.dense, nil
	}
	f.backward = func(dy *gorgonia.Node) gorgonia.Nodes {
		var puts []func(rows int) Matrix // the gradients besides the primary one
		b := &fused{name: "attention.dX"}
		b.forward = func(in []gorgonia.Value, out func(int, int) Matrix) (gorgonia.Value, error) {
			values := views(in[1 : 1+n])
			x := split(values)
			state.Bias = biasOf(in[1+n:])
			primary := out(values[0].Rows, widths[0])
			grads := []Matrix{primary}
			for i, m := range values[1:] {
				grads = append(grads, puts[i](m.Rows))
			}
			d := split(grads)
			var dBias []float32
			if bias != nil && f.wants[n] {
				dBias = puts[n-1](h.Count).Data
			}
			state.Backward(g.workers, d.q, d.qStride, d.k, d.v, d.kvStride, dBias,
				view(in[0]).Data, inner, x.q, x.qStride, x.k, x.v, x.kvStride)
			return primary.dense, nil
		}
		primary := g.matrixOp(b, widths[0], append([]*gorgonia.Node{dy}, in...)...)
		grads := gorgonia.Nodes{primary}
		for _, w := range widths[1:] {
			node, put := g.extraOutput("attention.dKV", func() int { return w }, primary)
			grads, puts = append(grads, node), append(puts, put)
		}
		if bias != nil && !f.wants[n] {
			return append(grads, nil)
		}
		if bias != nil {
			node, put := g.extraOutput("attention.dBias", func() int { return 2*state.Bias.Length - 1 }, primary)
			grads, puts = append(grads, node), append(puts, put)
		}
		return grads
	}
	return g.matrixOp(f, inner, in...)
}

func views(values []gorgonia.Value) []Matrix {
	m := make([]Matrix, len(values))
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
	return view(values[0]).bias()
}

// bias is the matrix that RelativeBias returns.
func (m Matrix) bias() kernel.Bias { return kernel.Bias{Length: (m.Cols + 1) / 2, Values: m.Data} }

// Buckets is the geometry of a relative position bias table [Count, heads].
type Buckets struct {
	Count         int
	MaxDistance   int
	Bidirectional bool // encoder: distances to both sides have buckets of their own
}

// Expand writes the bias of every distance to values [heads, 2*length-1].
func (b Buckets) Expand(values, table []float32, heads, length int) {
	width := 2*length - 1
	for i := range width {
		bucket := b.Of(i - (length - 1))
		for h := range heads {
			values[h*width+i] = table[bucket*heads+h]
		}
	}
}

// ReduceGrad is the backward pass of Expand: it adds the gradient of values to dTable [Count, heads].
func (b Buckets) ReduceGrad(dTable, dValues []float32, heads, length int) {
	width := 2*length - 1
	for i := range width {
		bucket := b.Of(i - (length - 1))
		for h := range heads {
			dTable[bucket*heads+h] += dValues[h*width+i]
		}
	}
}

// Of maps key position - query position to a bucket: half of them hold one distance each, the others grow
// with the logarithm up to MaxDistance (Raffel et al. 2020, section 2.1; Mesh TensorFlow,
// transformer_layers.py). A bidirectional table uses its upper half for keys to the right; a causal table puts all of
// those into bucket 0. With 32 buckets and a maximum distance of 128:
//
//	bidirectional: -1 -> 1, 1 -> 17, 8 -> 24, -128 -> 15   causal: -1 -> 1, -64 -> 26, 5 -> 0
func (b Buckets) Of(distance int) int {
	count, first, n := b.Count, 0, -distance
	if b.Bidirectional {
		count /= 2
		if n < 0 {
			first, n = count, -n
		}
	}
	n = max(n, 0)
	exact := count / 2
	if n < exact {
		return first + n
	}
	grown := math.Log(float64(n)/float64(exact)) / math.Log(float64(b.MaxDistance)/float64(exact)) *
		float64(count-exact)
	return first + min(exact+int(grown), count-1)
}
