package model

import (
	"fmt"
	"slices"
	"testing"

	"t5train/model/kernel"
	"t5train/model/op"
)

// Three steps of two micro-batches, with dropout: loss and gradients must be the same bits with and without
// recomputation.
func TestRecomputeIsTheSameBits(t *testing.T) {
	for _, proj := range []string{"relu", "gelu", "gated-gelu"} {
		for _, tie := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/tied=%v", proj, tie), func(t *testing.T) {
				kept, keptLosses := trainTiny(t, tiny(t, proj, tie), false)
				again, againLosses := trainTiny(t, tiny(t, proj, tie), true)
				if !slices.Equal(kept, again) {
					t.Error("the gradients or weights differ")
				}
				if !slices.Equal(keptLosses, againLosses) {
					t.Errorf("the losses are %v, want %v", againLosses, keptLosses)
				}
			})
		}
	}
}

// UMT5 has a table of position biases in each layer.
func TestRecomputeUMT5(t *testing.T) {
	build := func() *T5 {
		c := tiny(t, "gated-gelu", false).Config
		c.ModelType = "umt5"
		m, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		m.Init(3)
		return m
	}
	kept, _ := trainTiny(t, build(), false)
	again, _ := trainTiny(t, build(), true)
	if !slices.Equal(kept, again) {
		t.Error("the gradients or weights differ")
	}
}

// trainTiny makes three steps of gradient descent, each over two micro-batches, and returns all weights and gradients
// at the end of each step, and the losses.
func trainTiny(t *testing.T, m *T5, recompute bool) (numbers []float32, losses []float64) {
	t.Helper()
	graph, err := m.LossGraph(kernel.NewWorkers(2),
		LossOptions{Dropout: 0.3, ZLoss: 1e-3, Gradients: true, Recompute: recompute})
	if err != nil {
		t.Fatal(err)
	}
	defer graph.Close()
	b := tinyBatch()
	for step := range uint32(3) {
		for _, p := range m.Params {
			p.ZeroGrad()
		}
		for micro := range uint32(2) {
			totals, err := graph.Run(b, op.Pass{Train: true, Seed: 8, Number: 2*step + micro,
				GradScale: 1 / float32(2*b.Targets())})
			if err != nil {
				t.Fatal(err)
			}
			losses = append(losses, totals.Loss)
		}
		for _, p := range m.Params {
			for i, g := range p.Grad() {
				p.Value[i] -= 0.1 * g
			}
			numbers = append(append(numbers, p.Value...), p.Grad()...)
		}
	}
	return numbers, losses
}
