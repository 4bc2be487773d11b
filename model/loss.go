package model

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"t5train/model/kernel"
	"t5train/model/op"
)

// Batch is a ragged batch of examples: the sequences of each side lie end to end, without padding. Sequence s of the
// encoder is EncoderIDs[EncoderOffsets[s]:EncoderOffsets[s+1]], and likewise for the decoder.
type Batch struct {
	EncoderIDs     []int32
	EncoderOffsets []int32
	DecoderIDs     []int32 // the labels shifted right behind the start token
	DecoderOffsets []int32
	Labels         []int32 // one for each decoder token; kernel.IgnoreLabel for none

	// Tokens that attention does not see, for an attention_mask with holes; nil otherwise.
	EncoderMasked, DecoderMasked []bool
}

// Targets returns the number of labels that count.
func (b Batch) Targets() int {
	n := 0
	for _, label := range b.Labels {
		if label != kernel.IgnoreLabel {
			n++
		}
	}
	return n
}

// Check reports input that would make the kernels read outside of their matrices.
func (b Batch) Check(vocab int) error {
	sequences := len(b.EncoderOffsets)
	if sequences != len(b.DecoderOffsets) {
		return fmt.Errorf("run model: the encoder has %d sequences and the decoder %d", sequences-1, len(b.DecoderOffsets)-1)
	}
	if len(b.Labels) != len(b.DecoderIDs) {
		return fmt.Errorf("run model: %d labels for %d decoder tokens", len(b.Labels), len(b.DecoderIDs))
	}
	if err := checkTokens("encoder", b.EncoderIDs, b.EncoderOffsets, b.EncoderMasked, vocab); err != nil {
		return err
	}
	if err := checkTokens("decoder", b.DecoderIDs, b.DecoderOffsets, b.DecoderMasked, vocab); err != nil {
		return err
	}
	for i, label := range b.Labels {
		if label != kernel.IgnoreLabel && (label < 0 || int(label) >= vocab) {
			return fmt.Errorf("run model: label %d at position %d is outside of the vocabulary of %d", label, i, vocab)
		}
	}
	return nil
}

func checkTokens(side string, ids, offsets []int32, masked []bool, vocab int) error {
	if len(ids) == 0 {
		return fmt.Errorf("run model: the %s has no token", side)
	}
	if masked != nil && len(masked) != len(ids) {
		return fmt.Errorf("run model: the %s has a mask of %d for %d tokens", side, len(masked), len(ids))
	}
	if len(offsets) < 2 || offsets[0] != 0 || int(offsets[len(offsets)-1]) != len(ids) {
		return fmt.Errorf("run model: the offsets of the %s do not run from 0 to its %d tokens", side, len(ids))
	}
	for s := 1; s < len(offsets); s++ {
		if offsets[s] < offsets[s-1] {
			return fmt.Errorf("run model: the offsets of the %s fall at sequence %d", side, s)
		}
	}
	for i, id := range ids {
		if id < 0 || int(id) >= vocab {
			return fmt.Errorf("run model: %s token %d at position %d is outside of the vocabulary of %d: does the tokenizer belong to the model?", side, id, i, vocab)
		}
	}
	return nil
}

// LossOptions configure LossGraph.
type LossOptions struct {
	Dropout        float32
	ZLoss          float32 // weight of logZ²
	LabelSmoothing float32
	Gradients      bool // differentiate: Run adds to the gradient of every parameter
	Recompute      bool // compute each block again in the backward pass: a quarter more time, less memory, the same bits
}

// LossGraph computes the loss of batches and, if asked for, its gradients. It serves batches of any shape and is not
// safe for concurrent use.
type LossGraph struct {
	model            *T5
	encoder, decoder op.Ragged
	labels           op.Ragged
	totals           kernel.Totals
	program          *op.Program
}

// LossGraph builds the graph from the embeddings to the cross-entropy.
func (m *T5) LossGraph(w *kernel.Workers, o LossOptions) (*LossGraph, error) {
	if m == nil || m.Shared == nil {
		return nil, fmt.Errorf("build model: %w", ErrNoModel)
	}
	if m.Int8() {
		return nil, fmt.Errorf("build model: %w", ErrInt8)
	}
	l := &LossGraph{model: m}
	g := op.NewGraph(w, op.GraphOptions{Dropout: o.Dropout, Recompute: o.Recompute})
	n := Network[*gorgonia.Node]{g}
	hidden := n.Decode(m, &l.decoder, n.Encode(m, &l.encoder), &l.encoder)
	loss := g.CrossEntropy(hidden, m.LMHead, &l.labels,
		op.LossOptions{Scale: m.Config.LogitScale(), ZLoss: o.ZLoss, LabelSmoothing: o.LabelSmoothing}, &l.totals)
	var err error
	if o.Gradients {
		l.program, err = g.Compile(loss)
	} else {
		l.program, err = g.CompileForward()
	}
	if err != nil {
		return nil, fmt.Errorf("build model: %w", err)
	}
	return l, nil
}

// Run computes the loss of one batch and returns its sums; with gradients they are those of
// step.GradScale * Totals.Loss.
func (l *LossGraph) Run(b Batch, step op.Pass) (kernel.Totals, error) {
	if err := b.Check(l.model.Config.VocabSize); err != nil {
		return kernel.Totals{}, err
	}
	l.encoder = op.Ragged{IDs: b.EncoderIDs, Offsets: b.EncoderOffsets, Masked: b.EncoderMasked}
	l.decoder = op.Ragged{IDs: b.DecoderIDs, Offsets: b.DecoderOffsets, Masked: b.DecoderMasked}
	l.labels = op.Ragged{IDs: b.Labels, Offsets: b.DecoderOffsets}
	if err := l.program.Run(step); err != nil {
		return kernel.Totals{}, fmt.Errorf("run model: %w", err)
	}
	return l.totals, nil
}

// Memory returns the bytes reserved for activations and their gradients, as the largest batch so far needed them.
func (l *LossGraph) Memory() int { return l.program.Memory() }

// Close frees the graph.
func (l *LossGraph) Close() error { return l.program.Close() }
