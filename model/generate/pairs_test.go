package generate

import (
	"context"
	"errors"
	"math"
	"testing"

	"t5train/model/kernel"
)

// Two ways to the same numbers: token by token with a cache, and all positions at once.
func TestScoresOfPairs(t *testing.T) {
	for _, c := range []struct{ kind, proj string }{{"t5", "relu"}, {"t5", "gated-gelu"}, {"umt5", "gated-silu"},
		{"mt5", "gelu"}} {
		t.Run(c.kind+" "+c.proj, func(t *testing.T) {
			m := toy(t, c.kind, c.proj)
			w := kernel.NewWorkers(2)
			g := New(m, w)
			want, err := g.TargetLogProbs(t.Context(), toyInputs, toyTargets)
			if err != nil {
				t.Fatal(err)
			}
			// Each input has other targets, in another order.
			order := [][]int{{4, 0, 2}, {}, {1, 3, 1, 0}}
			targets := make([][][]int32, len(toyInputs))
			for i, list := range order {
				for _, j := range list {
					targets[i] = append(targets[i], toyTargets[j])
				}
				targets[i] = append(targets[i], nil)
			}
			got, err := NewLoss(m, w).TargetLogProbs(t.Context(), toyInputs, targets)
			if err != nil {
				t.Fatal(err)
			}
			for i, list := range order {
				for at, j := range list {
					if !(math.Abs(got[i][at]-want[i][j]) <= 1e-4) {
						t.Errorf("input %d, target %d: %.6f, with a cache %.6f", i, j, got[i][at], want[i][j])
					}
				}
				if empty := got[i][len(list)]; empty != 0 || len(got[i]) != len(list)+1 {
					t.Errorf("input %d: %d scores, of the empty target %g, want %d and 0", i, len(got[i]), empty,
						len(list)+1)
				}
			}
		})
	}
}

// More targets than fit at once are scored in parts, which must not change whose score is whose.
func TestScoresOfManyPairs(t *testing.T) {
	loss := NewLoss(toy(t, "t5", "relu"), kernel.NewWorkers(2))
	var many [][]int32
	for i := range int32(scoreTokens) {
		many = append(many, []int32{2 + i%20, 2 + i/20%20, 1})
	}
	targets := [][][]int32{many, {{7, 1}}, many[:100]}
	scores, err := loss.TargetLogProbs(t.Context(), toyInputs, targets)
	if err != nil {
		t.Fatal(err)
	}
	for i, j := range map[int]int{0: len(many) - 1, 1: 0, 2: 99} {
		alone, err := loss.TargetLogProbs(t.Context(), toyInputs[i:i+1], [][][]int32{targets[i][j : j+1]})
		if err != nil {
			t.Fatal(err)
		}
		if !(math.Abs(scores[i][j]-alone[0][0]) <= 1e-4) {
			t.Errorf("input %d, target %d: scored %.6f among many, %.6f alone", i, j, scores[i][j], alone[0][0])
		}
	}
}

func TestBadPairsAreRefused(t *testing.T) {
	loss := NewLoss(toy(t, "t5", "relu"), kernel.NewWorkers(1))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := loss.TargetLogProbs(ended, [][]int32{{3, 1}}, [][][]int32{{{4, 1}}}); !errors.Is(err,
		context.Canceled) {
		t.Errorf("a context that has ended: error %v", err)
	}
	for name, c := range map[string]struct {
		inputs  [][]int32
		targets [][][]int32
	}{
		"a target beyond the vocabulary": {[][]int32{{3, 1}}, [][][]int32{{{99}}}},
		"a negative target":              {[][]int32{{3, 1}}, [][][]int32{{{-1}}}},
		"an input beyond the vocabulary": {[][]int32{{99, 1}}, [][][]int32{{{3}}}},
		"an empty input":                 {[][]int32{{}}, [][][]int32{{{3}}}},
		"targets of too few inputs":      {[][]int32{{3, 1}, {4, 1}}, [][][]int32{{{3}}}},
	} {
		if _, err := loss.TargetLogProbs(t.Context(), c.inputs, c.targets); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
