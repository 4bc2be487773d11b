package kernel

import "math"

// Attention is the geometry of one ragged multi-head attention. Queries are [queries, heads*dim] and keys,
// values and outputs likewise, each with a stride of its own, so that they may be columns of one matrix.
// Sequence s has the query rows QueryOffsets[s]..QueryOffsets[s+1] and the key rows KeyOffsets[s]..KeyOffsets[s+1].
//
// T5 does not scale the scores by 1/sqrt(dim): the initialisation of q holds that factor.
type Attention struct {
	Heads, Dim   int
	Causal       bool // a query sees keys up to its own position only
	QueryOffsets []int32
	KeyOffsets   []int32

	// For decoding with a cache of keys: sequence s uses KeyLengths[s] rows from KeyOffsets[s], which may be shared or
	// have gaps after them, and its first query has the position FirstPosition. Forward only.
	KeyLengths    []int32
	FirstPosition int

	// Halves says that q, k and v are in bfloat16; see [Operand]. Dim is even then.
	Halves bool

	Masked  []bool // keys that no query sees, [keys]; nil when all are seen
	Bias    Bias   // relative position bias, none in cross-attention
	Dropout Dropout

	// Max and Inverse hold, for each query and head [queries, heads], the largest score and the inverse of
	// the softmax sum. Forward fills them, Backward reads them: the probabilities are made again, not stored.
	Max, Inverse []float32
}

// queryBlock is the number of query rows whose scores are in memory at once.
const queryBlock = 64

// Forward computes out = softmax(q·kᵀ + bias)·v for every sequence and head. The strides count elements
// from row to row.
func (a *Attention) Forward(w *Workers, out []float32, outStride int, q []float32, qStride int, k, v []float32,
	kvStride int) {
	w = w.orDefault()
	l := &w.isa.loops
	a.eachHead(w, func(s *scratch, t headTask) {
		mask := a.Dropout.masker(l)
		for lo := 0; lo < t.queries; lo += queryBlock {
			rows := min(queryBlock, t.queries-lo)
			keys := a.visible(lo+rows, t.keys)
			if keys == 0 { // an empty input: nothing to attend to
				for r := range rows {
					clear(out[t.query(lo+r, outStride):][:a.Dim])
				}
				continue
			}
			w.counters.count(2, rows, keys, a.Dim)
			scores := a.scores(s, t, lo, rows, keys, q, qStride, k, kvStride)
			for r := range rows {
				row := scores[r*keys : (r+1)*keys]
				seen := a.visible(lo+r+1, keys)
				i := t.stat(lo + r)
				a.Max[i], a.Inverse[i] = l.softmax(row[:seen])
				clear(row[seen:])
				if !a.Dropout.Off() {
					mask.row(row, row, uint32(i))
				}
			}
			s.gemm(rows, a.Dim, keys, Operand{Data: scores, Stride: keys}, a.operand(v, t.key(0, kvStride), kvStride),
				false, out[t.query(lo, outStride):], outStride)
		}
	})
}

