package model

import (
	"math"
	"slices"
	"strings"
	"testing"

	"t5train/model/kernel"
	"t5train/model/op"
)

// adapted is a small model with adapters of random values beside q, v and the feed-forward layers, and all else frozen.
func adapted(t *testing.T, proj string, dropout float32) *T5 {
	t.Helper()
	m := tiny(t, proj, false)
	for _, p := range m.Params {
		p.Frozen = true
	}
	for i, path := range m.AdaptedModules() {
		switch path[strings.LastIndexByte(path, '.')+1:] {
		case "k", "o":
			continue
		}
		l, err := m.Adapt(path, 1+i%3, 1.5, dropout, 3)
		if err != nil {
			t.Fatal(err)
		}
		for j := range l.B.Value {
			l.B.Value[j] = 0.1 * float32(math.Sin(float64(i+3*j)))
		}
	}
	return m
}

// gradientsOf returns the losses and the gradients of adapters.
func gradientsOf(t *testing.T, m *T5, recompute bool) (losses []float64, grads [][]float32) {
	t.Helper()
	for _, p := range m.Adapters() {
		p.ZeroGrad()
	}
	losses = gradients(t, m, recompute)
	for _, p := range m.Adapters() {
		grads = append(grads, slices.Clone(p.Grad()))
	}
	return losses, grads
}

// Merged into the weights, adapters do what they did beside them.
func TestMergedAdapters(t *testing.T) {
	for _, proj := range []string{"relu", "gated-gelu"} {
		m := adapted(t, proj, 0)
		want := gradients(t, m, false)
		plain := gradients(t, tiny(t, proj, false), false)
		if err := m.MergeAdapters(nil); err != nil {
			t.Fatal(err)
		}
		if len(m.Adapters()) > 0 {
			t.Error("there are adapters still")
		}
		for _, p := range m.Params {
			p.Frozen = false
		}
		for i, got := range gradients(t, m, false) {
			if math.Abs(got-want[i]) > 1e-5*want[i] || math.Abs(got-plain[i]) < 1e-3*want[i] {
				t.Errorf("%s: the loss is %g merged, want %g; it is %g without adapters", proj, got, want[i], plain[i])
			}
		}
	}
}

// The gradients of adapters are the same bits with recomputed blocks, and over a base in eight bits or bfloat16 those
// that its values have in float32.
func TestAdaptersOverBases(t *testing.T) {
	for _, dropout := range []float32{0, 0.2} {
		for _, kind := range []string{"float32", "int8", "bfloat16"} {
			m, float := adapted(t, "gated-gelu", dropout), adapted(t, "gated-gelu", dropout)
			for i, p := range m.Params {
				rows := func([]float32, int, int) {}
				switch {
				case !IsLinear(p.Name, p.Shape):
					continue
				case kind == "int8":
					if err := quantize(p); err != nil {
						t.Fatal(err)
					}
					rows = p.Int8.Rows
				case kind == "bfloat16":
					halve(p)
					rows = p.Halves.Rows
				}
				for o := range p.Shape[0] {
					rows(float.Params[i].Value[o*p.Shape[1]:(o+1)*p.Shape[1]], o, o+1)
				}
			}
			losses, grads := gradientsOf(t, m, false)
			for _, recompute := range []bool{false, true} {
				wantLosses, wantGrads := gradientsOf(t, float, recompute)
				if !slices.Equal(losses, wantLosses) {
					t.Errorf("%s: the losses are %v, want %v", kind, losses, wantLosses)
				}
				for i, g := range grads {
					if !slices.Equal(g, wantGrads[i]) {
						t.Errorf("%s: the gradient of %s has other bits", kind, m.Adapters()[i].Name)
					}
				}
			}
		}
	}
}

// A step has no products for the gradients of the base: 2/3 of the work of full training, and a little for adapters.
func TestAdaptersSaveWork(t *testing.T) {
	measure := func(m *T5) (flops float64) {
		w := kernel.NewWorkers(1)
		graph, err := m.LossGraph(w, LossOptions{Gradients: true})
		if err != nil {
			t.Fatal(err)
		}
		defer graph.Close()
		count := w.Measure()
		if _, err := graph.Run(tinyBatch(), op.Pass{Train: true, GradScale: 1}); err != nil {
			t.Fatal(err)
		}
		flops, _ = count()
		return flops
	}
	full, low := tiny(t, "gated-gelu", false), tiny(t, "gated-gelu", false)
	for _, p := range low.Params {
		p.Frozen = true
	}
	for _, path := range low.AdaptedModules() {
		if strings.HasSuffix(path, "Attention.q") {
			if _, err := low.Adapt(path, 1, 1, 0, 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	if all, some := measure(full), measure(low); some > 0.72*all {
		t.Errorf("%g operations with adapters and %g without", some, all)
	}
}

func TestAdaptRefuses(t *testing.T) {
	m := tiny(t, "relu", true)
	for _, c := range []struct {
		path string
		rank int
		want string
	}{
		{"shared", 2, "no linear layer of a block"},
		{"encoder.final_layer_norm", 2, "no linear layer"},
		{"decoder.block.0.layer.0.SelfAttention.q", 0, "has rank 0"},
		{"decoder.block.0.layer.0.SelfAttention.q", 1000, "has rank 1000"},
	} {
		if _, err := m.Adapt(c.path, c.rank, 1, 0, 0); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want one with %q", c.path, err, c.want)
		}
	}
	small := adapted(t, "relu", 0)
	if err := small.QuantizeInt8(); err != nil {
		t.Fatal(err)
	}
	if err := small.MergeAdapters(nil); err == nil || !strings.Contains(err.Error(), "open the model in float32") {
		t.Errorf("merge into int8: got error %v", err)
	}
}
