package model

import (
	"fmt"
	"strings"

	"t5train/model/op"
)

// Size is a published architecture.
type Size struct {
	Name   string
	Config Config
}

// Sizes returns the published architectures (t5/models/gin and t5x gin files, transformers' configuration_t5.py). The
// 1.0 models use ReLU and tie the embedding to lm_head; the 1.1 models use a gated GELU and do not.
func Sizes() []Size {
	return []Size{
		//                     d_model  d_kv   d_ff layers heads
		{"small", v1_0(512, 64, 2048, 6, 8)},
		{"base", v1_0(768, 64, 3072, 12, 12)},
		{"large", v1_0(1024, 64, 4096, 24, 16)},
		{"3b", v1_0(1024, 128, 16384, 24, 32)},
		{"11b", v1_0(1024, 128, 65536, 24, 128)},
		{"v1_1-tiny", v1_1(32, 64, 64, 2, 2)},
		{"v1_1-small", v1_1(512, 64, 1024, 8, 6)},
		{"v1_1-base", v1_1(768, 64, 2048, 12, 12)},
		{"v1_1-large", v1_1(1024, 64, 2816, 24, 16)},
		{"v1_1-xl", v1_1(2048, 64, 5120, 24, 32)},
		{"v1_1-xxl", v1_1(4096, 64, 10240, 24, 64)},
	}
}

// SizeByName returns one of Sizes.
func SizeByName(name string) (Size, error) {
	var names []string
	for _, s := range Sizes() {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Size{}, fmt.Errorf("model size %q does not exist: want one of %s", name, strings.Join(names, ", "))
}

func v1_0(dModel, dKV, dFF, layers, heads int) Config {
	return Config{
		ModelType: "t5", VocabSize: 32128, DModel: dModel, DKV: dKV, DFF: dFF,
		NumLayers: layers, NumDecoderLayers: layers, NumHeads: heads,
		RelativeAttentionNumBuckets: 32, RelativeAttentionMaxDistance: 128,
		DropoutRate: 0.1, LayerNormEpsilon: 1e-6, FeedForwardProj: "relu",
		TieWordEmbeddings: true, ScaleDecoderOutputs: true, EOSTokenID: 1,
	}
}

func v1_1(dModel, dKV, dFF, layers, heads int) Config {
	c := v1_0(dModel, dKV, dFF, layers, heads)
	c.FeedForwardProj, c.TieWordEmbeddings, c.ScaleDecoderOutputs = "gated-gelu", false, false
	return c
}

// Parameters returns the number of parameters of a valid config, without memory for them.
func (c Config) Parameters() int64 {
	return int64(elements(c.BareParams()))
}

// BareParams returns the parameters of a valid config by name and shape, without memory for their values.
func (c Config) BareParams() []*op.Param { return NewBare(c).Params }

// NewBare returns the model of a valid config without memory for its values.
func NewBare(c Config) *T5 { return build(c, params{bare: true}) }

// elements returns the number of elements of all params, exact below 2^53.
func elements(params []*op.Param) float64 {
	n := 0.0
	for _, p := range params {
		n += float64(p.Size())
	}
	return n
}

// Memory estimates what a model needs, in bytes.
type Memory struct {
	Weights   int64 // float32; also the size of its checkpoint
	Inference int64 // weights and the activations of a batch of inputs

	activations int64 // of training, with the loss
}

// Training returns the bytes that training needs with an optimizer that keeps so many floats a parameter: weights,
// gradients, state and activations.
func (m Memory) Training(state int) int64 {
	return (int64(2+state)*m.Weights + m.activations) * 115 / 100 // garbage that waits for its collection
}

// The batch of the estimate: 8 inputs of 512 tokens and 8 targets of 128.
const (
	memoryInputTokens  = 8 * 512
	memoryTargetTokens = 8 * 128
)

// Memory estimates the needs for a batch of 8 inputs of 512 tokens and 8 targets of 128. For training, the same sums
// for their own batches lie within 6 % of the measured peaks of t5-small (8x128/32 tokens), t5-base (4x256/64) and
// T5 1.1 small (8x512/114).
func (c Config) Memory() Memory {
	const float = 4
	weights := float * c.Parameters()
	largest := max(c.activations(true)*memoryInputTokens, c.activations(false)*memoryTargetTokens)
	return Memory{
		Weights:     weights,
		Inference:   weights + float*largest + float*lossChunk(c),
		activations: float*c.trainingActivations() + float*lossChunk(c),
	}
}

// trainingActivations counts the floats that the backward pass needs of the forward pass, over all layers.
func (c Config) trainingActivations() int64 {
	encoder := int64(c.NumLayers) * c.activations(true) * memoryInputTokens
	decoder := int64(c.NumDecoderLayers) * c.activations(false) * memoryTargetTokens
	// Keys and values of the encoder output, once a decoder layer.
	cross := int64(c.NumDecoderLayers) * 2 * int64(c.NumHeads*c.DKV) * memoryInputTokens
	return encoder + decoder + cross
}

// activations counts the floats that one layer leaves for each token: residual streams and their norms, projections,
// the output of attention, and the feed-forward's inside.
func (c Config) activations(encoder bool) int64 {
	d, inner, ff := int64(c.DModel), int64(c.NumHeads*c.DKV), int64(c.DFF)
	inside := ff
	if _, gated, err := c.Activation(); err == nil && gated {
		inside = 3 * ff
	}
	n := 4*d + 4*inner + inside
	if !encoder {
		n += 2*d + 2*inner
	}
	return n
}

// lossChunk counts the logits that are in memory at once.
func lossChunk(c Config) int64 { return min(512*int64(c.VocabSize), 1<<22) + int64(c.VocabSize) }
