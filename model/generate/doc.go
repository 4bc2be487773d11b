// Package generate generates text and scores given texts with a T5 model.
//
// The encoder runs over the whole ragged batch; the decoder then goes token by token with a cache of keys and values.
// Network of package model, on the backend op.Eager, computes all but that step of one token.
//
//	generator := generate.New(t5, workers)
//	outputs, err := generator.Generate(ctx, inputs, generate.Options{MaxTokens: 64}) // inputs end in EOS
//	scores, err := generator.TargetLogProbs(ctx, inputs, candidates)  // log p(candidate | input)
//
// Options say how tokens are chosen: greedily, by beam search or by sampling, under constraints or without. With the
// same options the outputs are those of transformers 5, but for the random numbers of sampling:
//
//	summary := generate.Options{
//		MaxTokens: 200, Beams: 4, LengthPenalty: new(2.0), NoRepeatNgram: 3, EarlyStopping: generate.Early,
//	}
//	poem := generate.Options{MaxTokens: 200, Sampling: &generate.Sampling{Temperature: 0.9, TopP: 0.95, Seed: 1}}
//	answer := generate.Options{MaxTokens: labels.Longest(), Allowed: labels} // labels is a Trie
//	totals, err := generate.NewLoss(t5, workers).Run(batch)  // without a graph, for weights of any type
package generate
