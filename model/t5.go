package model

import (
	"fmt"
	"math"

	"t5train/model/kernel"
	"t5train/model/op"
)

// This file is the whole network, from the smallest module to the largest: LayerNorm, FeedForward, Attention, Block,
// Stack, T5. Each has its parameters, named after the tensors of a Hugging Face checkpoint, and its forward pass, a
// method of Network. x is the residual stream [tokens, d_model] throughout, and drop(x) is x with dropout.

// Network is the forward pass of T5 on a backend.
type Network[V any] struct{ Backend[V] }

// Backend computes operations on values V, matrices of a row for each token. [op.Graph] records them to be run and
// differentiated, [op.Eager] computes them at once.
type Backend[V any] interface {
	Embed(table *op.Param, tokens *op.Ragged) V                      // drop(the rows of table that tokens name)
	RMSNorm(x V, weight *op.Param, epsilon float32) V                // weight * x / sqrt(mean(x²) + epsilon)
	Linear(x V, weights ...*op.Param) V                              // x·wᵀ for each weight, side by side
	AddLinear(y, x V, w *op.Param) V                                 // y + drop(x·wᵀ); y is gone after it
	Activate(x V, f kernel.Activation, w *op.Param) V                // drop(f(x·wᵀ))
	ActivateGated(x V, f kernel.Activation, gate, value *op.Param) V // drop(f(x·gateᵀ) * x·valueᵀ)
	Dropout(x V) V                                                   // drop(x)

	// RelativeBias is the position bias of sequences up to the longest of tokens, from table [buckets, heads].
	RelativeBias(table *op.Param, buckets op.Buckets, tokens *op.Ragged) V
	// SelfAttention is drop(softmax(q·kᵀ + bias))·v, sequence by sequence; q, k and v lie side by side.
	SelfAttention(qkv, bias V, heads op.Heads, tokens *op.Ragged) V
	// CrossAttention is drop(softmax(q·kᵀ))·v; k and v lie side by side.
	CrossAttention(q, kv V, heads op.Heads, queries, keys *op.Ragged) V

	// Block is f(in). A backend may forget what f computes and compute it again for the gradients.
	Block(in []V, f func(in []V) V) V
	// Rows is f(x), where f treats each row for itself: a backend may compute it for a few rows at a time.
	Rows(x V, f func(x V) V) V
}

// LayerNorm is T5's layer_norm: RMSNorm with a weight, no mean and no bias.
type LayerNorm struct {
	Weight  *op.Param // [d_model]
	Epsilon float32
}

func newLayerNorm(p *params, path string, c Config) LayerNorm {
	return LayerNorm{Weight: p.add(path+".weight", ones, c.DModel), Epsilon: float32(c.LayerNormEpsilon)}
}

// Norm returns norm(x).
func (n Network[V]) Norm(l LayerNorm, x V) V { return n.RMSNorm(x, l.Weight, l.Epsilon) }

// FeedForward is the layer DenseReluDense.
type FeedForward struct {
	Wi         []*op.Param // wi, or wi_0 and wi_1 where it is gated; [d_ff, d_model] each
	Wo         *op.Param   // [d_model, d_ff]
	Activation kernel.Activation
}

func newFeedForward(p *params, path string, c Config) FeedForward {
	activation, gated, _ := c.Activation() // New validated c
	names := []string{"wi"}
	if gated {
		names = []string{"wi_0", "wi_1"}
	}
	f := FeedForward{Activation: activation}
	for _, name := range names {
		f.Wi = append(f.Wi, p.add(path+"."+name+".weight", truncated(inverseSqrt(c.DModel)), c.DFF, c.DModel))
	}
	f.Wo = p.add(path+".wo.weight", truncated(inverseSqrt(c.DFF)), c.DModel, c.DFF)
	return f
}

