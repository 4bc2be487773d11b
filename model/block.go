package model

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"t5train/model/op"
)

// Block is one layer of a stack: self-attention, in the decoder cross-attention, and feed-forward, each on the
// norm of its input and added to it.
type Block struct {
	SelfAttention     Attention
	SelfAttentionNorm LayerNorm

	EncDecAttention     *Attention // nil in the encoder
	EncDecAttentionNorm LayerNorm

	DenseReluDense     DenseReluDense
	DenseReluDenseNorm LayerNorm
}

func newBlock(p *params, path string, c Config, decoder, table bool) Block {
	kind := encoderSelf
	if decoder {
		kind = decoderSelf
	}
	layer := func(i int) string { return fmt.Sprintf("%s.layer.%d", path, i) }
	var b Block
	b.SelfAttention = newAttention(p, layer(0)+".SelfAttention", c, kind, table)
	b.SelfAttentionNorm = newLayerNorm(p, layer(0)+".layer_norm", c)
	last := 1
	if decoder {
		cross := newAttention(p, layer(1)+".EncDecAttention", c, encoderDecoder, false)
		b.EncDecAttention = &cross
		b.EncDecAttentionNorm = newLayerNorm(p, layer(1)+".layer_norm", c)
		last = 2
	}
	b.DenseReluDense = newDenseReluDense(p, layer(last)+".DenseReluDense", c)
	b.DenseReluDenseNorm = newLayerNorm(p, layer(last)+".layer_norm", c)
	return b
}

func (b Block) forward(g *op.Graph, x, bias *gorgonia.Node, in stackInput) *gorgonia.Node {
	x = b.SelfAttention.self(g, b.SelfAttentionNorm.forward(g, x), x, bias, in.tokens, in.dropout)
	if b.EncDecAttention != nil {
		x = b.EncDecAttention.cross(g, b.EncDecAttentionNorm.forward(g, x), x, in.encoder, in.tokens, in.encoderTokens, in.dropout)
	}
	return b.DenseReluDense.forward(g, b.DenseReluDenseNorm.forward(g, x), x, in.dropout)
}

// recomputed is forward in the memory of its inputs: the backward pass computes the block again.
func (b Block) recomputed(g *op.Graph, x, bias *gorgonia.Node, in stackInput) *gorgonia.Node {
	values := gorgonia.Nodes{x, bias}
	if in.encoder != nil {
		values = append(values, in.encoder)
	}
	return g.Recompute(values, func(values gorgonia.Nodes) *gorgonia.Node {
		inside := in
		if in.encoder != nil {
			inside.encoder = values[2]
		}
		return b.forward(g, values[0], values[1], inside)
	})
}
