package generate

import (
	"cmp"
	"context"
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"

	"t5train/model/kernel"
)

// ways are options of each way to choose tokens.
func ways() map[string]Options {
	return map[string]Options{
		"greedy":   {MaxTokens: 12},
		"beams":    {MaxTokens: 12, Beams: 4, NumReturnSequences: 3, LengthPenalty: new(0.6)},
		"alpha":    {MaxTokens: 12, Beams: 3, NumReturnSequences: 3, LengthNormAlpha: 0.6, EarlyStopping: Never},
		"sampling": {MaxTokens: 12, NumReturnSequences: 3, Sampling: &Sampling{Temperature: 1.2, TopP: 0.9, Seed: 5}},
		"changed": {MaxTokens: 12, MinTokens: 3, Beams: 4, RepetitionPenalty: 1.3, NoRepeatNgram: 2,
			Suppress: []int32{7}, EOS: []int32{1, 9}},
	}
}

func newToyGenerator(t testing.TB, threads int) *Generator {
	t.Helper()
	g := New(toy(t, "t5", "gated-gelu"), kernel.NewWorkers(threads))
	return g
}

func generate(t testing.TB, g *Generator, inputs [][]int32, o Options) [][]Output {
	t.Helper()
	outputs, err := g.Generate(context.Background(), inputs, o)
	if err != nil {
		t.Fatal(err)
	}
	return outputs
}

func TestThreadsDoNotMatter(t *testing.T) {
	one, two := newToyGenerator(t, 1), newToyGenerator(t, 2)
	for name, o := range ways() {
		a, b := generate(t, one, toyInputs, o), generate(t, two, toyInputs, o)
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s: one thread %v, two %v", name, a, b)
		}
	}
}

func TestBatchDoesNotMatter(t *testing.T) {
	g := newToyGenerator(t, 2)
	for name, o := range ways() {
		together := generate(t, g, toyInputs, o)
		for i, in := range toyInputs {
			if o.Sampling != nil {
				s := *o.Sampling
				s.Indices = []int{i}
				o.Sampling = &s
			}
			alone := generate(t, g, [][]int32{in}, o)[0]
			for j, out := range alone {
				want := together[i][j]
				if !slices.Equal(out.IDs, want.IDs) || math.Abs(out.Score-want.Score) > 1e-4 || out.Finished !=
					want.Finished {
					t.Errorf("%s, input %d: alone %v, in a batch %v", name, i, out, want)
				}
			}
		}
	}
}

func TestLogProbIsWhatScoreGives(t *testing.T) {
	g := newToyGenerator(t, 2)
	for name, o := range ways() {
		for i, outputs := range generate(t, g, toyInputs, o) {
			for _, out := range outputs {
				var eos []int32
				if out.Finished {
					eos = []int32{1}
				}
				if out.Finished && len(o.EOS) > 1 {
					continue // either token may have been EOS
				}
				target := append(slices.Clone(out.IDs), eos...)
				scores, err := g.TargetLogProbs(t.Context(), toyInputs[i:i+1], [][]int32{target})
				if err != nil {
					t.Fatal(err)
				}
				if math.Abs(scores[0][0]-out.LogProb) > 1e-4 {
					t.Errorf("%s, input %d: log-probability %.6f, scored %.6f", name, i, out.LogProb, scores[0][0])
				}
			}
		}
	}
}

// One beam that stops at its first EOS has no choice but the most probable token.
func TestOneBeamIsGreedy(t *testing.T) {
	g := newToyGenerator(t, 2)
	want := generate(t, g, toyInputs, Options{MaxTokens: 30})
	d, err := g.start(toyInputs, 1)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{MaxTokens: 30, Beams: 1, EarlyStopping: Early, EOS: []int32{1}}
	r := run{generator: g, decoder: d, options: &o, inputs: toyInputs}
	got, err := r.search(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if len(got[i]) != 1 || !slices.Equal(got[i][0].IDs, want[i][0].IDs) ||
			math.Abs(got[i][0].LogProb-want[i][0].LogProb) > 1e-4 {
			t.Errorf("input %d: one beam %v, greedy %v", i, got[i], want[i])
		}
	}
}

