package model

import (
	"math"

	"gorgonia.org/gorgonia"

	"t5train/model/kernel"
	"t5train/model/op"
)

// Attention is SelfAttention or EncDecAttention: multi-head, without scale and without bias terms.
type Attention struct {
	Q, K, V *op.Param // [heads*d_kv, d_model]
	O       *op.Param // [d_model, heads*d_kv]

	// RelativeAttentionBias is the table [buckets, heads] of the position bias, where the layer has one: the first
	// layer of a stack, whose bias the others share, or every layer of UMT5.
	RelativeAttentionBias *op.Param
	Buckets               kernel.Buckets

	Heads, DKV int
	causal     bool
}

// attentionKind tells the three attentions apart.
type attentionKind int

const (
	encoderSelf attentionKind = iota
	decoderSelf
	encoderDecoder
)

func newAttention(p *params, path string, c Config, kind attentionKind, table bool) Attention {
	inner := c.NumHeads * c.DKV
	a := Attention{
		// N(0, 1/(d_model*d_kv)): the scale that T5 leaves out of the scores.
		Q:     p.add(path+".q.weight", normal(inverseSqrt(c.DModel*c.DKV)), inner, c.DModel),
		K:     p.add(path+".k.weight", normal(inverseSqrt(c.DModel)), inner, c.DModel),
		V:     p.add(path+".v.weight", normal(inverseSqrt(c.DModel)), inner, c.DModel),
		O:     p.add(path+".o.weight", normal(inverseSqrt(inner)), c.DModel, inner),
		Heads: c.NumHeads, DKV: c.DKV, causal: kind == decoderSelf,
		Buckets: kernel.Buckets{
			Count:         c.RelativeAttentionNumBuckets,
			MaxDistance:   c.RelativeAttentionMaxDistance,
			Bidirectional: kind == encoderSelf,
		},
	}
	if table {
		// Glorot uniform, T5X's variance_scaling(1, fan_avg, uniform).
		limit := math.Sqrt(6 / float64(c.RelativeAttentionNumBuckets+c.NumHeads))
		a.RelativeAttentionBias = p.add(path+".relative_attention_bias.weight", uniform(limit), c.RelativeAttentionNumBuckets, c.NumHeads)
	}
	return a
}

func (a Attention) options(queries, keys *op.Ragged, bias *gorgonia.Node, dropout float32) op.AttentionOptions {
	return op.AttentionOptions{Heads: a.Heads, Dim: a.DKV, Causal: a.causal, Bias: bias, Dropout: dropout, Queries: queries, Keys: keys}
}

// self returns residual + drop(o(attention(x, x))).
func (a Attention) self(g *op.Graph, x, residual, bias *gorgonia.Node, tokens *op.Ragged, dropout float32) *gorgonia.Node {
	qkv := linear(g, x, op.LinearOptions{}, a.Q, a.K, a.V)
	y := g.SelfAttention(qkv, a.options(tokens, tokens, bias, dropout))
	return linear(g, y, op.LinearOptions{Dropout: dropout, Residual: residual}, a.O)
}

// cross returns residual + drop(o(attention(x, encoder))).
func (a Attention) cross(g *op.Graph, x, residual, encoder *gorgonia.Node, queries, keys *op.Ragged, dropout float32) *gorgonia.Node {
	q := linear(g, x, op.LinearOptions{}, a.Q)
	kv := linear(g, encoder, op.LinearOptions{}, a.K, a.V)
	y := g.CrossAttention(q, kv, a.options(queries, keys, nil, dropout))
	return linear(g, y, op.LinearOptions{Dropout: dropout, Residual: residual}, a.O)
}
