package model

import (
	"fmt"

	"t5train/model/kernel"
	"t5train/model/kernel/xent"
	"t5train/model/op"
)

// Batch is examples to compute a loss of. The model feeds its decoder with the labels shifted right: it predicts each
// label from the input and the labels before it.
type Batch struct {
	Inputs op.Ragged
	Labels op.Ragged // kernel.IgnoreLabel where nothing is to be predicted

	// Vectors is empty or [sequences]: where the mean of a sequence's encoder states, and its first decoder state, are
	// to point, in their first columns; nil for nowhere.
	Vectors [][]float32

	Soft xent.Soft // what a teacher says in the place of each label; the zero value is none
}

// Sequences returns the number of examples.
func (b *Batch) Sequences() int { return b.Inputs.Sequences() }

// Tokens returns the number of tokens of inputs and labels together.
func (b *Batch) Tokens() int { return len(b.Inputs.IDs) + len(b.Labels.IDs) }

// Targets returns the number of labels that count and of vectors.
func (b *Batch) Targets() int {
	n := 0
	for _, v := range b.Vectors {
		if v != nil {
			n++
		}
	}
	for _, label := range b.Labels.IDs {
		if label != kernel.IgnoreLabel {
			n++
		}
	}
	return n
}

// Check reports what would make the kernels read outside of their matrices.
func (b *Batch) Check(vocab int) error {
	if len(b.Inputs.Offsets) != len(b.Labels.Offsets) {
		return fmt.Errorf("run model: there are %d inputs and labels of %d sequences", b.Inputs.Sequences(),
			b.Labels.Sequences())
	}
	if len(b.Vectors) != 0 && len(b.Vectors) != b.Inputs.Sequences() {
		return fmt.Errorf("run model: there are %d vectors for %d sequences", len(b.Vectors), b.Inputs.Sequences())
	}
	if err := checkTokens("input", &b.Inputs, vocab); err != nil {
		return err
	}
	return checkTokens("label", &b.Labels, vocab)
}

func checkTokens(what string, r *op.Ragged, vocab int) error {
	if len(r.IDs) == 0 {
		return fmt.Errorf("run model: there is no %s token", what)
	}
	if r.Masked != nil && len(r.Masked) != len(r.IDs) {
		return fmt.Errorf("run model: there is a mask of %d for %d %s tokens", len(r.Masked), len(r.IDs), what)
	}
	if len(r.Offsets) < 2 || r.Offsets[0] != 0 || int(r.Offsets[len(r.Offsets)-1]) != len(r.IDs) {
		return fmt.Errorf("run model: the offsets do not run from 0 to %d %s tokens", len(r.IDs), what)
	}
	for s := 1; s < len(r.Offsets); s++ {
		if r.Offsets[s] < r.Offsets[s-1] {
			return fmt.Errorf("run model: the offsets of the %s tokens fall at sequence %d", what, s)
		}
	}
	for i, id := range r.IDs {
		if id < 0 && !(what == "label" && id == kernel.IgnoreLabel) || int(id) >= vocab {
			return fmt.Errorf("run model: %s token %d at position %d is outside of the vocabulary of %d: does the "+
				"tokenizer belong to the model?", what, id, i, vocab)
		}
	}
	return nil
}

// DecoderInputs returns what the decoder reads to predict labels: they shifted right behind the start token, sequence
// by sequence, with padding in the place of those to ignore, as in transformers. The ids are in the memory of buf where
// it suffices.
func (c Config) DecoderInputs(labels *op.Ragged, buf []int32) op.Ragged {
	ids := buf[:0]
	for s := range labels.Sequences() {
		id := int32(c.DecoderStartTokenID)
		for _, label := range labels.At(s) {
			ids = append(ids, id)
			if id = label; label == kernel.IgnoreLabel {
				id = int32(c.PadTokenID)
			}
		}
	}
	return op.Ragged{IDs: ids, Offsets: labels.Offsets, Masked: labels.Masked}
}
