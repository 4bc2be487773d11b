package model

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"t5train/model/kernel"
	"t5train/model/modules"
	"t5train/model/op"
)

// freeze marks the parameters of modules.
func freeze(t *testing.T, m *T5, names ...string) {
	t.Helper()
	var params []string
	for _, p := range m.Params {
		params = append(params, p.Name)
	}
	for _, name := range names {
		found, err := modules.Match(params, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range found {
			m.Params[i].Frozen = true
		}
	}
}

// The gradients of what is trained are the bits that they are when everything is, and nothing else gets any.
func TestFrozenParametersChangeNoOtherGradient(t *testing.T) {
	for _, c := range []struct {
		tied   bool
		proj   string
		frozen []string
	}{
		{true, "relu", []string{"encoder"}},
		{true, "relu", []string{"embedding", "encoder", "decoder.block.0"}},
		{false, "gated-gelu", []string{"embedding", "encoder", "decoder.block.0"}},
		{false, "relu", []string{"lm_head"}},
		{false, "gated-gelu", []string{"embedding", "encoder", "decoder"}}, // all but lm_head
		{true, "gated-gelu", []string{"encoder", "decoder"}},               // all but the embedding
		{true, "relu", []string{"encoder.block.0-1.layer.1", "decoder.block.0.layer.0.SelfAttention.k"}},
		{true, "relu", []string{"decoder.block.0.layer.0.SelfAttention.relative_attention_bias", "embedding"}},
		{true, "relu", []string{"encoder", "decoder.block.0-1.layer.1.EncDecAttention.k",
			"decoder.block.0-1.layer.1.EncDecAttention.v"}},
		{true, "relu", []string{"decoder.block.1.layer.2.DenseReluDense", "decoder.block.1.layer.2.layer_norm"}},
	} {
		for _, recompute := range []bool{false, true} {
			name := fmt.Sprintf("%s/tied=%v/recompute=%v", strings.Join(c.frozen, ","), c.tied, recompute)
			t.Run(name, func(t *testing.T) {
				all, some := tiny(t, c.proj, c.tied), tiny(t, c.proj, c.tied)
				freeze(t, some, c.frozen...)
				losses := gradients(t, all, false)
				if got := gradients(t, some, recompute); !slices.Equal(got, losses) {
					t.Errorf("the losses are %v, want %v", got, losses)
				}
				trained := 0
				for i, p := range some.Params {
					if p.Frozen {
						if slices.ContainsFunc(p.Grad(), func(g float32) bool { return g != 0 }) {
							t.Errorf("%s is frozen and has a gradient", p.Name)
						}
						continue
					}
					trained++
					if !slices.Equal(p.Grad(), all.Params[i].Grad()) {
						t.Errorf("%s: the gradient has other bits", p.Name)
					}
				}
				if trained == 0 || trained == len(some.Params) {
					t.Errorf("%d of %d parameters are trained", trained, len(some.Params))
				}
			})
		}
	}
}

// gradients runs two batches, whose gradients add up.
func gradients(t *testing.T, m *T5, recompute bool) (losses []float64) {
	t.Helper()
	graph, err := m.LossGraph(kernel.NewWorkers(2), LossOptions{Dropout: 0.3, ZLoss: 1e-3, Gradients: true,
		Recompute: recompute})
	if err != nil {
		t.Fatal(err)
	}
	defer graph.Close()
	for number := range uint32(2) {
		totals, err := graph.Run(tinyBatch(), op.Pass{Train: true, Seed: 8, Number: number, GradScale: 0.1})
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, totals.Loss)
	}
	return losses
}

func TestAllFrozenIsAnError(t *testing.T) {
	m := tiny(t, "relu", true)
	freeze(t, m, "embedding", "encoder", "decoder")
	if _, err := m.LossGraph(nil, LossOptions{Gradients: true}); err == nil ||
		!strings.Contains(err.Error(), "leave some to train") {
		t.Errorf("error %v", err)
	}
}

// What a frozen encoder computes is not kept for a backward pass, nor does it have one.
func TestFrozenStacksSaveMemoryAndWork(t *testing.T) {
	b := randomLengths(rand.New(rand.NewPCG(1, 2)), 50, 40)
	measure := func(frozen ...string) (memory int, flops float64) {
		m := tiny(t, "gated-gelu", true)
		freeze(t, m, frozen...)
		w := kernel.NewWorkers(1)
		graph, err := m.LossGraph(w, LossOptions{Gradients: true})
		if err != nil {
			t.Fatal(err)
		}
		defer graph.Close()
		count := w.Measure()
		if _, err := graph.Run(b, op.Pass{Train: true, GradScale: 1}); err != nil {
			t.Fatal(err)
		}
		flops, _ = count()
		return graph.Memory(), flops
	}
	memory, work := measure()
	less, fewer := measure("embedding", "encoder", "decoder.block.0")
	if less > memory*2/3 {
		t.Errorf("%d bytes with frozen parts and %d without", less, memory)
	}
	if fewer > 0.62*work {
		t.Errorf("%g operations with frozen parts and %g without", fewer, work)
	}
}
