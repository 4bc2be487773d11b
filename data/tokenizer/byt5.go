package tokenizer

import (
	"slices"
	"strings"
	"unicode/utf8"

	"t5train/data/tokenizer/internal/hf"
	"t5train/data/tokenizer/internal/spiece"
)

// ByT5 has no model file: the token of a byte is its value + 3 (Xue et al. 2022, section 3.1).
const (
	byT5Offset   = 3   // <pad>, </s>, <unk>
	byT5ExtraIDs = 125 // ByT5Tokenizer's default
)

// ByT5 returns the tokenizer of ByT5, which transformers calls ByT5Tokenizer: 3 special tokens, 256 bytes and 125
// sentinels, which count upwards: <extra_id_0> is 259.
func ByT5() *Tokenizer {
	t, err := newByT5(byT5ExtraIDs, nil, Transformers)
	if err != nil {
		panic(err) // its tokens are distinct
	}
	return t
}

// newByT5 adds late tokens behind the sentinels. By the rules of SentencePiece no token is recognised in text.
func newByT5(extraIDs int, late []hf.Token, rules Rules) (*Tokenizer, error) {
	m := &model{late: late, Model: spiece.Model{Kind: spiece.Bytes, Unk: 2, Pieces: []spiece.Piece{
		{Text: "<pad>", Type: spiece.Control}, {Text: "</s>", Type: spiece.Control},
		{Text: "<unk>", Type: spiece.Unknown},
	}}}
	for id := range int32(byT5Offset) { // ByT5Tokenizer gives these both, "for backward compatibility"
		m.added = append(m.added, hf.Token{ID: id, LStrip: true, RStrip: true})
	}
	for b := range 256 {
		m.Pieces = append(m.Pieces, spiece.Piece{Text: spiece.ByteText(b), Type: spiece.Byte})
	}
	for n := range extraIDs {
		m.added = append(m.added, hf.Token{ID: int32(len(m.Pieces))})
		m.Pieces = append(m.Pieces, spiece.Piece{Text: Sentinel(n), Type: spiece.User})
	}
	for i, l := range m.late {
		l.ID, l.Normalized = int32(len(m.Pieces)+i), false // there is no normalisation
		m.added = append(m.added, l)
	}
	t := &Tokenizer{model: m, rules: rules, extraIDs: extraIDs, pieces: slices.Concat(m.Pieces, m.latePieces())}
	t.added = m.added
	if rules == Transformers {
		t.special = newCutter(t.added, func(id int32) string { return t.pieces[id].Text })
	}
	return t, t.indexPieces()
}

// appendBytes appends the ids of text.
func (t *Tokenizer) appendBytes(dst []int32, text string) []int32 {
	for {
		before, id, after, found := t.special.cut(text)
		for i := range len(before) {
			dst = append(dst, int32(before[i])+byT5Offset)
		}
		if !found {
			return dst
		}
		dst = append(dst, id)
		text = after
	}
}

// decodeBytes is Decode. Bytes that form no character are dropped, as ByT5Tokenizer does.
func (t *Tokenizer) decodeBytes(ids []int32, skipSpecial bool) string {
	var out []byte
	for _, id := range ids {
		p := t.piece(id)
		switch {
		case p.Type == spiece.Byte:
			out = append(out, byte(id-byT5Offset))
		case !skipSpecial || !t.isSpecial(p):
			out = append(out, p.Text...)
		}
	}
	if utf8.Valid(out) {
		return string(out)
	}
	return strings.ToValidUTF8(string(out), "")
}
