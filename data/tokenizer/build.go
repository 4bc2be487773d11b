package tokenizer

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"t5train/data/tokenizer/internal/hf"
	"t5train/data/tokenizer/internal/segment"
	"t5train/data/tokenizer/internal/spiece"
	"t5train/data/tokenizer/internal/trie"
	"t5train/data/tokenizer/normalize"
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
	t := &Tokenizer{model: m, pieces: slices.Clone(m.Pieces), rules: o.Rules, extraIDs: o.ExtraIDs}
	t.scratch.New = func() any { return new(scratch) }
	t.addSentinels()
	t.pieces = append(t.pieces, m.latePieces()...)
	t.markAdded()
	for _, step := range []func() error{t.indexPieces, t.indexBytes, t.buildNormalizer} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	t.listAdded()
	if t.rules == Transformers {
		t.buildSpecial()
	}
	if m.Kind == spiece.BPE {
		t.bpe = &segment.BPE{Pieces: t.pieces, IDs: t.ids, Symbols: t.normal.Symbols, Unknown: t.unknown(),
			Wordwise: m.Wordwise()}
		return t, nil
	}
	return t, t.buildUnigram()
}

// addSentinels appends the extra ids. seqio's start with a ▁, so that they take along the space before them.
func (t *Tokenizer) addSentinels() {
	prefix := ""
	if t.rules == SentencePiece {
		prefix = space
	}
	for n := t.extraIDs - 1; n >= 0; n-- {
		t.pieces = append(t.pieces, spiece.Piece{Text: prefix + Sentinel(n), Type: spiece.User})
	}
}

// markAdded gives the pieces of the vocabulary the kinds that they have as added tokens: control tokens and sentinels
// that no file names are text to transformers.
func (t *Tokenizer) markAdded() {
	if t.rules != Transformers || t.model.added == nil {
		return
	}
	listed := make(map[int32]hf.Token, len(t.model.added))
	for _, a := range t.model.added {
		listed[a.ID] = a
	}
	for i := range t.pieces[:t.known()] {
		p := &t.pieces[i]
		a, ok := listed[int32(i)]
		switch {
		case p.Type == spiece.Unknown || p.Text == "</s>" || p.Text == "<pad>":
		case !ok && (p.Type == spiece.Control || p.Type == spiece.User), ok && !a.Special && spiece.IsSentinel(p.Text):
			p.Type = spiece.Normal
		case ok && a.Special && !spiece.IsSentinel(p.Text):
			p.Type = spiece.Control
		case ok:
			p.Type = spiece.User
		}
	}
}

func (t *Tokenizer) indexPieces() error {
	t.ids = make(map[string]int32, len(t.pieces))
	for i, p := range t.pieces {
		if first, ok := t.ids[p.Text]; ok {
			return fmt.Errorf("pieces %d and %d of the vocabulary are both %q: want distinct ones", first, i, p.Text)
		}
		t.ids[p.Text] = int32(i)
	}
	t.eos, t.pad, t.unk = t.controlID("</s>"), t.controlID("<pad>"), t.model.Unk
	return nil
}

// controlID returns the id of a control token, -1 if there is none.
func (t *Tokenizer) controlID(text string) int32 {
	if id, ok := t.ids[text]; ok && t.pieces[id].Type == spiece.Control {
		return id
	}
	return -1
}

func (t *Tokenizer) indexBytes() error {
	fallback := t.model.ByteFallback
	if t.rules == Transformers { // its T5 tokenizer never falls back
		fallback = t.model.pipeline != nil && t.model.pipeline.byteFallback
	}
	if !fallback {
		return nil
	}
	t.bytes = new([256]int32)
	for b := range t.bytes {
		text := spiece.ByteText(b)
		id, ok := t.ids[text]
		if !ok || t.pieces[id].Type != spiece.Byte {
			return fmt.Errorf("the vocabulary falls back to bytes but has no piece %s: it is damaged", text)
		}
		t.bytes[b] = id
	}
	return nil
}

