package model

// Memory estimates what a model needs, in bytes.
type Memory struct {
	Weights    int64 // float32; also the size of its checkpoint
	Inference  int64 // weights and the activations of a batch of inputs
	Adafactor  int64 // training with factored second moments: weights, gradients, activations
	AdamW      int64 // training with two moments a parameter
	InputBatch int64 // input tokens that the activations are counted for
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
	activations := float*c.trainingActivations() + float*lossChunk(c)
	training := func(copies int64) int64 {
		return (copies*weights + activations) * 115 / 100 // garbage that waits for its collection
	}
	return Memory{
		Weights:    weights,
		Inference:  weights + float*largest + float*lossChunk(c),
		Adafactor:  training(2),
		AdamW:      training(4),
		InputBatch: memoryInputTokens,
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
