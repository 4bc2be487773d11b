package tokenizer

import (
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
func ByT5() *Tokenizer { return newByT5(byT5ExtraIDs, Transformers) }

// newByT5 recognises special tokens in text by the rules of Transformers only.
func newByT5(extraIDs int, rules Rules) *Tokenizer {
	m := &model{kind: bytewise, unk: 2, pieces: []piece{
		{text: "<pad>", kind: control}, {text: "</s>", kind: control}, {text: "<unk>", kind: unknown},
	}}
	for b := range 256 {
		m.pieces = append(m.pieces, piece{text: byteText(b), kind: byteValue})
	}
	for n := range extraIDs {
		m.pieces = append(m.pieces, piece{text: sentinel(n), kind: userDefined})
	}
	t := &Tokenizer{model: m, kind: bytewise, rules: rules, extraIDs: extraIDs, pieces: m.pieces, pad: 0, eos: 1, unk: 2, ids: make(map[string]int32, len(m.pieces))}
	for i, p := range t.pieces {
		t.ids[p.text] = int32(i)
		if p.kind != byteValue {
			named := i < byT5Offset // ByT5Tokenizer gives these lstrip and rstrip, "for backward compatibility"
			t.added = append(t.added, addedToken{id: int32(i), lstrip: named, rstrip: named})
		}
	}
	if rules == Transformers {
		t.special = newCutter(t.added, func(id int32) string { return t.pieces[id].text })
	}
	return t
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
		case p.kind == byteValue:
			out = append(out, byte(id-byT5Offset))
		case !skipSpecial:
			out = append(out, p.text...)
		}
	}
	if utf8.Valid(out) {
		return string(out)
	}
	return strings.ToValidUTF8(string(out), "")
}
