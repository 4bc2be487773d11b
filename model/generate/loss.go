package generate

import (
	"fmt"
	"math"

	"t5train/model"
	"t5train/model/kernel"
	"t5train/model/op"
)

// Loss computes the loss of given targets without a graph, for weights of any type. It is not safe for concurrent use.
type Loss struct {
	model            *model.T5
	encoder, decoder model.Network[op.Matrix]
	eager            *op.Eager
	tokens           []int32
	logits           []float32
}

// NewLoss returns the loss of m.
func NewLoss(m *model.T5, w *kernel.Workers) *Loss {
	e := op.NewEager(w)
	return &Loss{
		model: m, eager: e,
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

// losses returns minus the log-probability of each label, and whether it is the token that greedy decoding takes. The
// decoder computes all positions at once; a sequence attends to the one of encoded that keys says.
func (l *Loss) losses(ragged *op.Ragged, encoded op.Matrix, keys *op.Ragged) (nll []float64, hits []bool) {
	tokens := l.model.Config.DecoderInputs(ragged, l.tokens)
	l.tokens = tokens.IDs
	hidden := l.decoder.Decode(l.model, &tokens, encoded, keys)
	scale(hidden, l.model.Config.LogitScale())
	w, vocab, labels := l.eager.Workers(), l.model.Config.VocabSize, ragged.IDs
	nll, hits = make([]float64, len(labels)), make([]bool, len(labels))
	size := max(1, lossLogits/vocab)
	for lo := 0; lo < len(labels); lo += size {
		n := min(size, len(labels)-lo)
		l.logits = logits(l.eager, l.logits, l.model, hidden.Slice(lo, lo+n))
		w.Run(n, func(i int) {
			if label := labels[lo+i]; label != kernel.IgnoreLabel {
				row := l.logits[i*vocab : (i+1)*vocab]
				target := float64(row[label])
				_, argmax, z := kernel.LogSumExp(w, row)
				nll[lo+i], hits[lo+i] = z-target, int(label) == argmax && !math.IsNaN(z)
			}
		})
	}
	return nll, hits
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
