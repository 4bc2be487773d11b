// Package vocabulary trains SentencePiece vocabularies of T5's kind, as spm_train does.
//
//	o := vocabulary.Defaults()
//	o.VocabSize = 8000
//	result, err := vocabulary.Train(ctx, texts, o)
//	...
//	tok, err := tokenizer.New(result.Model, tokenizer.Options{ExtraIDs: tokenizer.DefaultExtraIDs})
//
// The same text, options and seed give the same bytes on any number of threads. Unigram scores may differ in their last
// bits between architectures, as some multiply and add in one step, and with them a piece that is as good as another.
// BPE gives the pieces and scores of spm_train; unigram gives more than 99 of 100 of its pieces, because spm_train adds
// up in 32 bits.
//
// # Reading order
//
// options.go says what can be asked for, train.go runs. corpus.go reads and normalises lines and count.go counts their
// words: what follows works on the different words. alphabet.go chooses the characters and knows which pieces are
// allowed. Unigram: seeds.go finds the strings to start from, lattice.go sums over all ways to cut a word, unigram.go
// estimates and prunes. BPE: bpe.go merges. model.go writes the file.
package vocabulary
