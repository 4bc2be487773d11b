package tokenizer

import (
	"strings"
	"unicode"

	"t5train/data/tokenizer/internal/hf"
	"t5train/data/tokenizer/internal/trie"
)

// cutter finds added tokens in text: the first one, and of several that begin there the longest. A token with lstrip or
// rstrip takes along the white space on that side.
type cutter struct {
	trie   *trie.Trie
	starts [256]bool // bytes that a token begins with
	tokens map[int32]hf.Token
}

// newCutter returns nil if there is no token to find. text gives the text to find a token by; of tokens with one text,
// which normalisation may give them (a line end and a tab), the first is found.
func newCutter(tokens []hf.Token, text func(id int32) string) *cutter {
	c := &cutter{tokens: make(map[int32]hf.Token, len(tokens))}
	var entries []trie.Entry
	seen := make(map[string]bool, len(tokens))
	for _, a := range tokens {
		if key := text(a.ID); key != "" && !seen[key] {
			seen[key] = true
			c.tokens[a.ID] = a
			c.starts[key[0]] = true
			entries = append(entries, trie.Entry{Key: key, ID: a.ID})
		}
	}
	if len(entries) == 0 {
		return nil
	}
	c.trie = trie.New(entries)
	return c
}

// cut returns what stands before and after the first token of text, and its id. Without one, before is the whole text.
func (c *cutter) cut(text string) (before string, id int32, after string, found bool) {
	if c == nil {
		return text, 0, "", false
	}
	for i := 0; i < len(text); i++ {
		if !c.starts[text[i]] {
			continue
		}
		id, size := trie.Longest(c.trie, text[i:])
		if size == 0 {
			continue
		}
		before, after = text[:i], text[i+size:]
		if c.tokens[id].LStrip {
			before = strings.TrimRightFunc(before, unicode.IsSpace)
		}
		if c.tokens[id].RStrip {
			after = strings.TrimLeftFunc(after, unicode.IsSpace)
		}
		return before, id, after, true
	}
	return text, 0, "", false
}
