package tokenizer

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"t5train/data/tokenizer/internal/trie"
)

// normalizer prepares a whole text as SentencePiece's Normalizer::Normalize does.
type normalizer struct {
	rules   *charsmap
	symbols *trie.Trie // user-defined symbols, which no rule touches; nil: none

	dummyPrefix, spaceSuffix, squeeze bool
	blank                             string // what a blank becomes: "▁", or " " in a model that does not escape
}

// append adds the normalised text to dst: "Hello  world " becomes "▁Hello▁world" with T5's settings.
func (n *normalizer) append(dst []byte, text string) []byte {
	if n.squeeze {
		for text != "" {
			s, size := n.prefix(text)
			if s != " " {
				break
			}
			text = text[size:]
		}
	}
	if text == "" {
		return dst
	}
	start := len(dst)
	if n.dummyPrefix && !n.spaceSuffix {
		dst = append(dst, n.blank...)
	}
	afterBlank := n.squeeze
	for text != "" {
		s, size := n.prefix(text)
		text = text[size:]
		if afterBlank {
			s = strings.TrimLeft(s, " ")
		}
		if s == "" {
			continue
		}
		dst = n.appendEscaped(dst, s)
		afterBlank = n.squeeze && s[len(s)-1] == ' '
	}
	if n.squeeze {
		for bytes.HasSuffix(dst[start:], []byte(n.blank)) {
			dst = dst[:len(dst)-len(n.blank)]
		}
	}
	if n.dummyPrefix && n.spaceSuffix {
		dst = append(dst, n.blank...)
	}
	return dst
}

// prefix normalises the start of s, which is not empty: the replacement, and the bytes of s it stands for.
func (n *normalizer) prefix(s string) (text string, size int) {
	if n.symbols != nil {
		if _, size := trie.Longest(n.symbols, s); size > 0 {
			return s[:size], size
		}
	}
	if text, size = n.rules.longest(s); size > 0 {
		return text, size
	}
	r, size := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && size == 1 {
		return "\uFFFD", 1
	}
	return s[:size], size
}

func (n *normalizer) appendEscaped(dst []byte, s string) []byte {
	for {
		before, after, found := strings.Cut(s, " ")
		dst = append(dst, before...)
		if !found {
			return dst
		}
		dst = append(dst, n.blank...)
		s = after
	}
}