// Beams that hold all sequences of a trie must rank them as scoring each of them does.
func TestWideBeamsFindTheBest(t *testing.T) {
	g := newToyGenerator(t, 2)
	var targets [][]int32
	for a := range int32(6) {
		for b := range int32(5) {
			targets = append(targets, []int32{2 + a, 10 + a*b, 1}, []int32{2 + a, 20 + b, 3 + a, 1})
		}
	}
	targets = append(targets, []int32{2, 1}, []int32{30, 31, 32, 33, 34, 1})
	slices.SortFunc(targets, slices.Compare[[]int32])
	targets = slices.CompactFunc(targets, slices.Equal[[]int32])
	scores, err := g.TargetLogProbs(t.Context(), toyInputs, targets)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		o      Options
		length func(n float64) float64
	}{
		{"sum", Options{LengthPenalty: new(0.0)}, func(float64) float64 { return 1 }},
		{"mean", Options{}, func(n float64) float64 { return n }},
		{"TestPaper_Alpha", Options{LengthNormAlpha: 0.6}, func(n float64) float64 { return math.Pow((5+n)/6, 0.6) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Allowed = NewTrie(targets)
			c.o.MaxTokens, c.o.Beams, c.o.NumReturnSequences, c.o.EarlyStopping = 6, len(targets), len(targets), Never
			for i, outputs := range generate(t, g, toyInputs, c.o) {
				if len(outputs) != len(targets) {
					t.Fatalf("input %d: %d sequences, want %d", i, len(outputs), len(targets))
				}
				order := make([]int, len(targets))
				score := make([]float64, len(targets))
				for j, target := range targets {
					order[j], score[j] = j, scores[i][j]/c.length(float64(len(target)))
				}
				slices.SortFunc(order, func(a, b int) int { return cmp.Compare(score[b], score[a]) })
				for rank, j := range order {
					if out := outputs[rank]; !slices.Equal(append(out.IDs, 1), targets[j]) ||
						math.Abs(out.Score-score[j]) > 1e-4 {
						t.Errorf("input %d, rank %d: got %v %.5f, want %v %.5f", i, rank, out.IDs, out.Score,
							targets[j], score[j])
					}
				}
			}
		})
	}
}

func TestSamplingAgreesWithTheModel(t *testing.T) {
	g := newToyGenerator(t, 2)
	const temperature, sequences, seeds = 1.5, 1000, 20
	input := toyInputs[:1]
	var singles [][]int32
	for id := range int32(40) {
		singles = append(singles, []int32{id})
	}
	logProbs, err := g.TargetLogProbs(t.Context(), input, singles)
	if err != nil {
		t.Fatal(err)
	}
	want := make([]float64, len(singles))
	var sum float64
	for id, p := range logProbs[0] {
		want[id] = math.Exp(p / temperature)
		sum += want[id]
	}
	got := make([]float64, len(singles))
	for seed := range uint64(seeds) {
		o := Options{MaxTokens: 1, EOS: []int32{}, NumReturnSequences: sequences,
			Sampling: &Sampling{Temperature: temperature, Seed: seed}}
		for _, out := range generate(t, g, input, o)[0] {
			got[out.IDs[0]]++
			if p := math.Log(want[out.IDs[0]] / sum); math.Abs(p-out.Score) > 1e-4 {
				t.Fatalf("token %d: score %.5f, want %.5f", out.IDs[0], out.Score, p)
			}
		}
	}
	var chi2, free float64
	for id := range want {
		expected := want[id] / sum * sequences * seeds
		chi2 += (got[id] - expected) * (got[id] - expected) / expected
		free++
	}
	if free--; chi2 > free+6*math.Sqrt(2*free) {
		t.Errorf("chi square %.0f for %g degrees of freedom", chi2, free)
	}
}

// However many of the best continuations end, beams must be left that go on.
func TestManyEOSLeaveBeamsThatGoOn(t *testing.T) {
	g := newToyGenerator(t, 2)
	var singles [][]int32
	for id := range int32(40) {
		singles = append(singles, []int32{id})
	}
	scores, err := g.TargetLogProbs(t.Context(), toyInputs[:1], singles)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(singles, func(a, b []int32) int { return cmp.Compare(scores[0][b[0]], scores[0][a[0]]) })
	eos := slices.Concat(singles[:8]...) // the most probable tokens
	least := singles[39][0]
	o := Options{MaxTokens: 4, Beams: 2, NumReturnSequences: 2, EOS: eos, EarlyStopping: Never, LengthPenalty: new(9.0)}
	o.Allowed = NewTrie(append(singles[:8:8], []int32{least, least, least, eos[0]}))
	if best := generate(t, g, toyInputs[:1], o)[0][0]; !slices.Equal(best.IDs, []int32{least, least, least}) {
		t.Errorf("got %v, want the one sequence that goes on", best)
	}
}

