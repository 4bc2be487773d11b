package tokenizer

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
)

// Tokenizer encodes and decodes with one vocabulary. It never changes and is safe for concurrent use.
type Tokenizer struct {
	raw     []byte // spiece.model; nil: there is none
	rawFast []byte // tokenizer.json, where the tokenizer came from it

	model    *model
	pieces   []piece // of the model, the extra ids, the late ones
	ids      map[string]int32
	kind     modelKind
	rules    Rules
	extraIDs int

	eos, pad, unk int32
	unkSurface    string

	normal   *normalizer
	pipeline *pipeline // nil: what words.go does
	added    []addedToken
	special  *cutter // the added tokens in raw text; nil: none is recognised

	trie     *trie     // unigram: every piece that text can give
	scores   []float64 // unigram: what the search adds for a piece
	unkScore float64
	wordwise bool        // BPE: see appendBPE
	bytes    *[256]int32 // byte fallback: the piece of every byte; nil: none

	scratch sync.Pool // of *scratch
}

// scratch is the memory of one Encode call.
type scratch struct {
	normal  []byte // the text without its words' ends, see words.go
	text    []byte
	nodes   []node
	ends    []int
	symbols []symbol
	queue   mergeQueue
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

// maxExtraIDs bounds what a damaged configuration can make New allocate.
const maxExtraIDs = 1 << 16

// Options says how to use a model file. The zero value takes it as it is, by transformers' rules.
type Options struct {
	// ExtraIDs is the number of sentinels <extra_id_0>, <extra_id_1>, ... to append to the vocabulary, counted
	// down: <extra_id_0> has the highest id. T5 has 100. Must be 0 if the vocabulary holds sentinels already (mT5, UMT5).
	ExtraIDs int
	// Rules is what to reproduce. A model that transformers' T5 tokenizer cannot express follows SentencePiece in any case.
	Rules Rules
}

// New makes a tokenizer of a SentencePiece model file's bytes, which must not change afterwards. It refuses
// a file that is damaged or whose kind is neither unigram nor BPE.
func New(raw []byte, o Options) (*Tokenizer, error) {
	m, err := parseModel(raw)
	if err != nil {
		return nil, err
	}
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

// newTokenizer makes a tokenizer by the rules of the options, whether or not they do justice to the model.
func newTokenizer(m *model, o Options) (*Tokenizer, error) {
	if o.ExtraIDs < 0 || o.ExtraIDs > maxExtraIDs {
		return nil, fmt.Errorf("extra ids: got %d, want 0 to %d", o.ExtraIDs, maxExtraIDs)
	}
	if o.ExtraIDs > 0 && m.holdsSentinels() {
		return nil, fmt.Errorf("extra ids: got %d, but the vocabulary holds %s already: want 0", o.ExtraIDs, sentinel(0))
	}
	t := &Tokenizer{
		model: m, pieces: slices.Clone(m.pieces), kind: m.kind, rules: o.Rules, extraIDs: o.ExtraIDs, unk: m.unk, unkSurface: m.unkSurface,
	}
	t.scratch.New = func() any { return new(scratch) }
	t.addSentinels()
	for _, l := range m.late {
		t.pieces = append(t.pieces, l.piece)
	}
	if err := t.indexPieces(); err != nil {
		return nil, err
	}
	if err := t.indexBytes(m); err != nil {
		return nil, err
	}
	if err := t.buildNormalizer(m); err != nil {
		return nil, err
	}
	t.listAdded()
	if t.rules == Transformers {
		t.buildSpecial()
	}
	switch t.kind {
	case unigram:
		if err := t.buildUnigram(); err != nil {
			return nil, err
		}
	case bpe:
		t.wordwise = t.isWordwise()
	}
	return t, nil
}

// addSentinels appends the extra ids. seqio's start with a ▁, so that they swallow the blank before them.
func (t *Tokenizer) addSentinels() {
	prefix := ""
	if t.rules == SentencePiece {
		prefix = space
	}
	for n := t.extraIDs - 1; n >= 0; n-- {
		t.pieces = append(t.pieces, piece{text: prefix + sentinel(n), kind: userDefined})
	}
}

func (t *Tokenizer) indexPieces() error {
	t.ids = make(map[string]int32, len(t.pieces))
	for i, p := range t.pieces {
		if first, ok := t.ids[p.text]; ok {
			return fmt.Errorf("pieces %d and %d of the vocabulary are both %q: want distinct ones", first, i, p.text)
		}
		t.ids[p.text] = int32(i)
	}
	t.eos, t.pad = t.controlID("</s>"), t.controlID("<pad>")
	return nil
}

// controlID returns the id of a control token, -1 if there is none.
func (t *Tokenizer) controlID(text string) int32 {
	if id, ok := t.ids[text]; ok && t.pieces[id].kind == control {
		return id
	}
	return -1
}

func (t *Tokenizer) indexBytes(m *model) error {
	fallback := m.byteFallback
	if t.rules == Transformers {
		fallback = m.pipeline != nil && m.pipeline.byteFallback // transformers' T5 tokenizer never falls back
	}
	if !fallback {
		return nil
	}
	t.bytes = new([256]int32)
	for b := range t.bytes {
		text := byteText(b)
		id, ok := t.ids[text]
		if !ok || t.pieces[id].kind != byteValue {
			return fmt.Errorf("the vocabulary falls back to bytes but has no piece %s: it is damaged", text)
		}
		t.bytes[b] = id
	}
	return nil
}

func (t *Tokenizer) buildNormalizer(m *model) error {
	rules, err := newCharsmap(m.charsmap)
	if err != nil {
		return err
	}
	t.normal = &normalizer{
		rules: rules, dummyPrefix: m.dummyPrefix, spaceSuffix: m.spaceSuffix, squeeze: m.squeeze, blank: " ",
	}
	if m.escape {
		t.normal.blank = space
	}
	if symbols := t.entries(func(p piece) bool { return p.kind == userDefined }); len(symbols) > 0 {
		t.normal.symbols = newTrie(symbols)
	}
	return nil
}

// listAdded lists the tokens that transformers takes for added ones.
func (t *Tokenizer) listAdded() {
	t.added = slices.Clone(t.model.added)
	if t.model.added == nil {
		for _, e := range t.entries(func(p piece) bool { return p.kind == control || p.kind == unknown || p.kind == userDefined }) {
			t.added = append(t.added, addedToken{id: e.id})
		}
	}
	for i, l := range t.model.late {
		l.id = int32(t.known() + i)
		t.added = append(t.added, l.addedToken)
	}
}

// buildSpecial indexes what transformers recognises in text.
func (t *Tokenizer) buildSpecial() {
	t.pipeline = t.model.pipeline
	byText := func(id int32) string { return t.pieces[id].text }
	raw := slices.DeleteFunc(slices.Clone(t.added), func(a addedToken) bool { return a.normalized })
	t.special = newCutter(raw, byText)
	if len(raw) == len(t.added) {
		return
	}
	normalized := slices.DeleteFunc(slices.Clone(t.added), func(a addedToken) bool { return !a.normalized })
	p := t5Pipeline()
	if t.pipeline != nil {
		p = *t.pipeline
	}
	p.normalized = newCutter(normalized, func(id int32) string {
		return string(t.normal.rules.appendPrecompiled(nil, byText(id)))
	})
	t.pipeline = &p
}

// buildUnigram fills what appendUnigram reads.
func (t *Tokenizer) buildUnigram() error {
	worst, hasNormal := math.Inf(1), false
	for _, p := range t.pieces[:t.known()] {
		if p.kind == normal || t.rules == Transformers {
			worst = min(worst, p.score)
		}
		hasNormal = hasNormal || p.kind == normal
	}
	if !hasNormal {
		return errors.New("the vocabulary has only special pieces: it is damaged")
	}
	t.unkScore = t.round(worst - unkPenalty)
	t.scores = make([]float64, len(t.pieces))
	for i, p := range t.pieces {
		t.scores[i] = p.score
		if t.rules == SentencePiece && p.kind == userDefined {
			// Above every log probability, so that the symbol wins: as SentencePiece 0.2.3 scores it, 0.1 a byte.
			t.scores[i] = t.round(0.1*float64(len(p.text)) - 0.1)
		}
	}
	// transformers puts special tokens into the vocabulary like any other piece, so text that becomes one by
	// normalisation (a full-width <pad>, say) is one.
	t.trie = newTrie(t.entries(func(p piece) bool {
		return t.rules == Transformers || p.kind == normal || p.kind == userDefined
	}))
	return nil
}

// known returns the number of pieces that text can give without being an added token.
func (t *Tokenizer) known() int { return len(t.pieces) - len(t.model.late) }

// entries lists the known pieces that keep wants.
func (t *Tokenizer) entries(keep func(piece) bool) []entry {
	var list []entry
	for i, p := range t.pieces[:t.known()] {
		if keep(p) {
			list = append(list, entry{p.text, int32(i)})
		}
	}
	return list
}

// Encode returns the ids of text, without the end-of-sequence token. Bytes that are no UTF-8 count as U+FFFD, except for
// ByT5, which takes them as they are.
func (t *Tokenizer) Encode(text string) []int32 { return t.AppendEncode(nil, text) }

// AppendEncode appends the ids of text to dst.
func (t *Tokenizer) AppendEncode(dst []int32, text string) []int32 {
	if t.kind == bytewise {
		return t.appendBytes(dst, text)
	}
	s := t.scratch.Get().(*scratch)
	defer t.scratch.Put(s)
	if t.rules == Transformers {
		return t.appendTransformers(dst, s, text)
	}
	s.text = t.normal.append(s.text[:0], text)
	if t.kind == bpe {
		return t.appendBPE(dst, s, s.text)
	}
	return t.appendUnigram(dst, s, s.text)
}

// EOS returns the id of </s>, which ends every sequence; -1 if the vocabulary has none.
func (t *Tokenizer) EOS() int32 { return t.eos }

// Pad returns the id of <pad>, with which T5's decoder starts; -1 if the vocabulary has none.
func (t *Tokenizer) Pad() int32 { return t.pad }

// Unk returns the id of the unknown token.
func (t *Tokenizer) Unk() int32 { return t.unk }

// VocabSize returns the number of ids: pieces and extra ids.
func (t *Tokenizer) VocabSize() int { return len(t.pieces) }

// ExtraIDs returns the number of sentinels appended to the model's vocabulary.
func (t *Tokenizer) ExtraIDs() int { return t.extraIDs }

// Kind returns "unigram", "bpe", or "bytes" for ByT5.
func (t *Tokenizer) Kind() string { return t.kind.String() }

// Rules returns the rules that hold.
func (t *Tokenizer) Rules() Rules { return t.rules }

// WithRules returns a tokenizer of the same vocabulary that follows other rules.
func (t *Tokenizer) WithRules(r Rules) (*Tokenizer, error) {
	if t.kind == bytewise {
		return newByT5(t.extraIDs, t.model.late, r)
	}
	if r == Transformers && !t.model.opensInTransformers() {
		return nil, fmt.Errorf("transformers' T5 tokenizer cannot open a vocabulary of kind %s with unk %d, eos %d and pad %d: want unigram, 2, and tokens </s> and <pad>",
			t.Kind(), t.unk, t.eos, t.pad)
	}
	w, err := newTokenizer(t.model, Options{ExtraIDs: t.extraIDs, Rules: r})
	if err != nil {
		return nil, err
	}
	w.raw, w.rawFast = t.raw, t.rawFast
	return w, nil
}

// Piece returns the text of an id, with ▁ for a blank. An id out of range is the unknown token.
func (t *Tokenizer) Piece(id int32) string { return t.piece(id).text }

func (t *Tokenizer) piece(id int32) piece {
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
	if id, ok = t.ids[sentinel(n)]; !ok {
		id, ok = t.ids[space+sentinel(n)]
	}
	return id, ok
}

// isSpecial reports whether a piece marks something in a sequence instead of being text. To transformers a sentinel of
// the model file itself, which begins with ▁, is a user-defined symbol like others.
func (t *Tokenizer) isSpecial(p piece) bool {
	text := p.text
	if t.rules == SentencePiece {
		text = strings.TrimPrefix(text, space)
	}
	return p.kind == control || p.kind == unknown || p.kind == userDefined && isSentinel(text)
}

func isSentinel(text string) bool { return strings.HasPrefix(text, "<extra_id_") }
