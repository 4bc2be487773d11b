// Package xent is the loss of a language model: the product with lm_head and the cross-entropy of its logits in one
// pass, with the gradient.
package xent

import (
	"math"
	"sync"

	"t5train/model/kernel"
	"t5train/model/kernel/pages"
)

// CrossEntropy is the fused lm_head and token cross-entropy. Logits exist for a chunk of tokens at a time
// and never for all of them, and the gradient is computed in the same pass.
type CrossEntropy struct {
	Vocab, Dim     int
	Scale          float32 // multiplies the logits: d_model^-0.5 when the embedding is tied, else 1
	ZLoss          float32 // weight of logZ² (Mesh TensorFlow: 1e-4)
	LabelSmoothing float32 // mass spread evenly over the vocabulary
	Soft           *Soft   // of the labels of Forward; nil is none

	logits []float32 // [chunk, vocab]
	hidden []float32 // [chunk, dim], gathered
	grad   []float32 // [chunk, dim], gathered
	spare  sync.Pool // *[]float32, [vocab], for soft targets
}

// chunkRows returns how many tokens have their logits in memory at once, 36 MB at most where a tile of the product
// fits: each chunk costs two passes over the weight and one over its gradient. The chunks are even, and whole tiles.
func (c *CrossEntropy) chunkRows(w *kernel.Workers, rows int) int {
	tile := w.TileRows()
	most := max(1, 9<<20/c.Vocab/tile) * tile
	return min(rows, kernel.Blocks(kernel.Blocks(rows, kernel.Blocks(rows, most)), tile)*tile)
}

// Forward returns the totals of hidden [len(labels), dim] against labels with the lm_head weight [vocab, dim].
//
// With dHidden set it is also given the gradient of Loss*gradScale, and the gradient of weight is put into dWeight, or
// added when accumulate is set, unless that is nil:
//
//	dlogits = gradScale * ((1 + 2*zLoss*logZ) * softmax - target)
func (c *CrossEntropy) Forward(w *kernel.Workers, hidden []float32, labels []int32, weight []float32, dHidden,
	dWeight []float32, accumulate bool, gradScale float32) kernel.Totals {
	total := kernel.Totals{Hits: make([]bool, len(labels))}
	rows := make([]int, 0, len(labels)) // the tokens that have a target
	for i, label := range labels {
		if label != kernel.IgnoreLabel {
			rows = append(rows, i)
		}
	}
	if dHidden != nil {
		clear(dHidden)
	}
	l := w.LogitLoops()
	if len(rows) == 0 {
		if !accumulate {
			clear(dWeight)
		}
		return total
	}
	// Products that read bfloat16 need not round the gradient of the logits twice: it takes the first half of each row.
	halves := dHidden != nil && w.Precision() == kernel.BFloat16 && w.MultipliesBFloat16() && c.Vocab%2 == 0
	size := c.chunkRows(w, len(rows))
	grain := max(1, 1<<14/c.Dim)
	logits, h, g := grow(&c.logits, size*c.Vocab), grow(&c.hidden, size*c.Dim), grow(&c.grad, size*c.Dim)
	parts := make([]kernel.Totals, size)
	for lo := 0; lo < len(rows); lo += size {
		chunk := rows[lo:min(len(rows), lo+size)]
		n := len(chunk)
		w.Rows(n, grain, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				copy(h[i*c.Dim:(i+1)*c.Dim], hidden[chunk[i]*c.Dim:])
			}
			l.Affine(h[lo*c.Dim:hi*c.Dim], c.Scale, 0) // cheaper here than on the logits
		})
		kernel.Gemm(w, false, true, n, c.Vocab, c.Dim, h, c.Dim, weight, c.Dim, false, logits, c.Vocab)
		w.Run(n, func(i int) {
			x, label := logits[i*c.Vocab:(i+1)*c.Vocab], int(labels[chunk[i]])
			if c.Soft.On() {
				parts[i] = c.softRow(l, x, label, chunk[i], dHidden != nil, gradScale)
			} else {
				parts[i] = c.row(l, x, label, dHidden != nil, gradScale)
			}
			if halves {
				l.Halve(x[:c.Vocab/2], x)
			}
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
		dLogits := kernel.Operand{Data: logits, Stride: c.Vocab}
		if halves {
			dLogits.Stride, dLogits.Halves = 2*c.Vocab, true
		}
		kernel.Multiply(w, n, c.Dim, c.Vocab, dLogits, kernel.Operand{Data: weight, Stride: c.Dim}, false, g, c.Dim)
		w.Rows(n, grain, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				out := dHidden[chunk[i]*c.Dim:][:c.Dim]
				copy(out, g[i*c.Dim:])
				l.Affine(out, c.Scale, 0)
			}
		})
		if dWeight != nil {
			kernel.Multiply(w, c.Vocab, c.Dim, n, dLogits.Transpose(), kernel.Operand{Data: h, Stride: c.Dim},
				accumulate || lo > 0, dWeight, c.Dim)
		}
	}
	total.Tokens = len(rows)
	return total
}

// softRow is row for the label in a place that has soft targets.
func (c *CrossEntropy) softRow(l kernel.LogitLoops, x []float32, label, place int, gradient bool,
	gradScale float32) kernel.Totals {
	soft, _ := c.spare.Get().(*[]float32)
	if soft == nil {
		soft = new([]float32)
	}
	defer c.spare.Put(soft)
	*soft = grow(soft, c.Vocab)
	weight := c.Soft.Weight
	divergence := c.Soft.row(l, x, *soft, place, gradScale*weight)
	t := c.row(l, x, label, gradient, gradScale*(1-weight))
	if gradient {
		l.Add(x, *soft)
	}
	t.Loss = float64(1-weight)*t.Loss + float64(weight)*divergence
	return t
}

// row turns the logits of one token into their gradient, if wanted, and returns its losses.
func (c *CrossEntropy) row(l kernel.LogitLoops, x []float32, label int, gradient bool,
	gradScale float32) kernel.Totals {
	largest := l.Maximum(x)
	correct := 0
	if x[label] == largest && (label == 0 || l.Maximum(x[:label]) < largest) {
		correct = 1
	}
	target := float64(x[label] - largest)
	var mean float64 // of the shifted logits, for label smoothing
	if c.LabelSmoothing > 0 {
		mean = float64(l.Sum(x, largest)) / float64(len(x))
	}
	sum := l.Exp(x, largest, 1)
	logSum := math.Log(float64(sum))
	logZ := logSum + float64(largest)
	nll := logSum - target
	smoothing := float64(c.LabelSmoothing)
	loss := (1-smoothing)*nll + smoothing*(logSum-mean) + float64(c.ZLoss)*logZ*logZ
	if gradient {
		off := gradScale * c.LabelSmoothing / float32(len(x))
		l.Affine(x, gradScale*(1+2*c.ZLoss*float32(logZ))/sum, -off)
		x[label] -= gradScale * (1 - c.LabelSmoothing)
	}
	return kernel.Totals{Loss: loss, NLL: nll, Correct: correct}
}

// grow returns buf with length n, reallocated when it is too small. The content is undefined.
func grow(buf *[]float32, n int) []float32 {
	if cap(*buf) < n {
		*buf = pages.Floats(n)
	}
	return (*buf)[:n]
}
