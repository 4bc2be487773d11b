package trainer

import (
	"io"
	"math"
	"slices"
	"testing"

	"t5train/data/task"
	"t5train/data/tokenizer"
)

// Held-out examples are the same for every seed, and their loss that of all of them at once.
func TestHeldOutText(t *testing.T) {
	metrics := func(seed, batchSize int) map[string]float64 {
		c := tinyPretraining(t)
		c.Model.DropoutRate = new(0.0)
		c.Data.MaxValidationExamples, c.Eval.BatchSize, c.Eval.Samples, c.Train.Seed = 0, batchSize, 0, seed
		l := newTestLoop(t, c, PlainConsole(io.Discard))
		l.bundle.Model.Init(7)
		values, _, err := l.heldOut.Evaluate(t.Context(), func(int64) {})
		if err != nil {
			t.Fatal(err)
		}
		return metricMap(values)
	}
	one, many := metrics(1, 1), metrics(2, 64)
	for name, want := range one {
		if got := many[name]; math.Abs(got-want) > 1e-6*math.Abs(want) {
			t.Errorf("%s: batches of 1 and 64 give %g and %g", name, want, got)
		}
	}
	if d := one["loss_per_byte"]*one["bytes"] - one["loss"]*one["tokens"]; math.Abs(d) > 1e-6*one["tokens"] {
		t.Errorf("loss per byte x bytes and loss per token x tokens differ by %g", d)
	}
	if got := one["bits_per_byte"] * math.Ln2; math.Abs(got-one["loss_per_byte"]) > 1e-12 {
		t.Errorf("bits per byte are %g nats, want %g", got, one["loss_per_byte"])
	}
	if text := one["bytes"]; text != float64(textBytes(t, validationFile)) {
		t.Errorf("got %g bytes of text, want %d", text, textBytes(t, validationFile))
	}
}

// textBytes returns the bytes of all messages of a file.
func textBytes(t *testing.T, file string) (n int) {
	t.Helper()
	spec := task.Spec{Name: task.Seq2Seq, TextColumns: []string{"sms"}}
	if err := ReadInputs(t.Context(), file, FormatParquet, spec, nil, func(in Input) error {
		n += len(in.Shown)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestCountSpans(t *testing.T) {
	tok, err := tokenizer.T5()
	if err != nil {
		t.Fatal(err)
	}
	v := vocabularyOf(tok)
	if v.FirstSentinel != 32099 || v.Sentinels != 100 || v.EOS != 1 {
		t.Fatalf("got %+v, want T5's vocabulary", v)
	}
	if upwards := vocabularyOf(tokenizer.ByT5()); upwards.Sentinels != 0 || upwards.EOS != 1 {
		t.Errorf("ByT5's sentinels count upwards: got %+v, want none", upwards)
	}
	const s0, s1, eos = 32099, 32098, 1
	for _, test := range []struct {
		name          string
		target        []int32
		wrong         []int // places of tokens that are not predicted
		spans, filled int
	}{
		{"all right", []int32{s0, 5, 6, s1, 7, eos}, nil, 2, 2},
		{"a token", []int32{s0, 5, 6, s1, 7, eos}, []int{2}, 2, 1},
		{"the end of one", []int32{s0, 5, 6, s1, 7, eos}, []int{3}, 2, 1},
		{"the beginning does not count", []int32{s0, 5, 6, s1, 7, eos}, []int{0}, 2, 2},
		{"the end", []int32{s0, 5, 6, s1, 7, eos}, []int{5}, 2, 1},
		{"text that begins with noise", []int32{5, s0, 6, eos}, []int{0}, 2, 1},
		{"text that ends without noise", []int32{s0, 5, s1, eos}, nil, 1, 1},
		{"no sentinels", []int32{5, 6, eos}, nil, 0, 0},
	} {
		hits := make([]bool, len(test.target))
		for i := range hits {
			hits[i] = !slices.Contains(test.wrong, i)
		}
		if spans, filled := countSpans(v, test.target, hits); spans != test.spans || filled != test.filled {
			t.Errorf("%s: got %d of %d spans, want %d of %d", test.name, filled, spans, test.filled, test.spans)
		}
	}
}
