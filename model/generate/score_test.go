package generate

import (
	"context"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"t5train/checkpoints/safetensors"
	"t5train/model"
	"t5train/model/kernel"
	"t5train/model/op"
)

// OpenWeights is [checkpoints.OpenWeights]. That package imports this one, so a test outside of this package sets it.
var OpenWeights func(dir string) (Weights, error)

// Weights are what a checkpoint folder holds.
type Weights interface {
	model.TensorSource
	Config() []byte
	Close() error
}

func loadCase(t *testing.T, dir string) *model.T5 { return loadCaseBy(t, dir, model.Load) }

func loadCaseBy(t *testing.T, dir string, load func(model.Config, model.TensorSource) (*model.T5, error)) *model.T5 {
	t.Helper()
	weights, err := OpenWeights(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer weights.Close()
	c, err := model.ParseConfig(weights.Config())
	if err != nil {
		t.Fatal(err)
	}
	m, err := load(c, weights)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// record is a golden.safetensors.
type record struct {
	t    *testing.T
	file *safetensors.File
}

func openRecord(t *testing.T, dir string) record {
	t.Helper()
	file, err := safetensors.Open(filepath.Join(dir, "golden.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return record{t, file}
}

// ints reads a matrix of integers.
func (r record) ints(name string) (values []int64, rows, cols int) {
	r.t.Helper()
	x, ok := r.file.Tensor(name)
	if !ok {
		r.t.Fatalf("golden: no tensor %s", name)
	}
	v, err := x.Int64s()
	if err != nil {
		r.t.Fatal(err)
	}
	return slices.Clone(v), x.Shape[0], x.Shape[1]
}

// floats reads a tensor of float64.
func (r record) floats(name string) []float64 {
	r.t.Helper()
	x, ok := r.file.Tensor(name)
	if !ok {
		r.t.Fatalf("golden: no tensor %s", name)
	}
	v, err := x.Float64s()
	if err != nil {
		r.t.Fatal(err)
	}
	return v
}

// inputsOf reads input_ids without the tokens that attention_mask hides, which must be padding at the ends.
func inputsOf(t *testing.T, dir string) [][]int32 {
	t.Helper()
	r := openRecord(t, dir)
	ids, rows, cols := r.ints("input_ids")
	mask, _, _ := r.ints("attention_mask")
	inputs := make([][]int32, rows)
	for i, id := range ids {
		if mask[i] != 0 {
			inputs[i/cols] = append(inputs[i/cols], int32(id))
		}
	}
	return inputs
}

// mostProbable returns the most probable sequence of each input.
func mostProbable(g *Generator, inputs [][]int32, tokens int) ([]Output, error) {
	all, err := g.Generate(context.Background(), inputs, Options{MaxTokens: tokens})
	var first []Output
	for _, outputs := range all {
		first = append(first, outputs[0])
	}
	return first, err
}

func toy(t testing.TB, kind, proj string) *model.T5 {
	t.Helper()
	m, err := model.New(model.Config{
		ModelType: kind, VocabSize: 40, DModel: 24, DKV: 6, DFF: 32, NumLayers: 2, NumDecoderLayers: 3, NumHeads: 3,
		RelativeAttentionNumBuckets: 8, RelativeAttentionMaxDistance: 20, LayerNormEpsilon: 1e-6, FeedForwardProj: proj,
		EOSTokenID: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	m.Init(3)
	return m
}

var (
	toyInputs  = [][]int32{{5, 6, 7, 1}, {9, 1}, {11, 12, 13, 14, 15, 16, 1}}
	toyTargets = [][]int32{{4, 5, 1}, {4, 5, 6, 7, 1}, {8, 1}, {4, 1}, {4, 5, 1}}
)

// The cached decoder and the graph are two ways to the same numbers: the score of a target is minus its loss.
func TestScoreIsTheLossOfTheGraph(t *testing.T) {
	for _, c := range []struct{ kind, proj string }{{"t5", "relu"}, {"t5", "gated-gelu"}, {"umt5", "gated-silu"},
		{"mt5", "gelu"}} {
		t.Run(c.kind+" "+c.proj, func(t *testing.T) {
			m := toy(t, c.kind, c.proj)
			w := kernel.NewWorkers(2)
			g := New(m, w)
			scores, err := g.TargetLogProbs(t.Context(), toyInputs, toyTargets)
			if err != nil {
				t.Fatal(err)
			}
			graph, err := m.LossGraph(w, model.LossOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer graph.Close()
			for i, in := range toyInputs {
				for j, target := range toyTargets {
					totals, err := graph.Run(model.Batch{
						Inputs: op.Ragged{IDs: in, Offsets: []int32{0, int32(len(in))}},
						Labels: op.Ragged{IDs: target, Offsets: []int32{0, int32(len(target))}},
					}, op.Pass{})
					if err != nil {
						t.Fatal(err)
					}
					if math.Abs(scores[i][j]+totals.NLL) > 1e-4 {
						t.Errorf("input %d, target %d: score %.6f, loss %.6f", i, j, scores[i][j], totals.NLL)
					}
				}
			}
		})
	}
}

// A long generation outgrows the first cache, and its score found again must be its log-probability.
func TestGreedyScoresItself(t *testing.T) {
	m := toy(t, "t5", "gated-gelu")
	g := New(m, kernel.NewWorkers(2))
	outputs, err := mostProbable(g, toyInputs, 70)
	if err != nil {
		t.Fatal(err)
	}
	for i, out := range outputs {
		if !out.Finished && len(out.IDs) != 70 {
			t.Errorf("input %d: %d tokens without EOS, want 70", i, len(out.IDs))
		}
		target := out.IDs
		if out.Finished {
			target = append(slices.Clone(target), 1)
		}
		scores, err := g.TargetLogProbs(t.Context(), toyInputs[i:i+1], [][]int32{target})
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(scores[0][0]-out.LogProb) > 1e-3 {
			t.Errorf("input %d: log-probability %.5f, scored %.5f", i, out.LogProb, scores[0][0])
		}
	}
}

// More labels than fit at once are scored in groups of inputs, which must not change whose score is whose.
func TestScoreOfManyTargets(t *testing.T) {
	g := New(toy(t, "t5", "relu"), kernel.NewWorkers(2))
	var targets [][]int32
	for i := range int32(scoreBranches / 2) {
		targets = append(targets, []int32{2 + i%20, 2 + i/20, 1})
	}
	scores, err := g.TargetLogProbs(t.Context(), toyInputs, targets)
	if err != nil {
		t.Fatal(err)
	}
	if len(scores) != len(toyInputs) {
		t.Fatalf("%d rows of scores for %d inputs", len(scores), len(toyInputs))
	}
	for i := range toyInputs {
		for _, j := range []int{0, 21, len(targets) - 1} {
			alone, err := g.TargetLogProbs(t.Context(), toyInputs[i:i+1], targets[j:j+1])
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(scores[i][j]-alone[0][0]) > 1e-4 {
				t.Errorf("input %d, target %d: scored %.6f among many, %.6f alone", i, j, scores[i][j], alone[0][0])
			}
		}
	}
}

// The best target is the one with the largest score, whatever the walk leaves out on the way.
func TestBestIsTheLargestScore(t *testing.T) {
	for seed := range uint64(20) {
		m := toy(t, "t5", "relu")
		// sharper than random weights are, so that some prefixes are out of the question
		for i := range m.LMHead.Value {
			m.LMHead.Value[i] *= float32(1 + seed%5*20)
		}
		draw := rand.New(rand.NewPCG(seed, 1))
		var targets [][]int32
		for range 40 {
			var target []int32
			for range 1 + draw.IntN(5) {
				target = append(target, 2+draw.Int32N(3))
			}
			targets = append(targets, append(target, 1))
		}
		g := New(m, kernel.NewWorkers(2))
		scores, err := g.TargetLogProbs(t.Context(), toyInputs, targets)
		if err != nil {
			t.Fatal(err)
		}
		best, logProbs, err := g.Best(t.Context(), toyInputs, targets)
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range scores {
			want := slices.Index(row, slices.Max(row))
			if !slices.Equal(targets[best[i]], targets[want]) || math.Abs(logProbs[i]-row[want]) > 1e-4*max(1,
				-row[want]) {
				t.Errorf("seed %d, input %d: target %d with %.6f, want %d with %.6f", seed, i, best[i], logProbs[i],
					want, row[want])
			}
			if first := slices.IndexFunc(targets,
				func(x []int32) bool { return slices.Equal(x, targets[want]) }); best[i] != first {
				t.Errorf("seed %d, input %d: target %d of equal ones, want the first, %d", seed, i, best[i], first)
			}
		}
	}
}

func TestBestNeedsTargets(t *testing.T) {
	g := New(toy(t, "t5", "relu"), kernel.NewWorkers(1))
	if _, _, err := g.Best(t.Context(), toyInputs, nil); err == nil {
		t.Error("no targets: no error")
	}
	if _, _, err := g.Best(t.Context(), toyInputs, [][]int32{{99}}); err == nil {
		t.Error("target beyond the vocabulary: no error")
	}
}

func TestBadTokensAreRefused(t *testing.T) {
	g := New(toy(t, "t5", "relu"), kernel.NewWorkers(1))
	for name, in := range map[string][][]int32{"beyond the vocabulary": {{40, 1}}, "negative": {{-1}},
		"empty": {{3, 1}, {}}} {
		if _, err := mostProbable(g, in, 4); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := g.TargetLogProbs(t.Context(), [][]int32{{3, 1}}, [][]int32{{99}}); err == nil {
		t.Error("target beyond the vocabulary: no error")
	}
}

// Numbers that are no numbers must not come out as text or as a label.
func TestDivergedModel(t *testing.T) {
	for name, value := range map[string]float64{"NaN": math.NaN(), "infinite": math.Inf(1)} {
		m := toy(t, "t5", "relu")
		m.LMHead.Value[5*24+3] = float32(value) // one token of the vocabulary
		g := New(m, kernel.NewWorkers(2))
		for way, o := range ways() {
			if out, err := g.Generate(context.Background(), toyInputs, o); err == nil {
				t.Errorf("%s, %s: generated %v", name, way, out)
			}
		}
		scores, err := g.TargetLogProbs(t.Context(), toyInputs, [][]int32{{7, 1}})
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range scores {
			if !math.IsNaN(row[0]) {
				t.Errorf("%s: input %d scored %v, want NaN", name, i, row[0])
			}
		}
		_, logProbs, err := g.Best(t.Context(), toyInputs, [][]int32{{7, 1}, {8, 1}})
		if err != nil || !math.IsNaN(logProbs[0]) {
			t.Errorf("%s: the best target has %v, %v, want NaN", name, logProbs, err)
		}
	}
}

func TestNoInputHasNoAnswer(t *testing.T) {
	g := New(toy(t, "t5", "relu"), kernel.NewWorkers(1))
	if out, err := mostProbable(g, nil, 4); len(out) != 0 || err != nil {
		t.Errorf("Generate: got %v, %v", out, err)
	}
	if scores, err := g.TargetLogProbs(t.Context(), nil, [][]int32{{7, 1}}); len(scores) != 0 || err != nil {
		t.Errorf("Score: got %v, %v", scores, err)
	}
}
