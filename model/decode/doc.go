// Package decode generates text and scores given texts with a T5 model.
//
// The encoder runs as a graph over the whole ragged batch; the decoder then goes token by token with a cache of
// keys and values, calling the kernels that the graph's operations call.
//
//	generator, err := decode.New(t5, workers)
//	outputs, err := generator.Generate(ctx, inputs, decode.Options{MaxTokens: 64}) // inputs end in EOS
//	scores, err := generator.Score(inputs, candidates)  // log p(candidate | input)
package decode
