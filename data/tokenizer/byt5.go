package tokenizer

import (
	"slices"
	"strings"
	"unicode/utf8"
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
func newByT5(extraIDs int, late []lateToken, rules Rules) (*Tokenizer, error) {
	m := &model{kind: bytewise, unk: 2, late: late, pieces: []piece{
		{text: "<pad>", kind: ControlPiece}, {text: "</s>", kind: ControlPiece}, {text: "<unk>", kind: UnknownPiece},
	}}
	for id := range int32(byT5Offset) { // ByT5Tokenizer gives these both, "for backward compatibility"
		m.added = append(m.added, addedToken{id: id, lstrip: true, rstrip: true})
	}
	for b := range 256 {
		m.pieces = append(m.pieces, piece{text: ByteText(b), kind: BytePiece})
	}
	for n := range extraIDs {
		m.added = append(m.added, addedToken{id: int32(len(m.pieces))})
		m.pieces = append(m.pieces, piece{text: Sentinel(n), kind: UserPiece})
	}
	t := &Tokenizer{model: m, kind: bytewise, rules: rules, extraIDs: extraIDs, pieces: slices.Clone(m.pieces),
		unk: m.unk}
	for i, l := range m.late {
		l.id, l.normalized = int32(len(m.pieces)+i), false // there is no normalisation
		m.added = append(m.added, l.addedToken)
		t.pieces = append(t.pieces, l.piece)
	}
	t.added = m.added
	if rules == Transformers {
		t.special = newCutter(t.added, func(id int32) string { return t.pieces[id].text })
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
		case p.kind == BytePiece:
			out = append(out, byte(id-byT5Offset))
		case !skipSpecial || !t.isSpecial(p):
			out = append(out, p.text...)
		}
	}
	if utf8.Valid(out) {
		return string(out)
	}
	return strings.ToValidUTF8(string(out), "")
}
