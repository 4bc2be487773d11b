package kernel

import (
	"math"
	"slices"
)

// CrossEntropy is the fused lm_head and token cross-entropy. Logits exist for a chunk of tokens at a time
// and never for all of them, and the gradient is computed in the same pass.
type CrossEntropy struct {
	Vocab, Dim     int
	Scale          float32 // multiplies the logits: d_model^-0.5 when the embedding is tied, else 1
	ZLoss          float32 // weight of logZ² (Mesh TensorFlow: 1e-4)
	LabelSmoothing float32 // mass spread evenly over the vocabulary

	logits []float32 // [chunk, vocab]
	hidden []float32 // [chunk, dim], gathered
	grad   []float32 // [chunk, dim], gathered
}

// IgnoreLabel marks a token without a target: it has no loss and no gradient.
const IgnoreLabel = -100

// Totals are sums over the tokens that have a target.
type Totals struct {
	Tokens  int     // targets
	Loss    float64 // what is minimised: with z-loss and label smoothing
	NLL     float64 // plain negative log-likelihood, nats
	Correct int     // targets that have the largest logit, the first of equal ones: what greedy decoding takes
	Hits    []bool  // [labels] which of them these are

	// NLLs are the terms of NLL, [labels], where no gradient is asked for.
	NLLs []float64
}

// chunkRows returns how many tokens have their logits in memory at once, 36 MB at most where a tile of the product
// fits: each chunk costs two passes over the weight and one over its gradient. The chunks are even, and whole tiles.
func (c *CrossEntropy) chunkRows(w *Workers, rows int) int {
	tile := w.isa.rows
	most := max(1, 9<<20/c.Vocab/tile) * tile
	return min(rows, Blocks(Blocks(rows, Blocks(rows, most)), tile)*tile)
}

// Forward returns the totals of hidden [len(labels), dim] against labels with the lm_head weight [vocab, dim].
//
// With dHidden set it is also given the gradient of Loss*gradScale, and the gradient of weight is added to
// dWeight unless that is nil:
//
//	dlogits = gradScale * ((1 + 2*zLoss*logZ) * softmax - target)
func (c *CrossEntropy) Forward(w *Workers, hidden []float32, labels []int32, weight []float32, dHidden,
	dWeight []float32, gradScale float32) Totals {
	w = w.orDefault()
	total := Totals{Hits: make([]bool, len(labels))}
	rows := make([]int, 0, len(labels)) // the tokens that have a target
	for i, label := range labels {
		if label != IgnoreLabel {
			rows = append(rows, i)
		}
	}
	if dHidden != nil {
		clear(dHidden)
	}
	l := &w.isa.loops
	if len(rows) == 0 {
		return total
	}
	size := c.chunkRows(w, len(rows))
	logits, h, g := grow(&c.logits, size*c.Vocab), grow(&c.hidden, size*c.Dim), grow(&c.grad, size*c.Dim)
	parts := make([]Totals, size)
	for lo := 0; lo < len(rows); lo += size {
		chunk := rows[lo:min(len(rows), lo+size)]
		n := len(chunk)
		w.Rows(n, grainFor(c.Dim), func(lo, hi int) {
			for i := lo; i < hi; i++ {
				copy(h[i*c.Dim:(i+1)*c.Dim], hidden[chunk[i]*c.Dim:])
			}
			l.affine(h[lo*c.Dim:hi*c.Dim], c.Scale, 0) // cheaper here than on the logits
		})
		Gemm(w, false, true, n, c.Vocab, c.Dim, h, c.Dim, weight, c.Dim, false, logits, c.Vocab)
		w.Run(n, func(i int) {
			parts[i] = c.row(l, logits[i*c.Vocab:(i+1)*c.Vocab], int(labels[chunk[i]]), dHidden != nil, gradScale)
		})
		for i, p := range parts[:n] { // in token order, whatever thread computed them
			total.Loss += p.Loss
			total.NLL += p.NLL
			total.Correct += p.Correct
			total.Hits[chunk[i]] = p.Correct > 0
		}
		if dHidden == nil {
			continue
		}
		Gemm(w, false, false, n, c.Dim, c.Vocab, logits, c.Vocab, weight, c.Dim, false, g, c.Dim)
		w.Rows(n, grainFor(c.Dim), func(lo, hi int) {
			for i := lo; i < hi; i++ {
				out := dHidden[chunk[i]*c.Dim:][:c.Dim]
				copy(out, g[i*c.Dim:])
				l.affine(out, c.Scale, 0)
			}
		})
		if dWeight != nil {
			Gemm(w, true, false, c.Vocab, c.Dim, n, logits, c.Vocab, h, c.Dim, true, dWeight, c.Dim)
		}
	}
	total.Tokens = len(rows)
	return total
}

// row turns the logits of one token into their gradient, if wanted, and returns its losses.
func (c *CrossEntropy) row(l *rowLoops, x []float32, label int, gradient bool, gradScale float32) Totals {
	largest := l.maximum(x)
	correct := 0
	if x[label] == largest && !slices.Contains(x[:label], largest) {
		correct = 1
	}
	target := float64(x[label] - largest)
	var mean float64 // of the shifted logits, for label smoothing
	if c.LabelSmoothing > 0 {
		mean = float64(l.sum(x, largest)) / float64(len(x))
	}
	sum := l.exp(x, largest, 1)
	logSum := math.Log(float64(sum))
	logZ := logSum + float64(largest)
	nll := logSum - target
	smoothing := float64(c.LabelSmoothing)
	loss := (1-smoothing)*nll + smoothing*(logSum-mean) + float64(c.ZLoss)*logZ*logZ
	if gradient {
		off := gradScale * c.LabelSmoothing / float32(len(x))
		l.affine(x, gradScale*(1+2*c.ZLoss*float32(logZ))/sum, -off)
		x[label] -= gradScale * (1 - c.LabelSmoothing)
	}
	return Totals{Loss: loss, NLL: nll, Correct: correct}
}

// LogSumExp returns the largest element of x, the position of the first such, and ln(sum(e^x)). x is overwritten.
func LogSumExp(w *Workers, x []float32) (largest float64, argmax int, z float64) {
	w = w.orDefault()
	most := w.isa.loops.maximum(x)
	for argmax < len(x)-1 && x[argmax] != most { // a NaN is not found
		argmax++
	}
	return float64(most), argmax, float64(most) + math.Log(float64(w.isa.loops.exp(x, most, 1)))
}

// Candidate is an element of a vector.
type Candidate struct {
	Index int32
	Value float32
}

// TopK appends the k largest elements of x to best, the largest first, of equal ones the first first. Elements that are
// minus infinity or NaN are never among them, so there may be fewer.
//
// It reads x once, in blocks: one whose maximum is too small, as nearly all are of a large vector, costs nothing more.
func TopK(w *Workers, x []float32, k int, best []Candidate) []Candidate {
	w = w.orDefault()
	const block = 256
	first, least := len(best), float32(math.Inf(-1))
	for lo := 0; lo < len(x) && k > 0; lo += block {
		b := x[lo:min(len(x), lo+block)]
		if w.isa.loops.maximum(b) <= least {
			continue
		}
		for i, v := range b {
			if !(v > least) {
				continue
			}
			at := len(best)
			for at > first && best[at-1].Value < v {
				at--
			}
			if len(best)-first == k {
				best = best[:len(best)-1]
			}
			best = slices.Insert(best, at, Candidate{int32(lo + i), v})
			if len(best)-first == k {
				least = best[len(best)-1].Value
			}
		}
	}
	return best
}
