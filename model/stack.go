package model

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"t5train/model/op"
)

// Stack is the encoder or the decoder.
type Stack struct {
	Block          []Block
	FinalLayerNorm LayerNorm
}

// stackInput is what the blocks of a stack work on.
type stackInput struct {
	tokens        *op.Ragged
	encoder       *gorgonia.Node // output of the encoder, [encoder tokens, d_model]; the decoder's only
	encoderTokens *op.Ragged
	dropout       float32
	recompute     bool // blocks keep their input only
}

func newStack(p *params, path string, c Config, layers int, decoder bool) Stack {
	var s Stack
	for i := range layers {
		table := i == 0 || c.ModelType == "umt5"
		s.Block = append(s.Block, newBlock(p, fmt.Sprintf("%s.block.%d", path, i), c, decoder, table))
	}
	s.FinalLayerNorm = newLayerNorm(p, path+".final_layer_norm", c)
	return s
}

// forward returns drop(norm(blocks(drop(embedding of the tokens)))), [tokens, d_model].
func (s Stack) forward(g *op.Graph, shared, ids *gorgonia.Node, in stackInput) *gorgonia.Node {
	x := g.Embed(shared, ids, in.dropout)
	var bias *gorgonia.Node
	for _, b := range s.Block {
		if a := b.SelfAttention; a.RelativeAttentionBias != nil {
			bias = g.RelativeBias(g.Param(a.RelativeAttentionBias), a.Buckets, in.tokens)
		}
		if in.recompute {
			x = b.recomputed(g, x, bias, in)
		} else {
			x = b.forward(g, x, bias, in)
		}
	}
	return g.Dropout(s.FinalLayerNorm.forward(g, x), in.dropout)
}
