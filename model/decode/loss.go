package decode

import (
	"fmt"
	"math"

	"t5train/model"
	"t5train/model/kernel"
	"t5train/model/op"
)

// Loss computes the loss of given targets without a graph, for weights of any type. It is for one goroutine at a time.
type Loss struct {
	encoder encoder
	// The activations of the decoder: the stream, query, key and value, and key and value of the encoder output.
	x, qkv, cross, bias, logits []float32
}

// NewLoss returns the loss of m.
func NewLoss(m *model.T5, w *kernel.Workers) *Loss {
	return &Loss{encoder: encoder{layers: &layers{model: m, workers: w}}}
}

func (l *Loss) isEmpty() bool { return l.encoder.layers == nil || isEmpty(l.encoder.model) }

// lossLogits bounds the logits that are in memory at once: 38 MB. Each part of them reads lm_head once.
const lossLogits = 9 << 20

// Run returns the sums over the labels of a batch: those of model.LossGraph without label smoothing and z-loss.
func (l *Loss) Run(b model.Batch) (kernel.Totals, error) {
	if l.isEmpty() {
		return kernel.Totals{}, fmt.Errorf("compute the loss: %w", model.ErrNoModel)
	}
	if err := b.Check(l.encoder.model.Config.VocabSize); err != nil {
		return kernel.Totals{}, err
	}
	encoded := l.encoder.run(op.Ragged{IDs: b.EncoderIDs, Offsets: b.EncoderOffsets, Hidden: b.EncoderHidden})
	hidden := l.decode(op.Ragged{IDs: b.DecoderIDs, Offsets: b.DecoderOffsets, Hidden: b.DecoderHidden}, encoded,
		kernel.Attention{KeyOffsets: b.EncoderOffsets, Hidden: b.EncoderHidden})
	nll, hits := l.losses(hidden, b.Labels)
	totals := kernel.Totals{Hits: hits, NLLs: nll}
	for i, label := range b.Labels {
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

// losses returns minus the log-probability of each label after its row of hidden [labels, d_model], and whether it is the
// token that greedy decoding takes.
func (l *Loss) losses(hidden []float32, labels []int32) (nll []float64, hits []bool) {
	m, w := l.encoder.model, l.encoder.workers
	vocab, dModel := m.Config.VocabSize, m.Config.DModel
	nll, hits = make([]float64, len(labels)), make([]bool, len(labels))
	size := max(1, lossLogits/vocab)
	for lo := 0; lo < len(labels); lo += size {
		n := min(size, len(labels)-lo)
		l.logits = resize(l.logits, n*vocab)
		l.encoder.logits(l.logits, hidden[lo*dModel:(lo+n)*dModel], n)
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

// decode returns the decoder's output [decoder tokens, d_model], scaled as lm_head wants it, all positions at once. keys
// says which rows of encoded [encoder tokens, d_model] each sequence attends to.
func (l *Loss) decode(tokens op.Ragged, encoded []float32, keys kernel.Attention) []float32 {
	e := l.encoder.layers
	c, rows, inner := e.model.Config, len(tokens.IDs), e.innerDim()
	encoderRows := len(encoded) / c.DModel
	l.x, l.qkv = resize(l.x, rows*c.DModel), resize(l.qkv, rows*3*inner)
	l.cross = resize(l.cross, encoderRows*2*inner)
	e.embed(l.x, tokens.IDs)
	self := kernel.Attention{QueryOffsets: tokens.Offsets, KeyOffsets: tokens.Offsets, Hidden: tokens.Hidden, Causal: true}
	cross := keys
	cross.QueryOffsets = tokens.Offsets
	for _, block := range e.model.Decoder.Block {
		a := block.SelfAttention
		self.Bias, l.bias = e.spread(a, self.Bias, l.bias, tokens)
		e.project(l.qkv, 3*inner, l.x, rows, block.SelfAttentionNorm, a.Q, a.K, a.V)
		e.attend(l.x, a, self, l.qkv, 3*inner, l.qkv[inner:], 3*inner)
		a = *block.EncDecAttention
		e.project(l.qkv, inner, l.x, rows, block.EncDecAttentionNorm, a.Q)
		e.linear(l.cross, 2*inner, encoded, encoderRows, a.K, a.V)
		e.attend(l.x, a, cross, l.qkv, inner, l.cross, 2*inner)
		e.feedForward(l.x, block)
	}
	e.outputNorm(l.x, rows)
	return l.x
}
