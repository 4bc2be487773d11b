package tokenizer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// This file follows transformers 5's T5 tokenizer (tokenization_t5.py and the tokenizers library below it):
// added tokens are cut out of the raw text; the stretches between them are normalised and split at spaces;
// every word is given a ▁ in front and is segmented on its own.

// appendTransformers appends the ids of text.
func (t *Tokenizer) appendTransformers(dst []int32, s *scratch, text string) []int32 {
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	for rest, first := text, true; rest != ""; first = false {
		before, id, after, found := t.special.cut(rest)
		if t.pipeline != nil {
			dst = t.pipeline.appendStretch(dst, t, s, before, first)
		} else {
			dst = t.appendWords(dst, s, before)
		}
		if !found {
			break
		}
		dst = append(dst, id)
		rest = after
	}
	return dst
}

// appendWords encodes a stretch without added tokens: a space ends a word, a ▁ starts the next one.
func (t *Tokenizer) appendWords(dst []int32, s *scratch, stretch string) []int32 {
	s.normal = t.normal.Rules.AppendPrecompiled(s.normal[:0], stretch)
	word := s.text[:0]
	for text := s.normal; len(text) > 0; {
		// A rule of a damaged model may hold bytes that are no UTF-8: DecodeRune gives U+FFFD for them.
		r, size := rune(text[0]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(text)
		}
		text = text[size:]
		switch {
		case unicode.IsSpace(r):
			dst = t.unigram.Append(dst, &s.segment, word)
			word = word[:0]
			continue
		case r == '▁':
			dst = t.unigram.Append(dst, &s.segment, word)
			word = word[:0]
		case len(word) == 0:
			word = append(word, space...)
		}
		word = utf8.AppendRune(word, r)
	}
	dst = t.unigram.Append(dst, &s.segment, word)
	s.text = word
	return dst
}
