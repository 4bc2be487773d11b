package decode

import (
	"t5train/model"
	"t5train/model/kernel"
	"t5train/model/op"
)

// layers computes the layers of a model on rows of activations, calling the kernels that the operations of the graph
// call. Encoder and decoder share it. Its buffers are kept from call to call: it is for one goroutine at a time.
type layers struct {
	model   *model.T5
	workers *kernel.Workers

	normed, context, wide, inner []float32
	inverse, stats               []float32
	int8                         []*kernel.Int8
}

// innerDim is the width of the concatenated heads.
func (l *layers) innerDim() int { return l.model.Config.NumHeads * l.model.Config.DKV }

// embed writes the rows ids of the embedding to x [len(ids), d_model].
func (l *layers) embed(x []float32, ids []int32) {
	if table := l.model.Shared.Int8; table != nil {
		kernel.EmbedInt8(l.workers, x, table, ids)
	} else {
		kernel.Embed(l.workers, x, l.model.Shared.Value, ids, l.model.Config.DModel)
	}
}

// linear writes x [rows, in]·weightᵀ for each weight, side by side, to y, whose rows are stride apart.
func (l *layers) linear(y []float32, stride int, x []float32, rows int, weights ...*op.Param) {
	l.multiply(y, stride, x, rows, false, weights)
}

// addLinear adds x [rows, in]·weightᵀ to y [rows, out].
func (l *layers) addLinear(y, x []float32, rows int, weight *op.Param) {
	l.multiply(y, weight.Shape[0], x, rows, true, []*op.Param{weight})
}

// multiply takes weights of one type: all linear layers of a model have it.
func (l *layers) multiply(y []float32, stride int, x []float32, rows int, accumulate bool, weights []*op.Param) {
	l.int8 = l.int8[:0]
	column := 0
	for _, w := range weights {
		if w.Int8 != nil {
			l.int8 = append(l.int8, w.Int8)
			continue
		}
		out, in := w.Shape[0], w.Shape[1]
		kernel.Gemm(l.workers, false, true, rows, out, in, x, in, w.Value, in, accumulate, y[column:], stride)
		column += out
	}
	if len(l.int8) > 0 {
		kernel.LinearInt8(l.workers, y, stride, x, rows, accumulate, l.int8...)
	}
}

// logits writes the logits of hidden [rows, d_model], as lm_head wants it, to y [rows, vocab_size].
func (l *layers) logits(y, hidden []float32, rows int) {
	l.linear(y, l.model.Config.VocabSize, hidden, rows, l.model.LMHead)
}

// norm writes the norm of x [rows, d_model] to y, which may be x.
func (l *layers) norm(y, x []float32, rows int, n model.LayerNorm) {
	l.inverse = resize(l.inverse, rows)
	kernel.RMSNorm(l.workers, y, x, n.Weight.Value, n.Epsilon, l.inverse)
}

// project writes the norm of x [rows, d_model] times each weight, side by side, to y, whose rows are stride apart.
func (l *layers) project(y []float32, stride int, x []float32, rows int, n model.LayerNorm, weights ...*op.Param) {
	l.normed = resize(l.normed, len(x))
	l.norm(l.normed, x, rows, n)
	l.linear(y, stride, l.normed, rows, weights...)
}

// spread returns the position bias of a layer for sequences up to the longest one, in the memory of buf: its own, or else
// that of the layer before.
func (l *layers) spread(a model.Attention, before kernel.Bias, buf []float32, tokens op.Ragged) (kernel.Bias, []float32) {
	if a.RelativeAttentionBias == nil {
		return before, buf
	}
	length := tokens.Longest()
	buf = resize(buf, a.Heads*(2*length-1))
	a.Buckets.Spread(buf, a.RelativeAttentionBias.Value, a.Heads, length)
	return kernel.Bias{Length: length, Values: buf}, buf
}

// outputNorm makes the stream of the decoder [rows, d_model] what lm_head wants.
func (l *layers) outputNorm(x []float32, rows int) {
	l.norm(x, x, rows, l.model.Decoder.FinalLayerNorm)
	scale := l.model.Config.LogitScale()
	for i := range x {
		x[i] *= scale
	}
}

// attend adds the output of an attention layer to x [rows, d_model]. The geometry says which rows of q attend to which
// rows of kv, whose keys and values lie side by side.
func (l *layers) attend(x []float32, a model.Attention, geometry kernel.Attention, q []float32, qStride int, kv []float32, kvStride int) {
	inner := l.innerDim()
	rows := len(x) / l.model.Config.DModel
	l.context, l.stats = resize(l.context, rows*inner), resize(l.stats, 2*rows*a.Heads)
	geometry.Heads, geometry.Dim = a.Heads, a.DKV
	geometry.Max, geometry.Inverse = l.stats[:rows*a.Heads], l.stats[rows*a.Heads:]
	geometry.Forward(l.workers, l.context, inner, q, qStride, kv, kv[inner:], kvStride)
	l.addLinear(x, l.context, rows, a.O)
}

// feedForwardRows bounds the rows whose inside of the feed-forward layer, the widest of all activations, is in memory at
// once. Products of so many rows are no slower than larger ones.
const feedForwardRows = 1024

// feedForward adds the feed-forward layer of x [rows, d_model] to x.
func (l *layers) feedForward(x []float32, b model.Block) {
	dModel := l.model.Config.DModel
	for len(x) > 0 {
		part := x[:min(len(x), feedForwardRows*dModel)]
		l.feedForwardPart(part, len(part)/dModel, b)
		x = x[len(part):]
	}
}

func (l *layers) feedForwardPart(x []float32, rows int, b model.Block) {
	f, dFF := b.DenseReluDense, l.model.Config.DFF
	width := dFF * len(f.Wi)
	l.wide = resize(l.wide, rows*width)
	l.project(l.wide, width, x, rows, b.DenseReluDenseNorm, f.Wi...)
	inside := l.wide
	if f.Gated() {
		l.inner = resize(l.inner, rows*dFF)
		inside = l.inner
		kernel.ActivateGated(l.workers, f.Activation, inside, l.wide, rows, dFF)
	} else {
		kernel.Activate(l.workers, f.Activation, inside, l.wide, rows, dFF)
	}
	l.addLinear(x, inside, rows, f.Wo)
}

// resize returns buf with length n, reallocated when it is too small. The content is undefined.
func resize(buf []float32, n int) []float32 {
	if cap(buf) < n {
		return make([]float32, n)
	}
	return buf[:n]
}
