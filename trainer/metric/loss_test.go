package metric

import (
	"math"
	"testing"
)

func TestLoss(t *testing.T) {
	tests := []struct {
		name                     string
		batches                  [][2]float64 // sum, tokens
		loss, perplexity, tokens float64
	}{
		{"nothing", nil, 0, 1, 0},
		{"tokens weigh the same in any batch", [][2]float64{{3 * math.Ln2, 3}, {5 * math.Ln2, 1}}, 2 * math.Ln2, 4, 4},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var l Loss
			for _, b := range test.batches {
				l.Add(b[0], int64(b[1]))
			}
			got := Map(l.Result())
			want := map[string]float64{"loss": test.loss, "perplexity": test.perplexity, "tokens": test.tokens}
			for name, w := range want {
				if value, ok := got[name]; !ok || !(math.Abs(value-w) <= 1e-12) {
					t.Errorf("%s is %v, want %v", name, value, w)
				}
			}
		})
	}
}

// TestLossKeepsSmallBatches: in float32 the sum of 2^24 tokens would stop growing.
func TestLossKeepsSmallBatches(t *testing.T) {
	var l Loss
	l.Add(1<<24, 1<<24)
	for range 1000 {
		l.Add(1, 1)
	}
	if l.Mean() != 1 {
		t.Errorf("the mean is %v, want 1", l.Mean())
	}
}
