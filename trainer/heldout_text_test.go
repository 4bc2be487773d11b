package trainer

import (
	"math"
	"testing"

	"t5train/data/table"
	"t5train/data/task"
	"t5train/internal/testrun"
	"t5train/trainer/metric"
	"t5train/trainer/predict/inputfile"
)

// Held-out examples are the same for every seed, and their loss that of all of them at once.
func TestHeldOutText(t *testing.T) {
	metrics := func(seed, batchSize int) map[string]float64 {
		c := tinyPretraining(t)
		c.Model.DropoutRate = new(0.0)
		c.Data.MaxValidationExamples, c.Eval.BatchSize, c.Eval.Samples, c.Train.Seed = 0, batchSize, 0, seed
		l := newTestLoop(t, c, nil)
		l.folder.Model.Init(7)
		values, _, err := l.evalSet.Evaluate(t.Context(), func(int64) {})
		if err != nil {
			t.Fatal(err)
		}
		return metric.Map(values)
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
	if text := one["bytes"]; text != float64(textBytes(t, testrun.ValidationFile)) {
		t.Errorf("got %g bytes of text, want %d", text, textBytes(t, testrun.ValidationFile))
	}
}

// textBytes returns the bytes of all messages of a file.
func textBytes(t *testing.T, file string) (n int) {
	t.Helper()
	spec := task.Spec{Name: task.Seq2Seq, TextColumns: []string{"sms"}}
	if err := inputfile.Read(t.Context(), file, table.Parquet, spec, nil, nil, func(in inputfile.Input) error {
		n += len(in.Shown)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return n
}
