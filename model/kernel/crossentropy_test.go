package kernel

import (
	"slices"
	"testing"
)

// With the identity as lm_head the logits are the hidden states: the place of the largest is plain to see.
func TestCrossEntropyHits(t *testing.T) {
	const vocab = 4
	head := make([]float32, vocab*vocab)
	for i := range vocab {
		head[i*vocab+i] = 1
	}
	hidden := []float32{
		0, 3, 1, 0,
		2, 1, 0, 0,
		0, 0, 0, 5,
		7, 0, 0, 0,
	}
	c := CrossEntropy{Vocab: vocab, Dim: vocab, Scale: 1}
	got := c.Forward(NewWorkers(2), hidden, []int32{1, 2, 3, IgnoreLabel}, head, nil, nil, 1)
	if want := []bool{true, false, true, false}; !slices.Equal(got.Hits, want) || got.Correct != 2 || got.Tokens != 3 {
		t.Errorf("got %v, %d of %d, want %v, 2 of 3", got.Hits, got.Correct, got.Tokens, want)
	}
}