// Backward computes the gradients of q, k and v (strides as given) from that of out, and the gradient of the
// bias in dBias, laid out like Bias.Values (nil without bias). All four are overwritten.
func (a *Attention) Backward(w *Workers, dq []float32, dqStride int, dk, dv []float32, dkvStride int, dBias []float32,
	dOut []float32, outStride int, q []float32, qStride int, k, v []float32, kvStride int) {
	w = w.orDefault()
	// The gradient of the bias by distance, for each sequence and head on its own: sequence s needs
	// queries+keys numbers a head, so together they fit in heads*(all queries + all keys).
	var partial []float32
	if dBias != nil {
		last := len(a.QueryOffsets) - 1
		partial = make([]float32, a.Heads*int(a.QueryOffsets[last]+a.KeyOffsets[last]))
	}
	l := &w.isa.loops
	a.eachHead(w, func(s *scratch, t headTask) {
		mask := a.Dropout.masker(l)
		for r := range t.keys {
			clear(dk[t.key(r, dkvStride):][:a.Dim])
			clear(dv[t.key(r, dkvStride):][:a.Dim])
		}
		var distances []float32
		if dBias != nil {
			distances = t.distances(partial)
		}
		for lo := 0; lo < t.queries; lo += queryBlock {
			rows := min(queryBlock, t.queries-lo)
			keys := a.visible(lo+rows, t.keys)
			if keys == 0 {
				for r := range rows {
					clear(dq[t.query(lo+r, dqStride):][:a.Dim])
				}
				continue
			}
			w.counters.count(5, rows, keys, a.Dim)
			gradient := Operand{Data: dOut[t.query(lo, outStride):], Stride: outStride}
			p := a.scores(s, t, lo, rows, keys, q, qStride, k, kvStride)
			for r := range rows {
				row := p[r*keys : (r+1)*keys]
				seen := a.visible(lo+r+1, keys)
				i := t.stat(lo + r)
				l.softmaxAgain(row[:seen], a.Max[i], a.Inverse[i])
				clear(row[seen:])
			}
			dp := grow(&s.d, rows*keys)
			s.gemm(rows, keys, a.Dim, gradient, a.operand(v, t.key(0, kvStride), kvStride).Transpose(), false, dp, keys)
			dropped := p
			if !a.Dropout.Off() {
				dropped = grow(&s.e, rows*keys)
				for r := range rows {
					i := uint32(t.stat(lo + r))
					mask.row(dropped[r*keys:(r+1)*keys], p[r*keys:(r+1)*keys], i)
					mask.row(dp[r*keys:(r+1)*keys], dp[r*keys:(r+1)*keys], i)
				}
			}
			s.gemm(keys, a.Dim, rows, Operand{dropped, keys, true, false}, gradient, true, dv[t.key(0, dkvStride):],
				dkvStride)
			// dScore = p * (dp - sum(p*dp)), the backward pass of softmax.
			for r := range rows {
				row, g := p[r*keys:(r+1)*keys], dp[r*keys:(r+1)*keys]
				l.softmaxBackward(g, row, l.dot(row, g))
				if distances != nil {
					l.add(distances[t.queries-1-(lo+r):][:keys], g)
				}
			}
			dScores := Operand{Data: dp, Stride: keys}
			s.gemm(rows, a.Dim, keys, dScores, a.operand(k, t.key(0, kvStride), kvStride), false,
				dq[t.query(lo, dqStride):], dqStride)
			s.gemm(keys, a.Dim, rows, dScores.Transpose(), a.operand(q, t.query(lo, qStride), qStride), true,
				dk[t.key(0, dkvStride):], dkvStride)
		}
	})
	if dBias != nil {
		a.sumBias(w, dBias, partial)
	}
}

// sumBias adds up the bias gradients of all sequences, in their order.
func (a *Attention) sumBias(w *Workers, dBias, partial []float32) {
	clear(dBias)
	w.Run(a.Heads, func(head int) {
		for s := range len(a.QueryOffsets) - 1 {
			t := a.task(s, head)
			if t.queries == 0 || t.keys == 0 {
				continue
			}
			distances := t.distances(partial)[:t.queries+t.keys-1]
			w.isa.loops.add(a.Bias.row(dBias, head, t.queries-1, len(distances)), distances)
		}
	})
}

// scores returns q·kᵀ + bias for the query rows lo..lo+rows of a head, [rows, keys].
func (a *Attention) scores(s *scratch, t headTask, lo, rows, keys int, q []float32, qStride int, k []float32,
	kStride int) []float32 {
	scores := grow(&s.c, rows*keys)
	s.gemm(rows, keys, a.Dim, a.operand(q, t.query(lo, qStride), qStride),
		a.operand(k, t.key(0, kStride), kStride).Transpose(), false, scores, keys)
	if a.Bias.Values != nil {
		for r := range rows {
			s.isa.loops.add(scores[r*keys:(r+1)*keys], a.Bias.row(a.Bias.Values, t.head, a.FirstPosition+lo+r, keys))
		}
	}
	if a.Masked != nil {
		for j, masked := range a.Masked[t.firstKey : t.firstKey+keys] {
			if masked {
				for r := range rows {
					scores[r*keys+j] = float32(math.Inf(-1))
				}
			}
		}
	}
	return scores
}

