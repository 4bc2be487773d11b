package generate

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// What may follow is what follows in one of the sequences.
func TestTrieAfter(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	random := func() []int32 {
		s := make([]int32, r.IntN(5))
		for i := range s {
			s[i] = int32(r.IntN(3))
		}
		return s
	}
	for range 2000 {
		var sequences [][]int32
		for range r.IntN(12) {
			sequences = append(sequences, random())
		}
		tokens := random()
		var want []int32
		for _, s := range sequences {
			if n := len(tokens); len(s) > n && slices.Equal(s[:n], tokens) {
				want = append(want, s[n])
			}
		}
		slices.Sort(want)
		want = slices.Compact(want)
		if got := NewTrie(sequences).after(tokens); !slices.Equal(got, want) {
			t.Fatalf("after %v in %v: got %v, want %v", tokens, sequences, got, want)
		}
	}
}

// Sequences are those of the call, whatever becomes of its slices.
func TestTrieKeepsItsSequences(t *testing.T) {
	sequence := []int32{4, 1}
	trie := NewTrie([][]int32{sequence})
	sequence[0] = 5
	if got := trie.after(nil); !slices.Equal(got, []int32{4}) {
		t.Errorf("got %v, want 4", got)
	}
}
