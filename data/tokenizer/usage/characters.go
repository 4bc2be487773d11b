package usage

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Encoder turns text into ids, without the one that ends a sequence. It is called from several goroutines at once.
type Encoder interface {
	AppendEncode(dst []int32, text string) []int32
	Unk() int32
}

// Characters counts the characters of texts that a vocabulary lacks. It is not safe for concurrent use.
type Characters struct {
	known  map[rune]bool
	counts map[rune]int64
	ids    []int32
}

// Character is one that the vocabulary lacks.
type Character struct {
	Text  string `json:"character"`
	Code  string `json:"code"` // U+4E2D
	Count int64  `json:"count"`
}

// Add counts the unknown characters of a text that has some, and returns those that are different. A character is
// unknown if the token of its own is; one that is only unknown beside others counts as none.
func (c *Characters) Add(text string, tok Encoder) string {
	if c.known == nil {
		c.known, c.counts = map[rune]bool{}, map[rune]int64{}
	}
	var found []rune
	for _, r := range text {
		known, seen := c.known[r]
		if !seen {
			c.ids = tok.AppendEncode(c.ids[:0], string(r))
			known = !slices.Contains(c.ids, tok.Unk())
			c.known[r] = known
		}
		if !known {
			c.counts[r]++
			if !slices.Contains(found, r) {
				found = append(found, r)
			}
		}
	}
	const most = 10
	texts := make([]string, 0, most)
	for _, r := range found[:min(most, len(found))] {
		texts = append(texts, fmt.Sprintf("%q", r))
	}
	if len(found) > most {
		texts = append(texts, "...")
	}
	return strings.Join(texts, " ")
}

// Most returns the n most frequent ones.
func (c *Characters) Most(n int) []Character {
	runes := slices.SortedFunc(maps.Keys(c.counts), func(a, b rune) int {
		return cmp.Or(cmp.Compare(c.counts[b], c.counts[a]), cmp.Compare(a, b))
	})
	most := []Character{}
	for _, r := range runes[:min(n, len(runes))] {
		most = append(most, Character{string(r), fmt.Sprintf("U+%04X", r), c.counts[r]})
	}
	return most
}

// merge adds what others have counted.
func (c *Characters) merge(o *Characters) {
	if c.counts == nil {
		*c = *o
		return
	}
	maps.Copy(c.known, o.known)
	for r, n := range o.counts {
		c.counts[r] += n
	}
}
