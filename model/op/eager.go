package op

import "t5train/model/kernel"

// Eager computes the operations of Graph at once, by the same kernels: without gradients and without dropout, for
// weights of any type. It is not safe for concurrent use.
//
// Values stay in its memory. What Embed and RelativeBias return is valid until they are called again; AddLinear and
// Rows change it in place. Everything else is valid until the next AddLinear, which ends a sublayer.
type Eager struct {
	*temporaries
	stream, bias []float32
}

// temporaries is the memory of values that do not outlive a sublayer: its n-th value always takes the n-th buffer.
type temporaries struct {
	workers        *kernel.Workers
	buffers        [][]float32
	used           int // buffers whose value is still valid
	inverse, stats []float32
	int8           []*kernel.Int8
	low            []float32       // of adapters
	halves         *kernel.Workers // for weights in bfloat16; nil before the first
}

// NewEager returns an Eager that runs on the given workers.
func NewEager(w *kernel.Workers) *Eager { return &Eager{temporaries: &temporaries{workers: w}} }

// Beside returns an Eager for a second stack: what Embed and RelativeBias of e returned stays valid, everything else
// is in the memory of e.
func (e *Eager) Beside() *Eager { return &Eager{temporaries: e.temporaries} }

// Workers returns the workers that e runs on.
func (e *Eager) Workers() *kernel.Workers { return e.workers }

// temporary returns a matrix [rows, cols] with undefined content.
func (t *temporaries) temporary(rows, cols int) Matrix {
	if t.used == len(t.buffers) {
		t.buffers = append(t.buffers, nil)
	}
	b := &t.buffers[t.used]
	*b = resize(*b, rows*cols)
	t.used++
	return Matrix{Rows: rows, Cols: cols, Data: *b}
}

// like returns a matrix for what is computed of the rows of x: [rows of x, cols].
func (t *temporaries) like(x Matrix, cols int) Matrix {
	y := t.temporary(x.Rows, cols)
	y.adapters = x.adapters
	return y
}

// Embed returns the rows of table [vocab, d] that tokens name: [tokens, d].
func (e *Eager) Embed(table *Param, tokens *Ragged) Matrix {
	d := table.Shape[1]
	e.stream = resize(e.stream, len(tokens.IDs)*d)
	table.embed(e.workers, e.stream, tokens.IDs)
	return Matrix{Rows: len(tokens.IDs), Cols: d, Data: e.stream, adapters: tokens.Adapters}
}

// Dropout returns x.
func (e *Eager) Dropout(x Matrix) Matrix { return x }

// RMSNorm returns weight * x / sqrt(mean(x²) + eps) for each row of x [tokens, d].
func (e *Eager) RMSNorm(x Matrix, weight *Param, eps float32) Matrix {
	y := e.like(x, x.Cols)
	e.inverse = resize(e.inverse, x.Rows)
	kernel.RMSNorm(e.workers, y.Data, x.Data, weight.Value, eps, e.inverse)
	return y
}

// Linear returns x·wᵀ for each weight w [out, in], side by side: [tokens, sum of out].
func (e *Eager) Linear(x Matrix, weights ...*Param) Matrix {
	width := 0
	for _, w := range weights {
		width += w.Shape[0]
	}
	y := e.like(x, width)
	e.multiply(y, x, false, weights)
	return y
}

// LinearInto is Linear into the memory of the caller, y [tokens, sum of out].
func (e *Eager) LinearInto(y []float32, x Matrix, weights ...*Param) {
	e.multiply(Matrix{Rows: x.Rows, Cols: len(y) / x.Rows, Data: y}, x, false, weights)
}

// AddLinear adds x·wᵀ to y [tokens, out] for the weight w [out, in], and returns y.
func (e *Eager) AddLinear(y, x Matrix, w *Param) Matrix {
	e.multiply(y, x, true, []*Param{w})
	e.used = 0
	return y
}

// multiply takes weights of one type: all linear layers of a model have it.
func (t *temporaries) multiply(y, x Matrix, accumulate bool, weights []*Param) {
	t.int8 = t.int8[:0]
	column := 0
	for _, w := range weights {
		if w.Int8 != nil {
			t.int8 = append(t.int8, w.Int8)
			continue
		}
		out, in := w.Shape[0], w.Shape[1]
		if w.Halves != nil {
			if t.halves == nil {
				t.halves = t.workers.In(kernel.BFloat16)
			}
			kernel.LinearHalves(t.halves, y.Data[column:], y.Cols, x.Data, x.Rows, accumulate, w.Halves)
			column += out
			continue
		}
		kernel.Gemm(t.workers, false, true, x.Rows, out, in, x.Data, in, w.Value, in, accumulate, y.Data[column:],
			y.Cols)
		column += out
	}
	if len(t.int8) > 0 {
		kernel.LinearInt8(t.workers, y.Data, y.Cols, x.Data, x.Rows, accumulate, t.int8...)
	}
	if x.adapters != nil {
		t.adapt(y, x, weights)
		return
	}
	column = 0
	for _, w := range weights {
		if w.LoRA != nil {
			t.low = w.LoRA.add(t.workers, y, column, x, t.low)
		}
		column += w.Shape[0]
	}
}

