package trainer

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"t5train/configs"
	"t5train/internal/testdir"
	"t5train/internal/testrun"
)

// Where one label has most of the rows, accuracy does not choose the best checkpoint, unless it is asked for.
func TestMetricOfUnevenLabels(t *testing.T) {
	t.Parallel()
	even := filepath.Join(t.TempDir(), "even.parquet")
	testrun.WriteRows(t, even, 30) // two thirds of one label: not more
	for name, test := range map[string]struct {
		change func(*configs.Config)
		want   string
	}{
		"uneven":    {func(*configs.Config) {}, "f1_macro"},
		"even":      {func(c *configs.Config) { c.Data.Train = []string{even} }, "accuracy"},
		"asked for": {func(c *configs.Config) { c.Eval.Metric = "accuracy" }, "accuracy"},
		"metrics":   {func(c *configs.Config) { c.Task.Metrics = []string{"accuracy", "f1"} }, "accuracy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := testrun.TinyConfig(t)
			c.Train.Epochs, c.Train.Steps = 0, 2
			test.change(c)
			said := ""
			r := finetune(t, c, Options{Sink: testdir.Sink{Said: func(line string) { said += line + "\n" }}})
			if r.Metric != test.want {
				t.Errorf("%s chose the best checkpoint, want %s", r.Metric, test.want)
			}
			told := strings.Contains(said, `metric: f1_macro chooses the best checkpoint, for 90 %`) &&
				strings.Contains(said, `of the rows to train on are "ham"`) &&
				strings.Contains(said, "validation f1_macro ")
			if told != (test.want == "f1_macro") {
				t.Errorf("said\n%s", said)
			}
		})
	}
}

// A run that was begun when accuracy chose is resumed by accuracy.
func TestResumeOlderMetric(t *testing.T) {
	t.Parallel()
	c := testrun.TinyConfig(t)
	ctx, stop := context.WithCancel(t.Context())
	r, err := Finetune(ctx, c, Options{Hooks: []Hooks{{OnEval: func(EvalEvent) error { stop(); return nil }}}})
	if err != nil || !r.Interrupted || r.Metric != "f1_macro" {
		t.Fatalf("got %+v, %v", r, err)
	}
	path := filepath.Join(c.Output, "checkpoints", "checkpoint-00000004", stateName)
	var s map[string]any
	if err := json.Unmarshal(testdir.Read(t, path), &s); err != nil {
		t.Fatal(err)
	}
	delete(s, "metric")
	raw, _ := json.Marshal(s)
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(c.Output, "checkpoints", "checkpoint-00000004", "trainer", "checksums.json"))
	if r := finetune(t, c, Options{Resume: true}); r.Metric != "accuracy" {
		t.Errorf("got %s, want accuracy", r.Metric)
	}
}
