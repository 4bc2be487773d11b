// Package objective makes training examples of plain text: span corruption as T5 was pre-trained with, i.i.d.
// denoising, prefix and plain language modelling, and UL2's mixture of denoisers.
//
//	spans, err := objective.NewSpanCorruption(objective.SpanOptions{Input: 512, Density: 0.15, Mean: 3},
//		objective.Vocabulary{EOS: 1, FirstSentinel: 32099, Sentinels: 100})
//	spans.Lengths() // chunks of 568 tokens make inputs of 512 and targets of 114
//	inputs, targets := spans.Append(objective.Key{Seed: 1, Epoch: 0, Index: 7}, chunk, nil, nil)
//
// An objective is a pure function of a key and a chunk of text, and allocates nothing. Its rules are those of
// google-research/text-to-text-transfer-transformer, t5/data/preprocessors.py, named in each comment. Numbers are
// rounded half to even on float64, as Python rounds.
package objective
