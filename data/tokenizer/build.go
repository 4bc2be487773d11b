package tokenizer

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"t5train/data/tokenizer/internal/trie"
)

// newTokenizer makes a tokenizer by the rules of the options, whether or not they do justice to the model.
func newTokenizer(m *model, o Options) (*Tokenizer, error) {
	if o.ExtraIDs < 0 || o.ExtraIDs > MaxExtraIDs {
		return nil, fmt.Errorf("extra ids: got %d, want 0 to %d", o.ExtraIDs, MaxExtraIDs)
	}
	if o.ExtraIDs > 0 && m.holdsSentinels() {
		return nil, fmt.Errorf("extra ids: got %d, but the vocabulary holds %s already: want 0", o.ExtraIDs,
			Sentinel(0))
	}
	t := &Tokenizer{
		model: m, pieces: slices.Clone(m.pieces), kind: m.kind, rules: o.Rules, extraIDs: o.ExtraIDs, unk: m.unk, unkSurface: m.unkSurface,
	}
	t.scratch.New = func() any { return new(scratch) }
	t.addSentinels()
	for _, l := range m.late {
		t.pieces = append(t.pieces, l.piece)
	}
	t.markAdded()
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
		t.wordwise = m.isWordwise()
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
		t.pieces = append(t.pieces, piece{text: prefix + Sentinel(n), kind: UserPiece})
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
	if id, ok := t.ids[text]; ok && t.pieces[id].kind == ControlPiece {
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
		text := ByteText(b)
		id, ok := t.ids[text]
		if !ok || t.pieces[id].kind != BytePiece {
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
	if symbols := t.entries(func(p piece) bool { return p.kind == UserPiece }); len(symbols) > 0 {
		t.normal.symbols = trie.New(symbols)
	}
	return nil
}

// listAdded lists the tokens that transformers takes for added ones.
func (t *Tokenizer) listAdded() {
	t.added = slices.Clone(t.model.added)
	if t.model.added == nil {
		for _, e := range t.entries(func(p piece) bool {
			return p.kind == ControlPiece || p.kind == UnknownPiece ||
				p.kind == UserPiece
		}) {
			t.added = append(t.added, addedToken{id: e.ID})
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
	t.shown = make(map[int32]string, len(normalized))
	for _, a := range normalized {
		t.shown[a.id] = string(t.normal.rules.appendPrecompiled(nil, byText(a.id)))
	}
	p.normalized = newCutter(normalized, func(id int32) string { return t.shown[id] })
	t.pipeline = &p
}

// buildUnigram fills what appendUnigram reads.
func (t *Tokenizer) buildUnigram() error {
	worst, hasNormal := math.Inf(1), false
	for _, p := range t.pieces[:t.known()] {
		if p.kind == NormalPiece || t.rules == Transformers {
			worst = min(worst, p.score)
		}
		hasNormal = hasNormal || p.kind == NormalPiece
	}
	if !hasNormal {
		return errors.New("the vocabulary has only special pieces: it is damaged")
	}
	t.unkScore = t.round(worst - unkPenalty)
	t.scores = make([]float64, len(t.pieces))
	for i, p := range t.pieces {
		t.scores[i] = p.score
		if t.rules == SentencePiece && p.kind == UserPiece {
			// Above every log probability, so that the symbol wins: as SentencePiece 0.2.3 scores it, 0.1 a byte.
			t.scores[i] = t.round(0.1*float64(len(p.text)) - 0.1)
		}
	}
	// transformers puts special tokens into the vocabulary like any other piece, so text that becomes one by
	// normalisation (a full-width <pad>, say) is one.
	t.trie = trie.New(t.entries(func(p piece) bool {
		return t.rules == Transformers || p.kind == NormalPiece || p.kind == UserPiece
	}))
	return nil
}

// known returns the number of pieces that text can give without being an added token.
func (t *Tokenizer) known() int { return len(t.pieces) - len(t.model.late) }

// entries lists the known pieces that keep wants.
func (t *Tokenizer) entries(keep func(piece) bool) []trie.Entry {
	var list []trie.Entry
	for i, p := range t.pieces[:t.known()] {
		if keep(p) {
			list = append(list, trie.Entry{Key: p.text, ID: int32(i)})
		}
	}
	return list
}