func (t *Tokenizer) unknown() segment.Unknown { return segment.Unknown{ID: t.unk, Bytes: t.bytes} }

func (t *Tokenizer) buildNormalizer() error {
	m := t.model
	rules, err := normalize.NewCharsmap(m.Charsmap)
	if err != nil {
		return err
	}
	t.normal = &normalize.Normalizer{Rules: rules, DummyPrefix: m.DummyPrefix, SpaceSuffix: m.SpaceSuffix,
		Squeeze: m.Squeeze, Space: " "}
	if m.Escape {
		t.normal.Space = space
	}
	if symbols := t.entries(func(p spiece.Piece) bool { return p.Type == spiece.User }); len(symbols) > 0 {
		t.normal.Symbols = trie.New(symbols)
	}
	return nil
}

// listAdded lists the tokens that transformers takes for added ones.
func (t *Tokenizer) listAdded() {
	t.added = slices.Clone(t.model.added)
	if t.model.added == nil {
		for _, e := range t.entries(func(p spiece.Piece) bool {
			return p.Type == spiece.Control || p.Type == spiece.Unknown || p.Type == spiece.User
		}) {
			t.added = append(t.added, hf.Token{ID: e.ID})
		}
	}
	for i, l := range t.model.late {
		l.ID = int32(t.known() + i)
		t.added = append(t.added, l)
	}
}

// buildSpecial indexes what transformers recognises in text.
func (t *Tokenizer) buildSpecial() {
	t.pipeline = t.model.pipeline
	byText := func(id int32) string { return t.pieces[id].Text }
	raw := slices.DeleteFunc(slices.Clone(t.added), func(a hf.Token) bool { return a.Normalized })
	t.special = newCutter(raw, byText)
	if len(raw) == len(t.added) {
		return
	}
	normalized := slices.DeleteFunc(slices.Clone(t.added), func(a hf.Token) bool { return !a.Normalized })
	p := t5Pipeline()
	if t.pipeline != nil {
		p = *t.pipeline
	}
	t.shown = make(map[int32]string, len(normalized))
	for _, a := range normalized {
		t.shown[a.ID] = string(t.normal.Rules.AppendPrecompiled(nil, byText(a.ID)))
	}
	p.normalized = newCutter(normalized, func(id int32) string { return t.shown[id] })
	t.pipeline = &p
}

func (t *Tokenizer) buildUnigram() error {
	worst, hasNormal := math.Inf(1), false
	for _, p := range t.pieces[:t.known()] {
		if p.Type == spiece.Normal || t.rules == Transformers {
			worst = min(worst, p.Score)
		}
		hasNormal = hasNormal || p.Type == spiece.Normal
	}
	if !hasNormal {
		return errors.New("the vocabulary has only special pieces: it is damaged")
	}
	scores := make([]float64, len(t.pieces))
	for i, p := range t.pieces {
		scores[i] = p.Score
		if t.rules == SentencePiece && p.Type == spiece.User {
			// Above every log probability, so that the symbol wins: as SentencePiece 0.2.3 scores it, 0.1 a byte.
			scores[i] = float64(float32(0.1*float64(len(p.Text)) - 0.1))
		}
	}
	// transformers puts special tokens into the vocabulary like any other piece, so text that becomes one by
	// normalisation (a full-width <pad>, say) is one.
	entries := t.entries(func(p spiece.Piece) bool {
		return t.rules == Transformers || p.Type == spiece.Normal || p.Type == spiece.User
	})
	t.unigram = segment.NewUnigram(entries, scores, worst, t.unknown(), t.rules == SentencePiece)
	return nil
}

// known returns the number of pieces that text can give without being an added token.
func (t *Tokenizer) known() int { return len(t.pieces) - len(t.model.late) }

// entries lists the known pieces that keep wants.
func (t *Tokenizer) entries(keep func(spiece.Piece) bool) []trie.Entry {
	var list []trie.Entry
	for i, p := range t.pieces[:t.known()] {
		if keep(p) {
			list = append(list, trie.Entry{Key: p.Text, ID: int32(i)})
		}
	}
	return list
}
