package kernel

import (
	"math"

	"t5train/model/kernel/bfloat16"
	"t5train/model/kernel/portable"
)

// rowLoops are the inner loops over rows, in one ISA. The slices of a call have equal lengths, and the outputs come
// first; an output may be the same slice as an input, not a part of it.
type rowLoops struct {
	dot    func(x, y []float32) float32             // Σ x·y
	add    func(y, x []float32)                     // y += x
	affine func(x []float32, factor, term float32)  // x = factor·x + term
	sum    func(x []float32, shift float32) float32 // Σ (x - shift)
	// NaN when there is one, so that a broken activation is not hidden
	maximum func(x []float32) float32
	// x = scale·e^(x-shift) for shift >= x; returns Σ e^(x-shift)
	exp func(x []float32, shift, scale float32) float32

	softmaxBackward func(g, p []float32, mean float32) // g = p·(g - mean)

	norm    func(y, x, weight []float32, inverse float32) // y = weight·(x·inverse)
	normDot func(dy, weight, x []float32) float32         // Σ dy·weight·x
	// dx = inverse·(dy·weight - x·scale), dWeight += dy·(x·inverse)
	normBackward func(dx, dWeight, dy, x, weight []float32, inverse, scale float32)

	activations [SiLU + 1]activationLoops

	// dropout writes scale·x to y where 16 random bits are at least below, and else 0. The random numbers are those of
	// philoxWords.
	dropout func(y, x []float32, words *philoxWords, below uint16, scale float32)

	round func(x []float32)        // to bfloat16
	halve func(words, x []float32) // to bfloat16, two in a word
	// dx = scale·dy where the bfloat16 of words is positive, else 0
	reluHalves func(words, dx, dy []float32, scale float32)

	OptimizerLoops
}

// activationLoops are the loops of one activation f.
type activationLoops struct {
	forward       func(y, x []float32)                           // y = f(x)
	backward      func(dx, dy, x []float32)                      // dx = dy·f'(x)
	gated         func(y, gate, value []float32)                 // y = f(gate)·value
	gatedBackward func(dGate, dValue, dy, gate, value []float32) // dGate = dy·value·f'(gate), dValue = dy·f(gate)
}

// portableLoops are the loops in plain Go: what every machine has, and what the others are tested against.
func portableLoops() rowLoops {
	l := rowLoops{
		dot: portable.Dot, add: portable.Add, affine: portable.Affine, sum: portable.Sum, maximum: portable.Maximum,
		exp:             portable.ExpRow,
		softmaxBackward: portable.SoftmaxBackward,
		norm:            portable.Norm, normDot: portable.NormDot, normBackward: portable.NormBackward,
		dropout: dropoutRow, round: bfloat16.RoundAll, halve: halve, reluHalves: reluHalves,
		OptimizerLoops: portableOptimizerLoops(),
	}
	for f := range l.activations {
		l.activations[f] = Activation(f).portableLoops()
	}
	return l
}

// Add adds x to y, element by element.
func Add(w *Workers, y, x []float32) {
	w = w.orDefault()
	w.Rows(len(x), grainFor(1), func(lo, hi int) { w.isa.loops.add(y[lo:hi], x[lo:hi]) })
}

// Embed copies the rows ids of table [vocab, d] to y [len(ids), d].
func Embed(w *Workers, y, table []float32, ids []int32, d int) {
	w = w.orDefault()
	w.Rows(len(ids), grainFor(d), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			copy(y[i*d:(i+1)*d], table[int(ids[i])*d:])
		}
	})
}

// EmbedBackward adds row i of dy [len(ids), d] to row ids[i] of dTable [vocab, d]. Each task owns a range
// of columns and adds in the order of ids, so equal ids do not race and the sum has one order, however wide the range.
func EmbedBackward(w *Workers, dTable, dy []float32, ids []int32, d int) {
	w = w.orDefault()
	const line = 16 // a cache line
	columns := Blocks(Blocks(d, w.Threads()), line) * line
	w.Run(Blocks(d, columns), func(task int) {
		lo, hi := task*columns, min(d, (task+1)*columns)
		for i, id := range ids {
			w.isa.loops.add(dTable[int(id)*d+lo:int(id)*d+hi], dy[i*d+lo:i*d+hi])
		}
	})
}

// rmsBlock is the number of rows whose weight gradients are summed together before the blocks are
// added up in order.
const rmsBlock = 64

// RMSNorm computes y = weight * x / sqrt(mean(x²) + eps) for each row of x [rows, d] (Zhang & Sennrich
// 2019; T5 has no mean and no bias). It stores 1/sqrt(mean(x²) + eps) in inverse [rows] for the backward pass.
func RMSNorm(w *Workers, y, x, weight []float32, eps float32, inverse []float32) {
	w = w.orDefault()
	d := len(weight)
	l := &w.isa.loops
	w.Rows(len(inverse), grainFor(d), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			in, out := x[r*d:(r+1)*d], y[r*d:(r+1)*d]
			inv := float32(1 / math.Sqrt(float64(l.dot(in, in))/float64(d)+float64(eps)))
			inverse[r] = inv
			l.norm(out, in, weight, inv)
		}
	})
}

// RMSNormBackward computes dx [rows, d] from dy [rows, d] and adds the gradient of weight to dWeight [d]:
//
//	dx = inv * (weight*dy - x * inv² * mean(weight*dy*x)),  dWeight += sum over rows of dy*x*inv
//
// A nil dWeight leaves that out.
func RMSNormBackward(w *Workers, dx, dWeight, dy, x, weight, inverse []float32) {
	w = w.orDefault()
	d := len(weight)
	rows := len(inverse)
	tasks := Blocks(rows, rmsBlock)
	l := &w.isa.loops
	partial := make([]float32, tasks*d)
	w.Run(tasks, func(task int) {
		sum := partial[task*d : (task+1)*d]
		for r := task * rmsBlock; r < min(rows, (task+1)*rmsBlock); r++ {
			in, g, out := x[r*d:(r+1)*d], dy[r*d:(r+1)*d], dx[r*d:(r+1)*d]
			inv := inverse[r]
			l.normBackward(out, sum, g, in, weight, inv, l.normDot(g, weight, in)*inv*inv/float32(d))
		}
	})
	for task := 0; task < tasks && dWeight != nil; task++ {
		l.add(dWeight, partial[task*d:(task+1)*d])
	}
}
