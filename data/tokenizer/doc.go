// Package tokenizer turns text into T5's token ids and back, from a SentencePiece model file.
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
// [Transformers] is the default, because checkpoints are exchanged with that library. A model that its T5 tokenizer
// cannot express (BPE, byte fallback, user-defined symbols, ...) follows [SentencePiece].
//
// # Reading order
//
// model.go parses the file, trie.go and charsmap.go index it; normalize.go (SentencePiece) and words.go
// (transformers) prepare the text; unigram.go and bpe.go cut it into pieces; decode.go goes back; files.go
// writes what a checkpoint folder carries.
package tokenizer
