package generate

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"t5train/internal/golden"
	"t5train/model"
	"t5train/model/kernel"
	"t5train/model/op"
)

// toyInt8 is toy with its weights in eight bits.
func toyInt8(t *testing.T, kind, proj string) *model.T5 {
	t.Helper()
	m := toy(t, kind, proj)
	if err := m.QuantizeInt8(); err != nil {
		t.Fatal(err)
	}
	return m
}

// Rounding the weights changes the loss of every kind of model by little, whatever computes the products.
func TestGoldenRoundedLoss(t *testing.T) {
	for _, dir := range golden.Cases(t, "model") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			m := loadCase(t, dir)
			b := goldenBatch(openRecord(t, dir))
			float, err := NewLoss(m, kernel.NewWorkers(2)).Run(b)
			if err != nil {
				t.Fatal(err)
			}
			half := loadCaseBy(t, dir, model.LoadBFloat16)
			for _, isa := range kernel.ISAs() {
				got, err := NewLoss(half, kernel.NewWorkersOn(isa, 2)).Run(b)
				if err != nil {
					t.Fatal(err)
				}
				if difference := math.Abs(got.NLL-float.NLL) / float.NLL; !(difference <= 0.005) {
					t.Errorf("%s: in bfloat16 the loss is %.5f, in float32 %.5f", isa, got.NLL, float.NLL)
				}
			}
			if err := m.QuantizeInt8(); err != nil {
				t.Fatal(err)
			}
			for _, path := range kernel.ISAs() {
				got, err := NewLoss(m, kernel.NewWorkersOn(path, 2)).Run(b)
				if err != nil {
					t.Fatal(err)
				}
				difference := math.Abs(got.NLL-float.NLL) / float.NLL
				t.Logf("%s: the loss differs by %.2g", path, difference)
				if !(difference <= 0.02) {
					t.Errorf("%s: loss %.5f, in float32 %.5f", path, got.NLL, float.NLL)
				}
			}
		})
	}
}

// The three ways through a model in eight bits agree with each other: scores, losses and generated log-probabilities.
func TestInt8ScoresItself(t *testing.T) {
	for _, c := range []struct{ kind, proj string }{{"t5", "relu"}, {"umt5", "gated-gelu"}} {
		m := toyInt8(t, c.kind, c.proj)
		w := kernel.NewWorkers(2)
		g := New(m, w)
		outputs, err := g.Generate(t.Context(), toyInputs, Options{MaxTokens: 12})
		if err != nil {
			t.Fatal(err)
		}
		loss := NewLoss(m, w)
		for i, in := range toyInputs {
			out := outputs[i][0]
			target := slices.Clone(out.IDs)
			if out.Finished {
				target = append(target, 1)
			}
			scores, err := g.TargetLogProbs(t.Context(), [][]int32{in}, [][]int32{target})
			if err != nil {
				t.Fatal(err)
			}
			totals, err := loss.Run(model.Batch{
				Inputs: op.Ragged{IDs: in, Offsets: []int32{0, int32(len(in))}},
				Labels: op.Ragged{IDs: target, Offsets: []int32{0, int32(len(target))}},
			})
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(scores[0][0]-out.LogProb) > 1e-3 || math.Abs(totals.NLL+out.LogProb) > 1e-3 {
				t.Errorf("%s, input %d: generated with %.5f, scored %.5f, loss %.5f", c.kind, i, out.LogProb,
					scores[0][0], totals.NLL)
			}
		}
	}
}

// A row's activations have a scale of their own, so whatever is beside it in a batch changes nothing but rounding.
func TestInt8InBatches(t *testing.T) {
	g := New(toyInt8(t, "t5", "gated-gelu"), kernel.NewWorkers(2))
	all, err := g.TargetLogProbs(t.Context(), toyInputs, toyTargets)
	if err != nil {
		t.Fatal(err)
	}
	for i, in := range toyInputs {
		for j, target := range toyTargets {
			alone, err := g.TargetLogProbs(t.Context(), [][]int32{in}, [][]int32{target})
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(alone[0][0]-all[i][j]) > 1e-3 {
				t.Errorf("input %d, target %d: scored %.6f in a batch, %.6f alone", i, j, all[i][j], alone[0][0])
			}
		}
	}
}

// Activations that are no numbers must not come out as text, though bytes cannot hold them.
func TestDivergedInt8Model(t *testing.T) {
	m := toyInt8(t, "t5", "relu")
	m.Decoder.FinalLayerNorm.Weight.Value[3] = float32(math.NaN())
	g := New(m, kernel.NewWorkers(2))
	if out, err := g.Generate(t.Context(), toyInputs, Options{MaxTokens: 4}); err == nil {
		t.Errorf("generated %v", out)
	}
}