// Activate returns f(x·wᵀ) for the weight w [out, in]: [tokens, out].
func (e *Eager) Activate(x Matrix, f kernel.Activation, w *Param) Matrix {
	y := e.Linear(x, w)
	kernel.Activate(e.workers, f, y.Data, y.Data, y.Rows, y.Cols)
	return y
}

// ActivateGated returns f(x·gateᵀ) * x·valueᵀ for the weights gate and value [out, in]: [tokens, out].
func (e *Eager) ActivateGated(x Matrix, f kernel.Activation, gate, value *Param) Matrix {
	wide := e.Linear(x, gate, value)
	y := e.like(wide, wide.Cols/2)
	kernel.ActivateGated(e.workers, f, y.Data, wide.Data, y.Rows, y.Cols)
	return y
}

// RelativeBias returns the bias of every distance that occurs in r, [heads, 2*longest-1], from table [buckets, heads].
func (e *Eager) RelativeBias(table *Param, buckets Buckets, r *Ragged) Matrix {
	heads, length := table.Shape[1], r.Longest()
	y := Matrix{Rows: heads, Cols: 2*length - 1}
	e.bias = resize(e.bias, y.Rows*y.Cols)
	y.Data = e.bias
	buckets.Expand(y.Data, table.Value, heads, length)
	return y
}

// SelfAttention returns softmax(q·kᵀ + bias)·v for the columns of qkv [tokens, 3*width]: [tokens, width].
func (e *Eager) SelfAttention(qkv, bias Matrix, h Heads, tokens *Ragged) Matrix {
	kv := Matrix{Cols: qkv.Cols, Data: qkv.Data[h.Width():]}
	return e.Attention(qkv, kv, h, kernel.Attention{
		QueryOffsets: tokens.Offsets, KeyOffsets: tokens.Offsets, Masked: tokens.Masked, Bias: bias.bias(),
	})
}

// CrossAttention returns softmax(q·kᵀ)·v for q [queries, width] and the columns of kv [keys, 2*width]: [queries,
// width].
func (e *Eager) CrossAttention(q, kv Matrix, h Heads, queries, keys *Ragged) Matrix {
	return e.Attention(q, kv, h, kernel.Attention{
		QueryOffsets: queries.Offsets, KeyOffsets: keys.Offsets, KeyLengths: keys.Lengths, Masked: keys.Masked,
	})
}

// Attention returns the output of h for the queries in the first columns of q and the keys and values in those of kv:
// [queries, width]. The geometry says which rows of q attend to which rows of kv.
func (e *Eager) Attention(q, kv Matrix, h Heads, geometry kernel.Attention) Matrix {
	inner := h.Width()
	y := e.like(q, inner)
	e.stats = resize(e.stats, 2*q.Rows*h.Count)
	geometry.Heads, geometry.Dim, geometry.Causal = h.Count, h.Dim, h.Causal
	geometry.Max, geometry.Inverse = e.stats[:q.Rows*h.Count], e.stats[q.Rows*h.Count:]
	geometry.Forward(e.workers, y.Data, inner, q.Data, q.Cols, kv.Data, kv.Data[inner:], kv.Cols)
	return y
}

// Block returns block(in).
func (e *Eager) Block(in []Matrix, block func(in []Matrix) Matrix) Matrix { return block(in) }

// rowsAtOnce bounds the rows of a feed-forward layer, whose inside is the widest of all activations, that are in memory
// at once. Products of this many rows are no slower than larger ones.
const rowsAtOnce = 1024

// Rows makes x [tokens, d] what f makes of it, a few rows at a time.
func (e *Eager) Rows(x Matrix, f func(x Matrix) Matrix) Matrix {
	for first := 0; first < x.Rows; first += rowsAtOnce {
		rows := x.Slice(first, min(first+rowsAtOnce, x.Rows))
		if y := f(rows); &y.Data[0] != &rows.Data[0] {
			copy(rows.Data, y.Data)
		}
		e.used = 0
	}
	return x
}
