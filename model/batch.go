package model

import (
	"fmt"

	"t5train/model/kernel"
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
	EncoderHidden, DecoderHidden []bool
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
	if err := checkTokens("encoder", b.EncoderIDs, b.EncoderOffsets, b.EncoderHidden, vocab); err != nil {
		return err
	}
	if err := checkTokens("decoder", b.DecoderIDs, b.DecoderOffsets, b.DecoderHidden, vocab); err != nil {
		return err
	}
	for i, label := range b.Labels {
		if label != kernel.IgnoreLabel && (label < 0 || int(label) >= vocab) {
			return fmt.Errorf("run model: label %d at position %d is outside of the vocabulary of %d", label, i, vocab)
		}
	}
	return nil
}

func checkTokens(side string, ids, offsets []int32, hidden []bool, vocab int) error {
	if len(ids) == 0 {
		return fmt.Errorf("run model: the %s has no token", side)
	}
	if hidden != nil && len(hidden) != len(ids) {
		return fmt.Errorf("run model: the %s has a mask of %d for %d tokens", side, len(hidden), len(ids))
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
