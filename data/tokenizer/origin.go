package tokenizer

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"t5train/data/tokenizer/internal/hf"
	"t5train/data/tokenizer/internal/spiece"
)

// Origin is what a token of one vocabulary is in another one.
type Origin struct {
	Kind OriginKind
	IDs  []int32 // in the other vocabulary; several of a Cut piece only, none of an Untranslatable one
}

// OriginKind says how an Origin was found.
type OriginKind uint8

const (
	// Untranslatable: the other vocabulary has nothing for the token, because it lacks all of its characters, or
	// because the token is no text and is not there.
	Untranslatable OriginKind = iota
	// Role: padding, end, unknown or a sentinel, whatever their names and ids.
	Role
	// Shared: a piece of the same text.
	Shared
	// Cut: the other vocabulary writes the text of the piece with pieces of its own.
	Cut
)

// Origins returns for each token of t what it is in the vocabulary of old. So a model of one vocabulary can begin
// another one with what it knows.
//
// The text of a piece is cut as a part of a text: with a ▁ only where the piece has one, so that "ung" becomes what it
// is in the middle of a word. A sentinel that old lacks is made of all that old has; unknown characters are left out.
func (t *Tokenizer) Origins(old *Tokenizer) []Origin {
	origins := make([]Origin, t.VocabSize())
	for id, p := range t.pieces {
		origins[id] = old.originOf(p)
	}
	for _, role := range [][2]int32{{t.pad, old.pad}, {t.eos, old.eos}, {t.unk, old.unk}} {
		if role[0] >= 0 && role[1] >= 0 {
			origins[role[0]] = Origin{Role, role[1:]}
		}
	}
	sentinels := old.Sentinels()
	for n, id := range t.Sentinels() {
		switch {
		case n < len(sentinels):
			origins[id] = Origin{Role, sentinels[n : n+1]}
		case len(sentinels) > 0:
			origins[id] = Origin{Cut, sentinels}
		default:
			origins[id] = Origin{}
		}
	}
	return origins
}

// Sentinels returns the ids of <extra_id_0>, <extra_id_1> and so on.
func (t *Tokenizer) Sentinels() []int32 {
	var ids []int32
	for n := 0; ; n++ {
		id, ok := t.Sentinel(n)
		if !ok {
			return ids
		}
		ids = append(ids, id)
	}
}

// originOf returns what a piece of another vocabulary is in this one.
func (t *Tokenizer) originOf(p spiece.Piece) Origin {
	if id, ok := t.ids[p.Text]; ok && isText(p) == isText(t.pieces[id]) &&
		(p.Type == spiece.Byte) == (t.pieces[id].Type == spiece.Byte) {
		return Origin{Shared, []int32{id}}
	}
	text := p.Text
	switch {
	case !isText(p):
		return Origin{}
	case p.Type == spiece.Byte:
		b, _ := spiece.ByteOf(p.Text)
		if b >= 0x80 { // a part of a character
			return Origin{}
		}
		text = strings.ReplaceAll(string(rune(b)), " ", space)
	}
	if ids := t.cut(text); len(ids) > 0 {
		return Origin{Cut, ids}
	}
	return Origin{}
}

// isText reports whether a piece stands for text and not for something in a sequence.
func isText(p spiece.Piece) bool { return p.Type != spiece.Control && p.Type != spiece.Unknown }

// cut returns the ids of a part of a text that has ▁ for spaces, without those that are unknown.
func (t *Tokenizer) cut(text string) []int32 {
	if t.isByT5() {
		var ids []int32
		for _, b := range []byte(strings.ReplaceAll(text, space, " ")) {
			ids = append(ids, int32(b)+byT5Offset)
		}
		return ids
	}
	s := t.scratch.Get().(*scratch)
	defer t.scratch.Put(s)
	s.text = bytes.ReplaceAll(t.normal.Rules.AppendPrecompiled(s.text[:0], text), []byte(" "), []byte(space))
	if t.normal.Space == " " { // a model that does not escape spaces
		s.text = bytes.ReplaceAll(s.text, []byte(space), []byte(" "))
	}
	ids := t.appendPieces(nil, s, s.text)
	return slices.DeleteFunc(ids, func(id int32) bool { return id == t.unk })
}

// Trim returns the tokenizer with the pieces that are used or needed, in their order and with new ids: what text is
// made of them alone is made of them as before. Needed are the tokens that are no text, bytes, single characters, user
// symbols, sentinels, and the piece of the least score, by which unknown characters are scored. The bytes of ByT5 and
// the pieces of BPE, which are made of each other, are all needed: that is an error.
func (t *Tokenizer) Trim(used func(id int32) bool) (*Tokenizer, error) {
	if t.unigram == nil {
		return nil, fmt.Errorf("trim the vocabulary: it is of kind %s, and only unigram has pieces that can be left "+
			"out", t.Kind())
	}
	needed := t.Needed()
	keep := func(id int32) bool { return int(id) >= len(t.model.Pieces) || needed[id] || used(id) }
	m := *t.model
	m.Pieces, m.added = nil, nil
	now, next := make([]int32, len(t.pieces)), int32(0)
	for i := range t.pieces {
		if now[i] = next; !keep(int32(i)) {
			continue
		}
		next++
		if i < len(t.model.Pieces) {
			m.Pieces = append(m.Pieces, t.model.Pieces[i])
		}
	}
	m.Unk = now[t.unk]
	for _, a := range t.model.added {
		a.ID = now[a.ID]
		m.added = append(m.added, a)
	}
	small, err := newTokenizer(&m, Options{ExtraIDs: t.extraIDs, Rules: t.rules})
	if err != nil {
		return nil, err
	}
	if t.raw != nil {
		small.raw, err = spiece.Trim(t.raw, func(p spiece.Piece) bool {
			id, ok := t.ids[p.Text]
			return !ok || keep(id)
		})
	}
	if t.rawFast != nil && err == nil {
		small.rawFast, err = hf.Trim(t.rawFast, func(id int) bool { return keep(int32(id)) }, small.ID)
	}
	return small, err
}

// Needed reports of each token whether [Tokenizer.Trim] keeps it in any case.
func (t *Tokenizer) Needed() []bool {
	needed := make([]bool, len(t.pieces))
	worst := -1
	for i, p := range t.pieces {
		needed[i] = p.Type != spiece.Normal && p.Type != spiece.Unused ||
			utf8.RuneCountInString(p.Text) == 1 || spiece.IsSentinel(strings.TrimPrefix(p.Text, space))
		scored := i < t.known() && (p.Type == spiece.Normal || t.rules == Transformers)
		if scored && (worst < 0 || p.Score < t.pieces[worst].Score) {
			worst = i
		}
	}
	for _, a := range t.added {
		needed[a.ID] = true
	}
	if worst >= 0 {
		needed[worst] = true
	}
	for id := len(t.model.Pieces); id < len(needed); id++ {
		needed[id] = true
	}
	return needed
}
