package trainer

import (
	"maps"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/data/task"
	"t5train/internal/testdir"
	"t5train/internal/testrun"
	"t5train/trainer/evaluate"
	"t5train/trainer/metric"
)

// mixedConfig trains on two tasks that differ in their prefix and label strings.
func mixedConfig(t *testing.T) *configs.Config {
	t.Helper()
	c := testrun.TinyConfig(t)
	part := configs.Component{Name: "a", Train: c.Data.Train, Validation: c.Data.Validation,
		Task: task.Spec{Name: c.Task.Name}, MixingRate: new(3.0)}
	other := part
	other.Name, other.MixingRate = "b", new(1.0)
	other.Task.Prefix, other.Task.LabelTexts = new("sort"), []string{"no", "yes"}
	c.Data.Mixture, c.Data.Train, c.Data.Validation, c.Task = []configs.Component{part, other}, nil, nil, task.Spec{}
	return c
}

// The loss of all parts together is that of their tokens, and each part's metrics are those of its task alone.
func TestMixtureOfTasks(t *testing.T) {
	l := newTestLoop(t, mixedConfig(t), nil)
	values, _, err := l.evalSet.Evaluate(t.Context(), func(int64) {})
	if err != nil {
		t.Fatal(err)
	}
	got := metric.Map(values)
	tokens := got["a/tokens"] + got["b/tokens"]
	if want := (got["a/loss"]*got["a/tokens"] + got["b/loss"]*got["b/tokens"]) / tokens; got["tokens"] != tokens ||
		!(math.Abs(got["loss"]-want) <= 1e-9) {
		t.Errorf("%g tokens with a loss of %g, want %g with %g", got["tokens"], got["loss"], tokens, want)
	}
	for _, name := range []string{"a", "b"} {
		b := *l.folder
		if err := b.ChooseTask(name); err != nil {
			t.Fatal(err)
		}
		alone, err := evaluate.Evaluate(t.Context(), &b, evaluate.Options{
			Data: []string{testrun.ValidationFile}, MaxExamples: 20, BatchSize: 32, Threads: 1,
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range alone.Values {
			if v.Value != got[name+"/"+v.Name] {
				t.Errorf("%s/%s is %g in the mixture, %g alone", name, v.Name, got[name+"/"+v.Name], v.Value)
			}
		}
	}
	if err := l.folder.ChooseTask(""); err == nil {
		t.Error("which of two tasks is not asked")
	}
	if err := (&checkpoints.Folder{}).ChooseTask("a"); err == nil {
		t.Error("a part of no mixture is no error")
	}
}

// A run on a mixture that was interrupted resumes to the same bits, and remembers its tasks.
func TestMixtureOfTasks_Resume(t *testing.T) {
	c := mixedConfig(t)
	c.Train.LogEvery, c.Checkpoint.KeepLast = 1, 100
	finetune(t, c, Options{})
	want := contents(t, c.Output)
	b, _, err := checkpoints.Open(c.Output)
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Info.Tasks) != 2 || b.Info.Task != nil || b.Info.Tasks["b"].Labels[1].Text != "yes" {
		t.Errorf("the checkpoint remembers %+v", b.Info)
	}

	c.Output = filepath.Join(t.TempDir(), "run")
	if r := stoppedAt(t, c, "step 3/"); !r.Interrupted {
		t.Fatalf("stopped with %+v", r)
	}
	finetune(t, c, Options{Resume: true})
	got := contents(t, c.Output)
	maps.DeleteFunc(got, func(name, _ string) bool { _, ok := want[name]; return !ok }) // saved when it stopped
	compareRuns(t, "a run that was stopped", want, got)
}

// A key that is newer than a run has its default there, so the run resumes.
func TestResume_NewerKeys(t *testing.T) {
	c := testrun.TinyConfig(t)
	c.Train.LogEvery = 1
	saved := stoppedAt(t, c, "step 3/").Checkpoint
	path := filepath.Join(saved, stateName)
	const key = `"train.label_smoothing": "0",`
	state := string(testdir.Read(t, path))
	if !strings.Contains(state, key) {
		t.Fatalf("no %s in %s", key, state)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(state, key, "", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(saved, "trainer", "checksums.json")); err != nil { // older runs have none
		t.Fatal(err)
	}
	changed := *c
	changed.Train.LabelSmoothing = 0.1
	if _, err := Finetune(t.Context(), &changed, Options{Resume: true}); err == nil {
		t.Error("another value than the default goes on")
	}
	finetune(t, c, Options{Resume: true})
}
