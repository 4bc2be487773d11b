package normalize

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"t5train/data/tokenizer/internal/trie"
)

// Normalizer prepares a whole text as SentencePiece's Normalizer::Normalize does. It is safe for concurrent use.
type Normalizer struct {
	Rules   *Charsmap
	Symbols *trie.Trie // user-defined symbols, which no rule touches; nil: none

	DummyPrefix bool   // a space is put before the text
	SpaceSuffix bool   // and stands behind it instead
	Squeeze     bool   // spaces at both ends go, runs of spaces become one
	Space       string // what a space becomes: "▁", or " " in a model that does not escape
}

// Append appends the normalised text, which is valid UTF-8, to dst: "Hello  world " becomes "▁Hello▁world" with T5's
// settings.
func (n *Normalizer) Append(dst []byte, text string) []byte {
	if n.Squeeze {
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
	if n.DummyPrefix && !n.SpaceSuffix {
		dst = append(dst, n.Space...)
	}
	afterSpace := n.Squeeze
	for text != "" {
		s, size := n.prefix(text)
		text = text[size:]
		if afterSpace {
			s = strings.TrimLeft(s, " ")
		}
		if s == "" {
			continue
		}
		dst = n.appendEscaped(dst, s)
		afterSpace = n.Squeeze && s[len(s)-1] == ' '
	}
	if n.Squeeze {
		for bytes.HasSuffix(dst[start:], []byte(n.Space)) {
			dst = dst[:len(dst)-len(n.Space)]
		}
	}
	if n.DummyPrefix && n.SpaceSuffix {
		dst = append(dst, n.Space...)
	}
	return dst
}

// prefix normalises the start of s, which is not empty: the replacement, and the bytes of s it stands for.
func (n *Normalizer) prefix(s string) (text string, size int) {
	if n.Symbols != nil {
		if _, size := trie.Longest(n.Symbols, s); size > 0 {
			return s[:size], size
		}
	}
	if text, size = n.Rules.longest(s); size > 0 {
		return text, size
	}
	r, size := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && size == 1 {
		return "\uFFFD", 1
	}
	return s[:size], size
}

func (n *Normalizer) appendEscaped(dst []byte, s string) []byte {
	for {
		before, after, found := strings.Cut(s, " ")
		dst = append(dst, before...)
		if !found {
			return dst
		}
		dst = append(dst, n.Space...)
		s = after
	}
}
