package tokenizer

import (
	"fmt"
	"strings"
	"sync"

	"t5train/data/tokenizer/internal/hf"
	"t5train/data/tokenizer/internal/segment"
	"t5train/data/tokenizer/internal/spiece"
	"t5train/data/tokenizer/normalize"
)

// Tokenizer encodes and decodes with one vocabulary. It never changes and is safe for concurrent use.
type Tokenizer struct {
	raw     []byte // spiece.model; nil: there is none
	rawFast []byte // tokenizer.json, where the tokenizer came from it

	model    *model
	pieces   []spiece.Piece // of the model, the extra ids, the late ones
	ids      map[string]int32
	rules    Rules
	extraIDs int

	eos, pad, unk int32

	normal   *normalize.Normalizer
	pipeline *pipeline // nil: what words.go does
	added    []hf.Token
	shown    map[int32]string // the normal forms of added tokens that are looked for by them: as such they are decoded
	special  *cutter          // the added tokens in raw text; nil: none is recognised

	unigram *segment.Unigram // or
	bpe     *segment.BPE     // neither: ByT5
	bytes   *[256]int32      // byte fallback: the piece of every byte; nil: none

	scratch sync.Pool // of *scratch
}

// scratch is the memory of one Encode call.
type scratch struct {
	normal  []byte // the text without its words' ends, see words.go
	text    []byte
	segment segment.Scratch
}

// Rules is the implementation whose ids a Tokenizer reproduces; the package comment shows where they differ.
type Rules uint8

const (
	// Transformers reproduces transformers 5's T5 tokenizer.
	Transformers Rules = iota
	// SentencePiece reproduces SentencePiece, and seqio where there are extra ids.
	SentencePiece
)

func (r Rules) String() string {
	if r == SentencePiece {
		return "sentencepiece"
	}
	return "transformers"
}

// DefaultExtraIDs is the number of sentinels that T5 appends to its vocabulary (Raffel et al. 2020, section 3.1.4).
const DefaultExtraIDs = 100

// MaxExtraIDs is the most sentinels that a tokenizer has. It bounds what a damaged configuration can make New allocate.
const MaxExtraIDs = 1 << 16

// Options says how to use a model file. The zero value takes it as it is, by transformers' rules.
type Options struct {
	// ExtraIDs is the number of sentinels <extra_id_0>, <extra_id_1>, ... to append to the vocabulary, counted down:
	// <extra_id_0> has the highest id. T5 has 100. Must be 0 if the vocabulary holds sentinels already (mT5, UMT5).
	ExtraIDs int
	// Rules is what to reproduce. A model that transformers' T5 tokenizer cannot express follows SentencePiece in any
	// case.
	Rules Rules
}

// New makes a tokenizer of a SentencePiece model file's bytes, which must not change afterwards. It refuses
// a file that is damaged or whose kind is neither unigram nor BPE.
func New(raw []byte, o Options) (*Tokenizer, error) {
	file, err := spiece.Parse(raw)
	if err != nil {
		return nil, err
	}
	m := &model{Model: file}
	if !m.fitsTransformers() {
		o.Rules = SentencePiece
	}
	t, err := newTokenizer(m, o)
	if err != nil {
		return nil, err
	}
	t.raw = raw
	return t, nil
}

// Encode returns the ids of text, without the end-of-sequence token. Bytes that are no UTF-8 count as U+FFFD, except
// for ByT5, which takes them as they are.
func (t *Tokenizer) Encode(text string) []int32 { return t.AppendEncode(nil, text) }

// AppendEncode appends the ids of text to dst.
func (t *Tokenizer) AppendEncode(dst []int32, text string) []int32 {
	if t.isByT5() {
		return t.appendBytes(dst, text)
	}
	s := t.scratch.Get().(*scratch)
	defer t.scratch.Put(s)
	if t.rules == Transformers {
		return t.appendTransformers(dst, s, text)
	}
	s.text = t.normal.Append(s.text[:0], text)
	return t.appendPieces(dst, s, s.text)
}

func (t *Tokenizer) isByT5() bool { return t.unigram == nil && t.bpe == nil }