// FeedForward returns x + drop(wo(drop(f(wi h)))), or x + drop(wo(drop(f(wi_0 h) * (wi_1 h)))) where it is gated, with
// h = norm(x).
func (n Network[V]) FeedForward(f FeedForward, norm LayerNorm, x V) V {
	return n.Rows(x, func(x V) V {
		h := n.Norm(norm, x)
		if len(f.Wi) == 2 {
			h = n.ActivateGated(h, f.Activation, f.Wi[0], f.Wi[1])
		} else {
			h = n.Activate(h, f.Activation, f.Wi[0])
		}
		return n.AddLinear(x, h, f.Wo)
	})
}

// Attention is SelfAttention or EncDecAttention: multi-head, without bias terms and without the scale 1/sqrt(d_kv).
type Attention struct {
	Q, K, V *op.Param // [heads*d_kv, d_model]
	O       *op.Param // [d_model, heads*d_kv]
	Heads   op.Heads

	// RelativeAttentionBias is the table [buckets, heads] of the position bias, where the layer has one: the first
	// layer of a stack, whose bias the others share, or every layer of UMT5.
	RelativeAttentionBias *op.Param
	Buckets               op.Buckets
}

func newAttention(p *params, path string, c Config) Attention {
	inner := c.NumHeads * c.DKV
	return Attention{
		// N(0, 1/(d_model*d_kv)): the scale that T5 leaves out of the scores.
		Q:     p.add(path+".q.weight", normal(inverseSqrt(c.DModel*c.DKV)), inner, c.DModel),
		K:     p.add(path+".k.weight", normal(inverseSqrt(c.DModel)), inner, c.DModel),
		V:     p.add(path+".v.weight", normal(inverseSqrt(c.DModel)), inner, c.DModel),
		O:     p.add(path+".o.weight", normal(inverseSqrt(inner)), c.DModel, inner),
		Heads: op.Heads{Count: c.NumHeads, Dim: c.DKV},
	}
}

// newSelfAttention returns the self-attention of a layer of the encoder or, causal, of the decoder.
func newSelfAttention(p *params, path string, c Config, causal, table bool) Attention {
	a := newAttention(p, path, c)
	a.Heads.Causal = causal
	a.Buckets = op.Buckets{
		Count:         c.RelativeAttentionNumBuckets,
		MaxDistance:   c.RelativeAttentionMaxDistance,
		Bidirectional: !causal,
	}
	if table {
		// Glorot uniform, T5X's variance_scaling(1, fan_avg, uniform).
		limit := math.Sqrt(6 / float64(a.Buckets.Count+c.NumHeads))
		a.RelativeAttentionBias = p.add(path+".relative_attention_bias.weight", uniform(limit), a.Buckets.Count,
			c.NumHeads)
	}
	return a
}

// selfAttention returns x + drop(o(attention(h, h))) with h = norm(x).
func (n Network[V]) selfAttention(a Attention, norm LayerNorm, x, bias V, tokens *op.Ragged) V {
	qkv := n.Linear(n.Norm(norm, x), a.Q, a.K, a.V)
	return n.AddLinear(x, n.SelfAttention(qkv, bias, a.Heads, tokens), a.O)
}

// crossAttention returns x + drop(o(attention(norm(x), encoded))).
func (n Network[V]) crossAttention(a Attention, norm LayerNorm, x, encoded V, tokens, keys *op.Ragged) V {
	q := n.Linear(n.Norm(norm, x), a.Q)
	kv := n.Linear(encoded, a.K, a.V)
	return n.AddLinear(x, n.CrossAttention(q, kv, a.Heads, tokens, keys), a.O)
}

// Block is one layer of a stack: self-attention, in the decoder cross-attention, and feed-forward, each on the norm of
// its input and added to it.
type Block struct {
	SelfAttention     Attention
	SelfAttentionNorm LayerNorm

	EncDecAttention     *Attention // nil in the encoder
	EncDecAttentionNorm LayerNorm

	FeedForward     FeedForward
	FeedForwardNorm LayerNorm
}

