// Package tokenizer turns text into T5's token ids and back, from a SentencePiece model file, a tokenizer.json or, for
// ByT5, no file at all.
//
//	tok, err := tokenizer.T5() // or tokenizer.Load("checkpoint/")
//	ids := tok.Encode("translate English to German: That is good.")
//	text := tok.Decode(ids, true)
//
// Ids come without the end-of-sequence token: the caller trims to its maximum length first and then appends
// [Tokenizer.EOS], so that every sequence ends in it.
//
// # Two sets of rules
//
// The same model file gives slightly different ids under transformers and under SentencePiece:
//
//	"a<extra_id_0>b"          Transformers  ▁ a <extra_id_0> ▁ b    text behind a special token starts a word
//	"<extra_id_0>. Hello"     Transformers  <extra_id_0> ▁ . ▁Hello
//	                          SentencePiece <extra_id_0> . ▁Hello   as seqio trained the original T5
//	"a</s>"                   Transformers  ▁ a </s>                special tokens in text are recognised
//	                          SentencePiece ▁ a ⁇ / s >             control tokens never come from text
//
// [Transformers] is the default, because checkpoints are exchanged with that library. A model file on its own that its
// T5 tokenizer does not do justice to (BPE, byte fallback, user-defined symbols, ...) follows [SentencePiece]; in the
// folder of a T5 or mT5 model it follows transformers all the same. [Tokenizer.WithRules] changes the rules.
//
// # Reading order
//
// model.go parses the model file and fastread.go a tokenizer.json; load.go and settings.go choose between them as
// transformers does. build.go and charsmap.go index the vocabulary. normalize.go (SentencePiece), added.go,
// precompiled.go and words.go (transformers; pipeline.go where a tokenizer.json deviates) prepare the text; unigram.go
// and bpe.go cut it into pieces; decode.go goes back. byt5.go does all of it for bytes. files.go and fast.go write what
// a checkpoint folder carries. origin.go says what the pieces of one vocabulary are in another.
package tokenizer
