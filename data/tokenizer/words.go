package tokenizer

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// This file follows transformers 5's T5 tokenizer (tokenization_t5.py and the tokenizers library below it):
// special tokens are cut out of the raw text; the stretches between them are normalised and split at blanks;
// every word is given a ▁ in front and is segmented on its own.

// appendTransformers appends the ids of text.
func (t *Tokenizer) appendTransformers(dst []int32, s *scratch, text string) []int32 {
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	w := words{t: t, s: s, dst: dst}
	from := 0
	for i := 0; i < len(text); {
		if !t.specialStart[text[i]] {
			i++
			continue
		}
		id, size := longestKey(t.special, text[i:])
		if size == 0 {
			i++
			continue
		}
		w.stretch(text[from:i])
		w.dst = append(w.dst, id)
		i += size
		from = i
	}
	w.stretch(text[from:])
	return w.dst
}

// words collects one word at a time in s.text and segments it at its end.
type words struct {
	t   *Tokenizer
	s   *scratch
	dst []int32
}

// stretch encodes text that holds no special token.
//
// The tokenizers library (normalizers/precompiled.rs) normalises by grapheme cluster: a cluster below 6 bytes whose start
// has a rule is replaced as a whole, the others go character by character. So "ﬁ" with an accent becomes "fi"
// and loses the accent; a model trained through that library has seen it so.
func (w *words) stretch(text string) {
	rules := w.t.normal.rules
	w.s.text = w.s.text[:0]
	for text != "" {
		if c := text[0]; c < utf8.RuneSelf && (len(text) == 1 || text[1] < utf8.RuneSelf) {
			w.write(rules.ascii[c])
			text = text[1:]
			continue
		}
		cluster, rest, _, _ := uniseg.FirstGraphemeClusterInString(text, -1)
		text = rest
		if len(cluster) < 6 {
			if s, ok := rules.shortest(cluster); ok {
				w.write(s)
				continue
			}
		}
		for cluster != "" {
			_, size := utf8.DecodeRuneInString(cluster)
			s, ok := rules.shortest(cluster[:size])
			if !ok {
				s = cluster[:size]
			}
			w.write(s)
			cluster = cluster[size:]
		}
	}
	w.flush()
}

// write adds normalised text to the word. A blank ends it; a ▁ starts the next one.
func (w *words) write(s string) {
	for i, r := range s {
		switch {
		case unicode.IsSpace(r):
			w.flush()
			continue
		case r == '▁':
			w.flush()
		case len(w.s.text) == 0:
			w.s.text = append(w.s.text, space...)
		}
		// A rule of a damaged model may hold bytes that are no UTF-8: range gives U+FFFD for them.
		if r == utf8.RuneError {
			w.s.text = utf8.AppendRune(w.s.text, r)
			continue
		}
		w.s.text = append(w.s.text, s[i:i+utf8.RuneLen(r)]...)
	}
}

func (w *words) flush() {
	w.dst = w.t.appendUnigram(w.dst, w.s, w.s.text)
	w.s.text = w.s.text[:0]
}