func TestEOSAloneIsNoBadWord(t *testing.T) {
	g := newToyGenerator(t, 2)
	for name, o := range ways() {
		o.EOS = []int32{1, 4, 5, 6, 8, 11, 12, 20}
		want := generate(t, g, toyInputs, o)
		o.BadWords = [][]int32{{1}, {4}, {5}, {6}, {8}, {11}, {12}, {20}}
		finished := false
		for i, outputs := range generate(t, g, toyInputs, o) {
			for j, out := range outputs {
				finished = finished || out.Finished
				if !slices.Equal(out.IDs, want[i][j].IDs) {
					t.Errorf("%s, input %d: got %v, want %v", name, i, out, want[i][j])
				}
			}
		}
		if !finished {
			t.Errorf("%s: nothing ended", name)
		}
	}
}

func TestNoTokenLeftEndsAnOutput(t *testing.T) {
	g := newToyGenerator(t, 2)
	all := make([]int32, 40)
	for i := range all {
		all[i] = int32(i)
	}
	for name, o := range ways() {
		o.Suppress = all
		for i, outputs := range generate(t, g, toyInputs, o) {
			for _, out := range outputs {
				if len(outputs) == 0 || out.Finished || len(out.IDs) > 0 {
					t.Errorf("%s, input %d: got %v, want an unfinished sequence without tokens", name, i, outputs)
				}
			}
		}
	}
}

func TestGenerateRefuses(t *testing.T) {
	g := newToyGenerator(t, 1)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for name, o := range ways() {
		if _, err := g.Generate(ctx, toyInputs, o); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, canceled: got %v", name, err)
		}
	}
	for name, o := range map[string]Options{
		"fewer indices than inputs": {MaxTokens: 3, Sampling: &Sampling{Temperature: 1, Indices: []int{1}}},
		"wrong options":             {},
		"trie without EOS":          {MaxTokens: 3, Allowed: NewTrie([][]int32{{5, 6}})},
		"trie behind EOS":           {MaxTokens: 3, Allowed: NewTrie([][]int32{{5, 1}, {5, 1, 1}})},
		"EOS in the prefix":         {MaxTokens: 3, Prefix: []int32{5, 1}},
	} {
		if out, err := g.Generate(context.Background(), toyInputs, o); err == nil {
			t.Errorf("%s: generated %v", name, out)
		}
	}
}

// Samples come in the order of their scores, as the sequences of a beam search do.
func TestSamplesAreOrdered(t *testing.T) {
	g, inputs := newToyGenerator(t, 1), toyInputs
	outputs, err := g.Generate(t.Context(), inputs,
		Options{MaxTokens: 6, NumReturnSequences: 9, Sampling: &Sampling{Temperature: 2, Seed: 1}})
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range outputs {
		if !slices.IsSortedFunc(o, func(a, b Output) int { return cmp.Compare(b.Score, a.Score) }) {
			t.Errorf("input %d: the samples %+v are not in the order of their scores", i, o)
		}
	}
}

// The token that a generation starts with may be another than the model's.
func TestStart(t *testing.T) {
	g, inputs := newToyGenerator(t, 1), toyInputs
	own, err := g.Generate(t.Context(), inputs,
		Options{MaxTokens: 6, Start: new(int32(g.model.Config.DecoderStartTokenID))})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := g.Generate(t.Context(), inputs, Options{MaxTokens: 6})
	if err != nil {
		t.Fatal(err)
	}
	other, err := g.Generate(t.Context(), inputs, Options{MaxTokens: 6, Start: new(int32(7))})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(own, plain) || reflect.DeepEqual(own, other) {
		t.Error("want the model's own token to change nothing, and another one to change the output")
	}
	if _, err := g.Generate(t.Context(), inputs, Options{MaxTokens: 6, Start: new(int32(1 << 20))}); err == nil {
		t.Error("a start that no vocabulary has: no error")
	}
}
