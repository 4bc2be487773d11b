package generate

import (
	"fmt"
	"slices"
)

// Trie is a set of token sequences, by their common prefixes: what Generate may answer.
//
//	labels := generate.NewTrie(targets) // [][]int32, the labels' tokens with EOS
//	outputs, err := generator.Generate(ctx, inputs, generate.Options{MaxTokens: labels.Longest(), Allowed: labels})
type Trie struct {
	// in order, so that those with a common prefix are neighbours: nodes would take 50 times the memory
	sequences [][]int32
	longest   int
}

// NewTrie returns the trie of sequences, each of which ends in EOS.
func NewTrie(sequences [][]int32) *Trie {
	t := &Trie{}
	for _, s := range sequences {
		t.sequences = append(t.sequences, slices.Clone(s))
		t.longest = max(t.longest, len(s))
	}
	slices.SortFunc(t.sequences, slices.Compare)
	return t
}

// Longest returns the number of tokens of the longest sequence.
func (t *Trie) Longest() int { return t.longest }

// withPrefix returns the sequences that begin with tokens.
func (t *Trie) withPrefix(tokens []int32) [][]int32 {
	first, _ := slices.BinarySearchFunc(t.sequences, tokens, slices.Compare)
	rest := t.sequences[first:]
	n, _ := slices.BinarySearchFunc(rest, tokens, func(s, tokens []int32) int {
		if len(s) >= len(tokens) && slices.Equal(s[:len(tokens)], tokens) {
			return -1
		}
		return 1
	})
	return rest[:n]
}

// after returns what may follow the given tokens, ascending.
func (t *Trie) after(tokens []int32) []int32 {
	var following []int32
	for _, s := range t.withPrefix(tokens) {
		if len(s) == len(tokens) {
			continue
		}
		if id, n := s[len(tokens)], len(following); n == 0 || following[n-1] != id {
			following = append(following, id)
		}
	}
	return following
}

// restrict leaves the tokens that may follow those generated.
func (t *Trie) restrict(x []float32, generated []int32) {
	following := t.after(generated)
	scores := make([]float32, len(following))
	for i, id := range following {
		scores[i] = x[id]
	}
	fill(x, never)
	for i, id := range following {
		x[id] = scores[i]
	}
}

// check reports tokens of the trie that outputs cannot have there, each once.
func (t *Trie) check(o Options, name string, vocab int) (errs []error) {
	inner, ends := map[int32]bool{}, map[int32]bool{} // tokens that others follow, and that end a sequence
	for _, s := range t.sequences {
		for i, id := range s {
			seen := inner
			if i == len(s)-1 {
				seen = ends
			}
			if seen[id] {
				continue
			}
			seen[id] = true
			eos := slices.Contains(o.EOS, id)
			switch {
			case id < 0 || int(id) >= vocab:
				errs = append(errs, fmt.Errorf("%s has token %d, want 0 to %d: the vocabulary has %d tokens", name, id,
					vocab-1, vocab))
			case i < len(s)-1 && eos:
				errs = append(errs, fmt.Errorf("%s has a sequence that continues after EOS, token %d: want EOS last",
					name, id))
			case i == len(s)-1 && !eos && len(o.EOS) > 0:
				errs = append(errs, fmt.Errorf("%s has a sequence that ends in token %d: append EOS, one of %d",
					name, id, o.EOS))
			}
		}
	}
	return errs
}
