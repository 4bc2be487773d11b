package generate

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"

	"t5train/model"
	"t5train/model/kernel"
	"t5train/model/kernel/xent"
	"t5train/model/op"
)

// Loss computes the loss of given targets without a graph, for weights of any type. It is not safe for concurrent use.
type Loss struct {
	model            *model.T5
	encoder, decoder model.Network[op.Matrix]
	eager            *op.Eager
	adapters         []*op.Adapter // of the inputs of TargetLogProbs; nil: those of the model
	*lossBuffers
}

type lossBuffers struct {
	tokens []int32
	logits []float32
}

// Adapted returns a loss for which the inputs of TargetLogProbs have these adapters, nil for none. It computes in the
// memory of l, so that only one of the two may be in use.
func (l *Loss) Adapted(adapters []*op.Adapter) *Loss {
	own := *l
	own.adapters = adapters
	return &own
}

// NewLoss returns the loss of m.
func NewLoss(m *model.T5, w *kernel.Workers) *Loss {
	e := op.NewEager(w)
	return &Loss{
		model: m, eager: e, lossBuffers: new(lossBuffers),
		encoder: model.Network[op.Matrix]{Backend: e}, decoder: model.Network[op.Matrix]{Backend: e.Beside()},
	}
}

// lossLogits bounds the logits that are in memory at once: 38 MB. Each part of them reads lm_head once.
const lossLogits = 9 << 20

// Run returns the sums over the labels of a batch: those of model.LossGraph without label smoothing and z-loss.
func (l *Loss) Run(b model.Batch) (kernel.Totals, error) {
	if isEmpty(l.model) {
		return kernel.Totals{}, fmt.Errorf("compute the loss: %w", model.ErrNoModel)
	}
	if err := b.Check(l.model.Config.VocabSize); err != nil {
		return kernel.Totals{}, err
	}
	nll, hits := l.losses(&b.Labels, l.encoder.Encode(l.model, &b.Inputs), &b.Inputs)
	totals := kernel.Totals{Hits: hits, NLLs: nll}
	for i, label := range b.Labels.IDs {
		if label == kernel.IgnoreLabel {
			continue
		}
		totals.Tokens++
		totals.NLL += nll[i]
		if hits[i] {
			totals.Correct++
		}
	}
	totals.Loss = totals.NLL
	return totals, nil
}

// losses returns minus the log-probability of each label of targets, and whether it is what greedy decoding takes. The
// decoder computes all positions at once; a sequence attends to the one of encoded that keys says.
func (l *Loss) losses(targets *op.Ragged, encoded op.Matrix, keys *op.Ragged) (nll []float64, hits []bool) {
	w, labels := l.eager.Workers(), targets.IDs
	nll, hits = make([]float64, len(labels)), make([]bool, len(labels))
	l.eachLabel(targets, encoded, keys, func(i int, row []float32) {
		target := float64(row[labels[i]])
		_, argmax, z := kernel.LogSumExp(w, row)
		nll[i], hits[i] = z-target, int(labels[i]) == argmax && !math.IsNaN(z)
	})
	return nll, hits
}

// eachLabel calls f with the logits [vocab] in the place of each label that counts, for several at once. f may
// overwrite the logits.
func (l *Loss) eachLabel(targets *op.Ragged, encoded op.Matrix, keys *op.Ragged, f func(i int, logits []float32)) {
	tokens := l.model.Config.DecoderInputs(targets, l.tokens)
	l.tokens = tokens.IDs
	if encoded.HasAdapters() {
		for s := range targets.Sequences() {
			tokens.Adapters = op.Repeat(tokens.Adapters, encoded.AdapterOf(keys.Offsets[s]), len(targets.At(s)))
		}
	}
	hidden := l.decoder.Decode(l.model, &tokens, encoded, keys)
	scale(hidden, l.model.Config.LogitScale())
	w, vocab, labels := l.eager.Workers(), l.model.Config.VocabSize, targets.IDs
	size := max(1, lossLogits/vocab)
	for lo := 0; lo < len(labels); lo += size {
		n := min(size, len(labels)-lo)
		l.logits = logits(l.eager, l.logits, l.model, hidden.Slice(lo, lo+n))
		w.Run(n, func(i int) {
			if labels[lo+i] != kernel.IgnoreLabel {
				f(lo+i, l.logits[i*vocab:(i+1)*vocab])
			}
		})
	}
}

