package decode

import (
	"errors"
	"fmt"
)

// Trie is a set of token sequences, by their common beginnings: what Generate may answer.
//
//	labels := decode.NewTrie(targets) // [][]int32, the labels' tokens with EOS
//	outputs, err := generator.Generate(ctx, inputs, decode.Options{MaxTokens: labels.Longest(), Allowed: labels})
type Trie struct {
	root        trieNode
	longest     int
	ends, inner map[int32]bool // tokens that end a sequence, and that others follow
}

// trieNode has what may follow its tokens: nothing where a sequence ends.
type trieNode map[int32]trieNode

// NewTrie returns the trie of sequences, each of which ends in EOS.
func NewTrie(sequences [][]int32) *Trie {
	t := &Trie{root: trieNode{}, ends: map[int32]bool{}, inner: map[int32]bool{}}
	for _, s := range sequences {
		t.longest = max(t.longest, len(s))
		node := t.root
		for i, id := range s {
			if node[id] == nil {
				node[id] = trieNode{}
			}
			node = node[id]
			if i == len(s)-1 {
				t.ends[id] = true
			} else {
				t.inner[id] = true
			}
		}
	}
	return t
}

// Longest returns the number of tokens of the longest sequence.
func (t *Trie) Longest() int { return t.longest }

// after returns what may follow the given tokens, nil if no sequence begins with them.
func (t *Trie) after(tokens []int32) trieNode {
	node := t.root
	for _, id := range tokens {
		node = node[id]
	}
	return node
}

// check reports why outputs cannot be sequences of the trie.
func (t *Trie) check(o Options, vocab int) (errs []error) {
	if t.longest == 0 {
		return []error{errors.New("the option Allowed holds no sequence, want at least one")}
	}
	if t.longest > o.MaxTokens {
		errs = append(errs, fmt.Errorf("the option MaxTokens is %d, but Allowed holds a sequence of %d tokens: raise MaxTokens", o.MaxTokens, t.longest))
	}
	if t.after(o.Prefix) == nil {
		errs = append(errs, errors.New("the option Allowed holds no sequence that begins with Prefix: leave one of them out"))
	}
	for _, tokens := range []map[int32]bool{t.ends, t.inner} {
		for id := range tokens {
			if id < 0 || int(id) >= vocab {
				errs = append(errs, fmt.Errorf("the option Allowed has token %d, want 0 to %d: the vocabulary has %d tokens", id, vocab-1, vocab))
			}
		}
	}
	if len(o.EOS) == 0 {
		return errs
	}
	eos := map[int32]bool{}
	for _, id := range o.EOS {
		eos[id] = true
		if t.inner[id] {
			errs = append(errs, fmt.Errorf("the option Allowed has a sequence that goes on behind EOS, token %d: want EOS at the end only", id))
		}
	}
	for id := range t.ends {
		if !eos[id] {
			errs = append(errs, fmt.Errorf("the option Allowed has a sequence that ends in token %d: append EOS, one of %d", id, o.EOS))
		}
	}
	return errs
}