// appendPieces appends the pieces of normalised text.
func (t *Tokenizer) appendPieces(dst []int32, s *scratch, text []byte) []int32 {
	if t.bpe != nil {
		return t.bpe.Append(dst, &s.segment, text)
	}
	return t.unigram.Append(dst, &s.segment, text)
}

// EOS returns the id of </s>, which ends every sequence; -1 if the vocabulary has none.
func (t *Tokenizer) EOS() int32 { return t.eos }

// Pad returns the id of <pad>, with which T5's decoder starts; -1 if the vocabulary has none.
func (t *Tokenizer) Pad() int32 { return t.pad }

// Structural reports whether an id marks the parts of a sequence and is no text: </s>, <pad> and other control tokens,
// and the sentinels.
func (t *Tokenizer) Structural(id int32) bool { return id != t.unk && t.isSpecial(t.pieces[id]) }

// IsByte reports whether an id is a byte, of ByT5 or of a vocabulary that falls back to bytes.
func (t *Tokenizer) IsByte(id int32) bool { return t.pieces[id].Type == spiece.Byte }

// Unk returns the id of the unknown token.
func (t *Tokenizer) Unk() int32 { return t.unk }

// VocabSize returns the number of ids: pieces and extra ids.
func (t *Tokenizer) VocabSize() int { return len(t.pieces) }

// ExtraIDs returns the number of sentinels appended to the model's vocabulary.
func (t *Tokenizer) ExtraIDs() int { return t.extraIDs }

// Kind returns "unigram", "bpe", or "bytes" for ByT5.
func (t *Tokenizer) Kind() string { return t.model.Kind.String() }

// Rules returns the rules that hold.
func (t *Tokenizer) Rules() Rules { return t.rules }

// WithRules returns a tokenizer of the same vocabulary that follows other rules.
func (t *Tokenizer) WithRules(r Rules) (*Tokenizer, error) {
	if t.isByT5() {
		return newByT5(t.extraIDs, t.model.late, r)
	}
	if r == Transformers && !t.model.opensInTransformers() {
		return nil, fmt.Errorf("transformers' T5 tokenizer cannot open a vocabulary of kind %s with unk %d, eos %d "+
			"and pad %d: want unigram, 2, and tokens </s> and <pad>",
			t.Kind(), t.unk, t.eos, t.pad)
	}
	w, err := newTokenizer(t.model, Options{ExtraIDs: t.extraIDs, Rules: r})
	if err != nil {
		return nil, err
	}
	w.raw, w.rawFast = t.raw, t.rawFast
	return w, nil
}

// Piece returns the text of an id, with ▁ for a space. An id out of range is the unknown token.
func (t *Tokenizer) Piece(id int32) string { return t.piece(id).Text }

// SameVocabulary reports whether o has the same pieces under the same ids.
func (t *Tokenizer) SameVocabulary(o *Tokenizer) bool {
	same := t.VocabSize() == o.VocabSize()
	for id := int32(0); same && int(id) < t.VocabSize(); id++ {
		same = t.Piece(id) == o.Piece(id)
	}
	return same
}

func (t *Tokenizer) piece(id int32) spiece.Piece {
	if id < 0 || int(id) >= len(t.pieces) {
		id = t.unk
	}
	return t.pieces[id]
}

// ID returns the id of a piece.
func (t *Tokenizer) ID(piece string) (id int32, ok bool) {
	id, ok = t.ids[piece]
	return id, ok
}

// Sentinel returns the id of <extra_id_n>.
func (t *Tokenizer) Sentinel(n int) (id int32, ok bool) {
	if id, ok = t.ids[Sentinel(n)]; !ok {
		id, ok = t.ids[space+Sentinel(n)]
	}
	return id, ok
}

// isSpecial reports whether a piece marks something in a sequence instead of being text. To transformers a sentinel of
// the model file itself, which begins with ▁, is a user-defined symbol like others.
func (t *Tokenizer) isSpecial(p spiece.Piece) bool {
	text := p.Text
	if t.rules == SentencePiece {
		text = strings.TrimPrefix(text, space)
	}
	return p.Type == spiece.Control || p.Type == spiece.Unknown || p.Type == spiece.User && spiece.IsSentinel(text)
}