// Soft returns the k largest probabilities in the place of each label of a batch, and the sum of the others, among the
// first vocab tokens, as the model has them at a temperature: what a student can learn from. Damaged or diverged
// weights are an error.
func (l *Loss) Soft(b model.Batch, k, vocab int, temperature float32) (xent.Soft, error) {
	if isEmpty(l.model) {
		return xent.Soft{}, fmt.Errorf("compute probabilities: %w", model.ErrNoModel)
	}
	if err := b.Check(l.model.Config.VocabSize); err != nil {
		return xent.Soft{}, err
	}
	n, w := len(b.Labels.IDs), l.eager.Workers()
	s := xent.Soft{K: k, IDs: make([]int32, n*k), Probabilities: make([]float32, n*(k+1)), Temperature: temperature}
	var broken atomic.Bool
	l.eachLabel(&b.Labels, l.encoder.Encode(l.model, &b.Inputs), &b.Inputs, func(i int, x []float32) {
		x = x[:vocab]
		best := kernel.TopK(w, x, k, make([]kernel.Candidate, 0, k+1))
		w.LogitLoops().Affine(x, 1/temperature, 0)
		largest := w.LogitLoops().Maximum(x)
		z := float64(w.LogitLoops().Exp(x, largest, 1))
		if len(best) < k || math.IsNaN(z) {
			broken.Store(true)
			return
		}
		p := s.Probabilities[i*(k+1):][:k+1]
		for j, c := range best {
			s.IDs[i*k+j], p[j], x[c.Index] = c.Index, float32(float64(x[c.Index])/z), 0
		}
		p[k] = float32(float64(w.LogitLoops().Sum(x, 0)) / z)
	})
	if broken.Load() {
		return xent.Soft{}, errDiverged
	}
	return s, nil
}

// scale multiplies x by a factor.
func scale(x op.Matrix, factor float32) {
	for i := range x.Data {
		x.Data[i] *= factor
	}
}

// logits returns the logits [rows, vocab_size] of hidden, as lm_head wants it, in the memory of buf where it suffices.
func logits(e *op.Eager, buf []float32, m *model.T5, hidden op.Matrix) []float32 {
	n := hidden.Rows * m.Config.VocabSize
	if cap(buf) < n {
		buf = make([]float32, n)
	}
	e.LinearInto(buf[:n], hidden, m.LMHead)
	return buf[:n]
}

// TargetLogProbs returns log p(target | input) in nats for the targets of each input: the sum over the target's tokens,
// which normally end in EOS. All positions are computed at once: 5 to 9 times as fast as [Generator.TargetLogProbs] for
// one input after the other, but slower than that for many short targets that all inputs share. Damaged or diverged
// weights give NaN.
func (l *Loss) TargetLogProbs(ctx context.Context, inputs [][]int32, targets [][][]int32) ([][]float64, error) {
	if isEmpty(l.model) {
		return nil, fmt.Errorf("score: %w", model.ErrNoModel)
	}
	m := l.model
	if len(targets) != len(inputs) {
		return nil, fmt.Errorf("score: %d lists of targets for %d inputs, want one for each", len(targets), len(inputs))
	}
	tokens, err := ragged(inputs, l.adapters, m.Config.VocabSize)
	if err != nil {
		return nil, err
	}
	scores := make([][]float64, len(inputs))
	var pairs []pair
	for i, list := range targets {
		scores[i] = make([]float64, len(list))
		for j, target := range list {
			if at := outside(target, m.Config.VocabSize); at >= 0 {
				return nil, fmt.Errorf("score target %d of input %d: token %d at position %d is outside of "+
					"the vocabulary of %d", j, i, target[at], at, m.Config.VocabSize)
			}
			if len(target) > 0 { // an empty one is certain
				pairs = append(pairs, pair{i, target, &scores[i][j]})
			}
		}
	}
	if len(pairs) == 0 {
		return scores, nil
	}
	encoded := l.encoder.Encode(m, &tokens)
	for len(pairs) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("score: %w", err)
		}
		n, total := 0, 0
		for n < len(pairs) && (n == 0 || total+len(pairs[n].target) <= scoreTokens) {
			total += len(pairs[n].target)
			n++
		}
		l.scorePairs(pairs[:n], tokens.Offsets, encoded)
		pairs = pairs[n:]
	}
	return scores, nil
}

// pair is a target with its input and the place of its score.
type pair struct {
	input  int
	target []int32
	score  *float64
}

// scoreTokens bounds the tokens of targets whose activations are in memory at once, where one target does not need
// more. Products of this many rows are no slower than larger ones.
const scoreTokens = 4096

// scorePairs scores pairs in the order of their inputs, whose encoder outputs lie in encoded by offsets.
func (l *Loss) scorePairs(pairs []pair, offsets []int32, encoded op.Matrix) {
	var labels, keys op.Ragged
	first, end := offsets[pairs[0].input], offsets[pairs[len(pairs)-1].input+1]
	for _, p := range pairs {
		labels.Append(p.target...)
		keys.Offsets = append(keys.Offsets, offsets[p.input]-first)
		keys.Lengths = append(keys.Lengths, offsets[p.input+1]-offsets[p.input])
	}
	nll, _ := l.losses(&labels, encoded.Slice(int(first), int(end)), &keys)
	for _, p := range pairs {
		for _, v := range nll[:len(p.target)] {
			*p.score -= v
		}
		nll = nll[len(p.target):]
	}
}
