package decode

import (
	"fmt"
	"slices"

	"t5train/model/kernel"
	"t5train/model/op"
)

// encoder runs the encoder of a model on ragged batches.
type encoder struct {
	*layers
	x, qkv, bias []float32
}

// run returns the last hidden state [tokens, d_model]; it is overwritten by the next run.
func (e *encoder) run(tokens op.Ragged) []float32 {
	c, rows, inner := e.model.Config, len(tokens.IDs), e.innerDim()
	e.x, e.qkv = resize(e.x, rows*c.DModel), resize(e.qkv, rows*3*inner)
	e.embed(e.x, tokens.IDs)
	geometry := kernel.Attention{QueryOffsets: tokens.Offsets, KeyOffsets: tokens.Offsets, Hidden: tokens.Hidden}
	for _, b := range e.model.Encoder.Block {
		a := b.SelfAttention
		geometry.Bias, e.bias = e.spread(a, geometry.Bias, e.bias, tokens)
		e.project(e.qkv, 3*inner, e.x, rows, b.SelfAttentionNorm, a.Q, a.K, a.V)
		e.attend(e.x, a, geometry, e.qkv, 3*inner, e.qkv[inner:], 3*inner)
		e.feedForward(e.x, b)
	}
	e.norm(e.x, e.x, rows, e.model.Encoder.FinalLayerNorm)
	return e.x
}

// ragged lays inputs end to end. An input without tokens, or with one that the embedding has no row for, is an error.
func ragged(inputs [][]int32, vocab int) (op.Ragged, error) {
	r := op.Ragged{Offsets: []int32{0}}
	for i, in := range inputs {
		if len(in) == 0 {
			return r, fmt.Errorf("encode input %d: it has no token, want at least EOS", i)
		}
		if at := outside(in, vocab); at >= 0 {
			return r, fmt.Errorf("encode input %d: token %d at position %d is outside of the vocabulary of %d: does the tokenizer belong to the model?", i, in[at], at, vocab)
		}
		r.IDs = append(r.IDs, in...)
		r.Offsets = append(r.Offsets, int32(len(r.IDs)))
	}
	return r, nil
}

// outside returns the position of the first token that the embedding has no row for, -1 if there is none.
func outside(tokens []int32, vocab int) int {
	return slices.IndexFunc(tokens, func(id int32) bool { return id < 0 || int(id) >= vocab })
}
