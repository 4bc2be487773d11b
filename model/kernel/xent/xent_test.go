package xent

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"t5train/model/kernel"
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
		2, 2, 2, 2, // a collapsed model knows nothing, and is right about the first token only
		2, 2, 2, 2,
	}
	c := CrossEntropy{Vocab: vocab, Dim: vocab, Scale: 1}
	got := c.Forward(kernel.NewWorkers(2), hidden, []int32{1, 2, 3, kernel.IgnoreLabel, 2, 0}, head, nil, nil, false, 1)
	if want := []bool{true, false, true, false, false, true}; !slices.Equal(got.Hits, want) || got.Correct != 3 ||
		got.Tokens != 5 {
		t.Errorf("got %v, %d of %d, want %v, 3 of 5", got.Hits, got.Correct, got.Tokens, want)
	}
}

// More tokens than have their logits in memory at once give what the tokens give one by one.
func TestCrossEntropyInChunks(t *testing.T) {
	const vocab, dim, tokens, gradScale = 1 << 19, 2, 24, 0.5
	weight, hidden := randoms(1, vocab*dim), randoms(2, tokens*dim)
	labels := make([]int32, tokens)
	for i := range labels {
		labels[i] = int32(i * 20011)
		if i%10 == 3 {
			labels[i] = kernel.IgnoreLabel
		}
	}
	c := CrossEntropy{Vocab: vocab, Dim: dim, Scale: 2, ZLoss: 1e-3, LabelSmoothing: 0.1}
	for precision, isas := range map[kernel.Precision][]string{kernel.Float32: kernel.ISAs(),
		kernel.BFloat16: kernel.ISAs()[:1]} {
		var want kernel.Totals
		oneHidden, oneWeight := make([]float32, tokens*dim), make([]float32, vocab*dim)
		for i := range labels {
			one := c.Forward(kernel.NewWorkersOn(kernel.Portable, 2).In(precision), hidden[i*dim:(i+1)*dim],
				labels[i:i+1], weight, oneHidden[i*dim:(i+1)*dim], oneWeight, i > 0, gradScale)
			want = kernel.Totals{
				Tokens: want.Tokens + one.Tokens, Loss: want.Loss + one.Loss, NLL: want.NLL + one.NLL,
				Correct: want.Correct + one.Correct,
				Hits:    append(want.Hits, one.Hits...), NLLs: append(want.NLLs, one.NLLs...),
			}
		}
		for _, isa := range isas {
			t.Run(fmt.Sprint(isa, "/", precision), func(t *testing.T) {
				w := kernel.NewWorkersOn(isa, 2).In(precision)
				if size := c.chunkRows(w, want.Tokens); size >= want.Tokens {
					t.Fatalf("a chunk of %d tokens is too large for this test", size)
				}
				dHidden, dWeight := make([]float32, tokens*dim), slices.Repeat([]float32{7}, vocab*dim)
				got := c.Forward(w, hidden, labels, weight, dHidden, dWeight, false, gradScale)
				if got.Tokens != want.Tokens || got.Correct != want.Correct || !slices.Equal(got.Hits, want.Hits) {
					t.Errorf("%d targets and %d hits, want %d and %d", got.Tokens, got.Correct, want.Tokens,
						want.Correct)
				}
				for name, pair := range map[string][2]float64{"loss": {got.Loss, want.Loss},
					"log-likelihood": {got.NLL, want.NLL}} {
					if !near(float32(pair[0]), float32(pair[1]), 1e-5) {
						t.Errorf("%s %v, want %v", name, pair[0], pair[1])
					}
				}
				// ISAs add up half a million exponentials in different orders, after which bfloat16 may round to the
				// other side.
				tolerance := map[kernel.Precision]float64{kernel.Float32: 2e-4, kernel.BFloat16: 4e-3}[precision]
				for name, pair := range map[string][2][]float32{"hidden": {dHidden, oneHidden},
					"weight": {dWeight, oneWeight}} {
					if e := relativeError(pair[0], pair[1]); !(e <= tolerance) {
						t.Errorf("the gradient of %s differs by %g", name, e)
					}
				}
			})
		}
	}
}

// Where no label counts, the gradient is 0 or stays as it is.
func TestCrossEntropyOfNothing(t *testing.T) {
	c := CrossEntropy{Vocab: 3, Dim: 2, Scale: 1}
	for _, accumulate := range []bool{false, true} {
		dHidden, dWeight := []float32{7, 7}, slices.Repeat([]float32{7}, 6)
		c.Forward(nil, []float32{1, 2}, []int32{kernel.IgnoreLabel}, make([]float32, 6), dHidden, dWeight, accumulate,
			1)
		if dHidden[0] != 0 || (dWeight[0] == 7) != accumulate || !accumulate && dWeight[0] != 0 {
			t.Errorf("accumulate %v: got %v and %v", accumulate, dHidden, dWeight)
		}
	}
}

func near(got, want float32, tolerance float64) bool {
	return math.Abs(float64(got)-float64(want)) <= tolerance*max(1, math.Abs(float64(want)))
}

func randoms(seed uint64, n int) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// relativeError returns max|a-b| / max|b|.
func relativeError(a, b []float32) float64 {
	var diff, size float64
	for i := range b {
		diff = max(diff, math.Abs(float64(a[i])-float64(b[i])))
		size = max(size, math.Abs(float64(b[i])))
	}
	return diff / size
}
