// Package decode generates text and scores given texts with a T5 model.
//
// The encoder runs over the whole ragged batch; the decoder then goes token by token with a cache of keys and values.
// Both call the kernels that the operations of the training graph call, and tests hold them to it.
//
//	generator, err := decode.New(t5, workers)
//	outputs, err := generator.Generate(ctx, inputs, decode.Options{MaxTokens: 64}) // inputs end in EOS
//	scores, err := generator.Score(inputs, candidates)  // log p(candidate | input)
//	totals, err := decode.NewLoss(t5, workers).Run(batch)  // without a graph, for weights of any type
package decode
