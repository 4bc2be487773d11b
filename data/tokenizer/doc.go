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
// Package internal/spiece reads a model file, package internal/hf and fastread.go a tokenizer.json; load.go chooses
// between them as transformers does. build.go indexes the vocabulary. Package normalize prepares the text, with
// added.go and words.go (transformers; pipeline.go where a tokenizer.json deviates); package internal/segment cuts it
// into pieces; decode.go goes back. byt5.go does all of it for bytes. files.go and fast.go write what a checkpoint
// folder holds. origin.go finds the pieces of one vocabulary in another.
package tokenizer