// operand is q, k or v from an element on.
func (a *Attention) operand(x []float32, first, stride int) Operand {
	if a.Halves {
		first /= 2
	}
	return Operand{x[first:], stride, false, a.Halves}
}

// visible returns how many of the keys the query row before position end may see.
func (a *Attention) visible(end, keys int) int {
	if a.Causal {
		return min(end, keys)
	}
	return keys
}

// headTask is one head of one sequence, with the number of its query and key rows.
type headTask struct {
	head, heads, dim     int
	firstQuery, firstKey int
	queries, keys        int
}

func (t headTask) query(row, stride int) int { return (t.firstQuery+row)*stride + t.head*t.dim }
func (t headTask) key(row, stride int) int   { return (t.firstKey+row)*stride + t.head*t.dim }
func (t headTask) stat(row int) int          { return (t.firstQuery+row)*t.heads + t.head }

// distances is the head's part of the bias gradients of all sequences: element d is for
// key position - query position = d - (queries-1).
func (t headTask) distances(partial []float32) []float32 {
	return partial[t.heads*(t.firstQuery+t.firstKey)+t.head*(t.queries+t.keys):][:t.queries+t.keys]
}

func (a *Attention) task(sequence, head int) headTask {
	q, k := a.QueryOffsets, a.KeyOffsets
	t := headTask{
		head:       head,
		heads:      a.Heads,
		dim:        a.Dim,
		firstQuery: int(q[sequence]),
		firstKey:   int(k[sequence]),
		queries:    int(q[sequence+1] - q[sequence]),
	}
	if a.KeyLengths != nil {
		t.keys = int(a.KeyLengths[sequence])
	} else {
		t.keys = int(k[sequence+1] - k[sequence])
	}
	return t
}

func (a *Attention) eachHead(w *Workers, f func(s *scratch, t headTask)) {
	w.Run((len(a.QueryOffsets)-1)*a.Heads, func(task int) {
		t := a.task(task/a.Heads, task%a.Heads)
		w.borrow(func(s *scratch) { f(s, t) })
	})
}

// softmax replaces x by its softmax and returns the largest element and the inverse of the sum. Without a finite
// element (every key hidden) the result is zeros, and so is the inverse.
func (l *rowLoops) softmax(x []float32) (largest, inverse float32) {
	largest = l.maximum(x)
	if math.IsInf(float64(largest), -1) {
		clear(x)
		return largest, 0
	}
	inverse = 1 / l.exp(x, largest, 1)
	l.affine(x, inverse, 0)
	return largest, inverse
}

// softmaxAgain replaces x by the softmax whose largest element and inverse sum are known.
func (l *rowLoops) softmaxAgain(x []float32, largest, inverse float32) {
	if inverse == 0 {
		clear(x)
		return
	}
	l.exp(x, largest, inverse)
}

// Bias is the relative position bias of one stack by distance. The bias of a score depends on key position -
// query position only, so a row of scores needs one contiguous slice of Values, and no
// [heads, queries, keys] tensor exists.
type Bias struct {
	Length int       // longest sequence that Values covers
	Values []float32 // [heads, 2*Length-1], column distance + Length-1; nil for no bias
}

// row returns the part of values, laid out like b.Values, for the query at a position and keys 0..keys-1.
func (b Bias) row(values []float32, head, query, keys int) []float32 {
	start := head*(2*b.Length-1) + b.Length - 1 - query
	return values[start : start+keys]
}
