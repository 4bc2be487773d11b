package model

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"t5train/model/kernel"
	"t5train/model/op"
)

// tiny is a small model of each kind with dropout-sized dimensions.
func tiny(t testing.TB, proj string, tie bool) *T5 {
	t.Helper()
	c := v1_0(24, 8, 40, 2, 3)
	c.VocabSize, c.FeedForwardProj, c.TieWordEmbeddings, c.ScaleDecoderOutputs = 70, proj, tie, tie
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	m.Init(5)
	return m
}

func tinyBatch() Batch {
	b := Batch{Inputs: op.Ragged{Offsets: []int32{0, 5, 6, 15}}, Labels: op.Ragged{Offsets: []int32{0, 3, 10, 11}}}
	for i := range 15 {
		b.Inputs.IDs = append(b.Inputs.IDs, int32(3+i*7%60))
	}
	for i := range 11 {
		b.Labels.IDs = append(b.Labels.IDs, int32(2+i*5%60))
	}
	return b
}

// The order in which the three uses of a tied embedding add up must not depend on a map or on threads.
func TestGradientsAreTheSameBitsEveryTime(t *testing.T) {
	for _, proj := range []string{"relu", "gated-gelu"} {
		t.Run(proj, func(t *testing.T) {
			m := tiny(t, proj, proj == "relu")
			var want [][]float32
			for try := range 6 {
				graph, err := m.LossGraph(kernel.NewWorkers(1+try%3), LossOptions{Dropout: 0.2, Gradients: true})
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range m.Params {
					p.ZeroGrad()
				}
				if _, err := graph.Run(tinyBatch(), op.Pass{Train: true, Seed: 4, Number: 9, GradScale: 0.1}); err !=
					nil {
					t.Fatal(err)
				}
				graph.Close()
				for i, p := range m.Params {
					if try == 0 {
						want = append(want, slices.Clone(p.Grad()))
					} else if !slices.Equal(want[i], p.Grad()) {
						t.Errorf("try %d: the gradient of %s has other bits", try, p.Name)
					}
				}
			}
		})
	}
}

// One graph serves every shape: a batch gives the same loss alone and after batches of other shapes, and a
// batch's loss is the sum of those of its sequences.
func TestOneGraphForAllShapes(t *testing.T) {
	m := tiny(t, "gated-gelu", false)
	graph, err := m.LossGraph(kernel.NewWorkers(2), LossOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer graph.Close()
	b := tinyBatch()
	whole, err := graph.Run(b, op.Pass{})
	if err != nil {
		t.Fatal(err)
	}
	var parts kernel.Totals
	for s := range b.Sequences() {
		var alone Batch
		alone.Inputs.Append(b.Inputs.At(s)...)
		alone.Labels.Append(b.Labels.At(s)...)
		one, err := graph.Run(alone, op.Pass{})
		if err != nil {
			t.Fatal(err)
		}
		parts.Tokens += one.Tokens
		parts.NLL += one.NLL
	}
	again, err := graph.Run(b, op.Pass{})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(again, whole) {
		t.Errorf("the same batch gives %+v and then %+v", whole, again)
	}
	if parts.Tokens != whole.Tokens || math.Abs(parts.NLL-whole.NLL) > 1e-4 {
		t.Errorf("sequence by sequence %+v, together %+v", parts, whole)
	}
}

// With the T5X rules a fresh model has logits of variance about 1, so its loss is a little above ln(vocabulary).
func TestFirstLoss(t *testing.T) {
	for _, c := range []Config{v1_0(64, 16, 128, 2, 4), v1_1(64, 16, 128, 2, 4)} {
		m, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		m.Init(1)
		graph, err := m.LossGraph(kernel.NewWorkers(0), LossOptions{})
		if err != nil {
			t.Fatal(err)
		}
		totals, err := graph.Run(tinyBatch(), op.Pass{})
		graph.Close()
		if err != nil {
			t.Fatal(err)
		}
		if loss := totals.NLL / float64(totals.Tokens); loss < 10 || loss > 11.6 {
			t.Errorf("%s: first loss %.2f, want about ln(32128) + 0.5 = 10.9", c.FeedForwardProj, loss)
		}
	}
}

func TestRunRefusesBadBatches(t *testing.T) {
	m := tiny(t, "relu", true)
	graph, err := m.LossGraph(kernel.NewWorkers(1), LossOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer graph.Close()
	for name, damage := range map[string]func(b *Batch){
		"token beyond the vocabulary": func(b *Batch) { b.Inputs.IDs[3] = 70 },
		"negative token":              func(b *Batch) { b.Inputs.IDs[3] = -1 },
		"label beyond the vocabulary": func(b *Batch) { b.Labels.IDs[3] = 70 },
		"offsets fall":                func(b *Batch) { b.Inputs.Offsets[1] = 7 },
		"offsets end early":           func(b *Batch) { b.Inputs.Offsets[3] = 14 },
		"sequences differ":            func(b *Batch) { b.Inputs.Offsets = []int32{0, 15} },
		"labels missing":              func(b *Batch) { b.Labels.IDs = b.Labels.IDs[:4] },
		"no tokens":                   func(b *Batch) { *b = Batch{} },
	} {
		t.Run(name, func(t *testing.T) {
			b := tinyBatch()
			damage(&b)
			if _, err := graph.Run(b, op.Pass{}); err == nil {
				t.Error("no error")
			}
		})
	}
}

// Final tells of every gradient once, when it has all that the run adds: what it is then is what it is in the end.
func TestFinalGradients(t *testing.T) {
	for name, o := range map[string]LossOptions{
		"kept": {Dropout: 0.2, Gradients: true}, "recomputed": {Dropout: 0.2, Gradients: true, Recompute: true},
	} {
		for _, tied := range []bool{true, false} {
			m := tiny(t, "gated-gelu", tied)
			graph, err := m.LossGraph(kernel.NewWorkers(2), o)
			if err != nil {
				t.Fatal(err)
			}
			defer graph.Close()
			for micro := range 2 {
				told := make(map[*op.Param][]float32)
				step := op.Pass{Train: true, Seed: 4, Number: uint32(micro), GradScale: 0.1, Final: func(p *op.Param) {
					if told[p] != nil {
						t.Errorf("%s: %s is told twice", name, p.Name)
					}
					told[p] = slices.Clone(p.Grad())
				}}
				if _, err := graph.Run(tinyBatch(), step); err != nil {
					t.Fatal(err)
				}
				for _, p := range m.Params {
					if !slices.Equal(told[p], p.Grad()) {
						t.Errorf("%s, tied %v, batch %d: %s was told before its end, or not at all", name, tied, micro,
							p.Name)
					}
				}
			}
		}
	}
}