func newBlock(p *params, path string, c Config, decoder, table bool) Block {
	var b Block
	layer := path + ".layer.0"
	b.SelfAttention = newSelfAttention(p, layer+".SelfAttention", c, decoder, table)
	b.SelfAttentionNorm = newLayerNorm(p, layer+".layer_norm", c)
	layer = path + ".layer.1"
	if decoder {
		cross := newAttention(p, layer+".EncDecAttention", c)
		b.EncDecAttention = &cross
		b.EncDecAttentionNorm = newLayerNorm(p, layer+".layer_norm", c)
		layer = path + ".layer.2"
	}
	b.FeedForward = newFeedForward(p, layer+".DenseReluDense", c)
	b.FeedForwardNorm = newLayerNorm(p, layer+".layer_norm", c)
	return b
}

func (n Network[V]) block(b Block, x, bias V, tokens *op.Ragged, encoded V, keys *op.Ragged) V {
	x = n.selfAttention(b.SelfAttention, b.SelfAttentionNorm, x, bias, tokens)
	if b.EncDecAttention != nil {
		x = n.crossAttention(*b.EncDecAttention, b.EncDecAttentionNorm, x, encoded, tokens, keys)
	}
	return n.FeedForward(b.FeedForward, b.FeedForwardNorm, x)
}

// Stack is the encoder or the decoder.
type Stack struct {
	Block          []Block
	FinalLayerNorm LayerNorm
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

// stack returns drop(norm(blocks(x))). The decoder attends to encoded, whose rows belong to keys.
func (n Network[V]) stack(s Stack, x V, tokens *op.Ragged, encoded V, keys *op.Ragged) V {
	var bias V
	for _, b := range s.Block {
		if a := b.SelfAttention; a.RelativeAttentionBias != nil {
			bias = n.RelativeBias(a.RelativeAttentionBias, a.Buckets, tokens)
		}
		x = n.Block([]V{x, bias, encoded}, func(in []V) V { return n.block(b, in[0], in[1], tokens, in[2], keys) })
	}
	return n.FinalNorm(s, x)
}

// FinalNorm returns drop(norm(x)), the output of a stack.
func (n Network[V]) FinalNorm(s Stack, x V) V {
	return n.Rows(x, func(x V) V { return n.Dropout(n.Norm(s.FinalLayerNorm, x)) })
}

// T5 is a T5ForConditionalGeneration: an embedding, two stacks and the lm_head.
type T5 struct {
	Config  Config
	Shared  *op.Param // [vocab_size, d_model]
	Encoder Stack
	Decoder Stack
	LMHead  *op.Param // [vocab_size, d_model]; Shared when tied

	Params []*op.Param // all of them, in the order of the modules

	params params
}

// New returns a model whose parameters are zeros.
func New(c Config) (*T5, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("build model: %w", err)
	}
	return build(c, params{}), nil
}

// build adds the parameters to p.
func build(c Config, p params) *T5 {
	m := buildEncoder(c, p)
	m.Decoder = newStack(&m.params, "decoder", c, c.NumDecoderLayers, true)
	m.LMHead = m.Shared
	if !c.TieWordEmbeddings {
		m.LMHead = m.params.add("lm_head.weight", truncated(inverseSqrt(c.DModel)), c.VocabSize, c.DModel)
	}
	m.Params = m.params.list
	return m
}

// buildEncoder is build for the embedding and the encoder alone.
func buildEncoder(c Config, p params) *T5 {
	m := &T5{Config: c, params: p}
	m.Shared = m.params.add("shared.weight", normal(1), c.VocabSize, c.DModel)
	m.Encoder = newStack(&m.params, "encoder", c, c.NumLayers, false)
	m.Params = m.params.list
	return m
}

// Encode returns the output of the encoder for tokens: [tokens, d_model].
func (n Network[V]) Encode(m *T5, tokens *op.Ragged) V {
	var none V
	return n.stack(m.Encoder, n.Embed(m.Shared, tokens), tokens, none, nil)
}

// Decode returns the output of the decoder for tokens, which lm_head makes logits of: [tokens, d_model]. The sequences
// attend to those of encoded that keys says.
func (n Network[V]) Decode(m *T5, tokens *op.Ragged, encoded V, keys *op.Ragged) V {
	return n.stack(m.Decoder, n.Embed(m.Shared, tokens), tokens, encoded, keys)
}
