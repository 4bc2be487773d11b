package generate

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"t5train/internal/golden"
	"t5train/model"
	"t5train/model/kernel"
	"t5train/model/op"
)

// adapt puts an adapter with random weights beside some linear layers of a model.
func adapt(t *testing.T, m *model.T5, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	for i, path := range m.AdaptedModules() {
		if i%3 == int(seed%3) { // each another third, so that not all have the same
			continue
		}
		l, err := m.Adapt(path, 1+int(seed)%2, 1, 0, seed)
		if err != nil {
			t.Fatal(err)
		}
		for k := range l.B.Value {
			l.B.Value[k] = float32(r.NormFloat64() / 4)
		}
	}
}

// Inputs with different adapters in one batch have what each has alone with its adapter beside the model.
func TestAdaptersOfABatch(t *testing.T) {
	ctx, w := context.Background(), kernel.NewWorkers(2)
	for _, dir := range golden.Cases(t, "model") {
		m := loadCase(t, dir)
		inputs := [][]int32{{5, 9, 3, 1}, {7, 1}, {5, 9, 3, 1}, {5, 9, 3, 1}, {11, 12, 13, 14, 15, 1}}
		targets := [][]int32{{4, 6, 1}, {4, 7, 8, 1}, {9, 1}}
		which := []int{0, 2, 2, 3, 1} // 0 is none
		calls := map[string]func(g *Generator, l *Loss, inputs [][]int32) []any{
			"greedy": func(g *Generator, _ *Loss, in [][]int32) []any {
				return outputs(t, g, in, Options{MaxTokens: 6})
			},
			"beams": func(g *Generator, _ *Loss, in [][]int32) []any {
				return outputs(t, g, in, Options{MaxTokens: 6, Beams: 3, NumReturnSequences: 2})
			},
			"labels": func(g *Generator, _ *Loss, in [][]int32) []any {
				scores, err := g.TargetLogProbs(ctx, in, targets)
				return list(t, scores, err)
			},
			"best": func(g *Generator, _ *Loss, in [][]int32) []any {
				best, _, err := g.Best(ctx, in, targets)
				return list(t, best, err)
			},
			"targets": func(_ *Generator, l *Loss, in [][]int32) []any {
				scores, err := l.TargetLogProbs(ctx, in, slices.Repeat([][][]int32{targets}, len(in)))
				return list(t, scores, err)
			},
		}
		want := map[string][]any{}
		adapters := make([]*op.Adapter, 4)
		for a := range adapters {
			if a > 0 {
				adapt(t, m, uint64(a))
			}
			for i, in := range inputs {
				for name, call := range calls {
					if want[name] == nil {
						want[name] = make([]any, len(inputs))
					}
					if which[i] == a {
						want[name][i] = call(New(m, w), NewLoss(m, w), [][]int32{in})[0]
					}
				}
			}
			if a > 0 {
				adapters[a] = m.Detach()
			}
		}
		var own []*op.Adapter
		for _, a := range which {
			own = append(own, adapters[a])
		}
		g, l := New(m, w), NewLoss(m, w)
		for name, call := range calls {
			got := call(g.Adapted(own), l.Adapted(own), inputs)
			for i := range inputs {
				if !near(got[i], want[name][i]) {
					t.Errorf("%s: %s of input %d: %v, alone %v", dir, name, i, got[i], want[name][i])
				}
			}
			if name != "best" && fmt.Sprint(got[0]) == fmt.Sprint(got[2]) {
				t.Errorf("%s: %s: the adapter changes nothing", dir, name)
			}
		}
		if _, err := g.Adapted(own[:2]).Generate(ctx, inputs, Options{MaxTokens: 2}); err == nil {
			t.Error("two adapters for five inputs: no error")
		}
		if _, err := g.Adapted(own[:2]).TargetLogProbs(ctx, inputs, targets); err == nil {
			t.Error("two adapters for five inputs of targets: no error")
		}
	}
}

func outputs(t *testing.T, g *Generator, inputs [][]int32, o Options) []any {
	t.Helper()
	all, err := g.Generate(context.Background(), inputs, o)
	return list(t, all, err)
}

func list[T any](t *testing.T, values []T, err error) []any {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var all []any
	for _, v := range values {
		all = append(all, v)
	}
	return all
}

// near reports whether two results are equal but for rounding.
func near(a, b any) bool {
	switch a := a.(type) {
	case []Output:
		return slices.EqualFunc(a, b.([]Output), func(x, y Output) bool {
			return slices.Equal(x.IDs, y.IDs) && math.Abs(x.LogProb-y.LogProb) < 1e-4
		})
	case []float64:
		return slices.EqualFunc(a, b.([]float64), func(x, y float64) bool { return math.Abs(x-y) < 1e-4 })
	}
	return a == b
}
