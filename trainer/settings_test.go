package trainer

import (
	"bytes"
	"encoding/json"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/internal/testdir"
	"t5train/internal/testrun"
	"t5train/model"
	"t5train/trainer/optim"
	"t5train/trainer/runlog"
)

// The tests in this file make sure that the configuration reaches the step. Comparing runs with each other cannot find
// a setting that is lost.

// plainSGD makes an update minus the gradient times the rate.
func plainSGD(c *configs.Config, rate float64) {
	zero := 0.0
	c.Optimizer = optim.Spec{Name: "sgd", LearningRate: &rate, Momentum: &zero}
}

// Clipping shortens the gradient to train.clip_norm, and reports how long it was.
func TestClipNorm(t *testing.T) {
	for name, c := range map[string]struct{ clip float64 }{
		"off": {0}, "longer than the gradient": {1e6}, "shorter": {0.01},
	} {
		t.Run(name, func(t *testing.T) {
			config := testrun.TinyConfig(t)
			plainSGD(config, 1)
			config.Train.ClipNorm, config.Data.Validation = c.clip, nil
			l := newTestLoop(t, config, nil)
			before := allWeights(l.folder.Model)
			r, err := l.stepper.Step(0, 0, nextBatches(t, l))
			if err != nil {
				t.Fatal(err)
			}
			want := r.GradNorm
			if c.clip > 0 {
				want = min(want, c.clip)
			}
			if got := distance(before, allWeights(l.folder.Model)); !(math.Abs(got-want) <= 1e-4*want) {
				t.Errorf("the weights move by %g, want %g", got, want)
			}
			if !(r.GradNorm > 0.1) {
				t.Errorf("the gradient norm is %g, want that before clipping", r.GradNorm)
			}
		})
	}
}

func TestScheduleReachesTheSteps(t *testing.T) {
	for name, c := range map[string]struct {
		schedule configs.Schedule
		want     []float64 // parts of the learning rate
	}{
		"constant": {configs.Schedule{Name: "constant"}, []float64{1, 1, 1, 1, 1, 1, 1, 1}},
		// Up from 0 in 2 steps, down to 0 at step 8.
		"linear": {configs.Schedule{Name: "linear", WarmupSteps: 2},
			[]float64{0, 0.5, 1, 5. / 6, 4. / 6, 3. / 6, 2. / 6, 1. / 6}},
	} {
		t.Run(name, func(t *testing.T) {
			const rate = 0.25
			config := testrun.TinyConfig(t)
			plainSGD(config, rate)
			config.Schedule, config.Train.LogEvery, config.Data.Validation = c.schedule, 1, nil
			finetune(t, config, Options{})
			var got []float64
			for line := range bytes.Lines(testdir.Read(t, filepath.Join(config.Output, runlog.HistoryName))) {
				var entry runlog.Train
				if err := json.Unmarshal(line, &entry); err != nil {
					t.Fatal(err)
				}
				got = append(got, entry.LearningRate/rate)
			}
			if !slices.EqualFunc(got, c.want, func(a, b float64) bool { return math.Abs(a-b) < 1e-12 }) {
				t.Errorf("the learning rates are %v of the peak, want %v", got, c.want)
			}
		})
	}
}

// Each setting of the loss changes what the first step minimises, and what does not belong to it changes nothing.
func TestSettingsOfTheLoss(t *testing.T) {
	first := func(t *testing.T, change func(c *configs.Config)) float64 {
		c := testrun.TinyConfig(t)
		zero := 0.0
		c.Model.DropoutRate, c.Data.Validation = &zero, nil
		change(c)
		l := newTestLoop(t, c, nil)
		r, err := l.stepper.Step(0, 0, nextBatches(t, l))
		if err != nil {
			t.Fatal(err)
		}
		return r.Loss
	}
	half := 0.5
	plain := first(t, func(*configs.Config) {})
	for name, c := range map[string]struct {
		change func(c *configs.Config)
		same   bool
	}{
		"nothing":         {func(*configs.Config) {}, true},
		"optimizer":       {func(c *configs.Config) { plainSGD(c, 0.1) }, true},
		"clipping":        {func(c *configs.Config) { c.Train.ClipNorm = 0.01 }, true},
		"dropout":         {func(c *configs.Config) { c.Model.DropoutRate = &half }, false},
		"label smoothing": {func(c *configs.Config) { c.Train.LabelSmoothing = 0.5 }, false},
		"z loss":          {func(c *configs.Config) { c.Train.ZLoss = 0.1 }, false},
		"seed":            {func(c *configs.Config) { c.Train.Seed = 2 }, false},
		"prefix":          {func(c *configs.Config) { c.Task.Prefix = new("sort") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := first(t, c.change); (got == plain) != c.same {
				t.Errorf("the loss is %g, and %g without the change: equal is %v, want %v", got, plain, got == plain,
					c.same)
			}
		})
	}
}

// New weights and the order of the examples come of the seed, each for itself.
func TestSeed(t *testing.T) {
	begin := func(seed int) (weights []float32, order []int32) {
		c := testrun.TinyConfig(t)
		c.Train.Seed, c.Data.Validation = seed, nil
		l := newTestLoop(t, c, nil)
		return allWeights(l.folder.Model), nextBatches(t, l)[0].Inputs.IDs
	}
	weights, order := begin(1)
	sameWeights, sameOrder := begin(1)
	if !slices.Equal(weights, sameWeights) || !slices.Equal(order, sameOrder) {
		t.Error("one seed gives two runs")
	}
	otherWeights, otherOrder := begin(2)
	if slices.Equal(weights, otherWeights) {
		t.Error("two seeds give the same weights")
	}
	if slices.Equal(order, otherOrder) {
		t.Error("two seeds give the same order")
	}
}

// A run that starts from a checkpoint takes its weights and tokenizer, and nothing of its history.
func TestStartFromCheckpoint(t *testing.T) {
	c := testrun.TinyConfig(t)
	finetune(t, c, Options{})
	from, _, err := checkpoints.Open(c.Output)
	if err != nil {
		t.Fatal(err)
	}
	rate := 0.25
	next := *c
	next.Model = configs.Model{Path: c.Output, DropoutRate: &rate}
	next.Tokenizer.Path, next.Output = "", filepath.Join(t.TempDir(), "next")
	next.Task.Prefix, next.Data.MaxInputLength = new("other"), 20
	l := newTestLoop(t, &next, nil)
	if !slices.Equal(allWeights(l.folder.Model), allWeights(from.Model)) {
		t.Error("the weights are not those of the checkpoint")
	}
	if got, want := l.folder.Tokenizer.Encode("win a prize"),
		from.Tokenizer.Encode("win a prize"); !slices.Equal(got, want) {
		t.Errorf("the tokenizer makes %v, want %v", got, want)
	}
	if l.state.Step != 0 || l.folder.Info.Step != 0 || l.folder.Info.Metrics != nil {
		t.Errorf("the run begins at step %d with %+v", l.state.Step, l.folder.Info)
	}

	next.Output = filepath.Join(t.TempDir(), "trained") // the loop holds the lock of the other
	r := finetune(t, &next, Options{})
	b, _, err := checkpoints.Open(r.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	if b.Model.Config.DropoutRate != rate || b.Info.Task.InputPrefix() != "other" || b.Info.MaxInputLength != 20 {
		t.Errorf("the new checkpoint has dropout %g and %+v, want those of the new run", b.Model.Config.DropoutRate,
			b.Info)
	}
}

// Check finds without training what Finetune would find, and writes nothing.
func TestCheck(t *testing.T) {
	small := 10
	for name, c := range map[string]struct {
		change func(c *configs.Config)
		want   []string // parts of the error; none: all is well
	}{
		"good":          {func(c *configs.Config) {}, nil},
		"no validation": {func(c *configs.Config) { c.Data.Validation = nil }, nil},
		"small vocabulary": {func(c *configs.Config) { c.Model.VocabSize = &small },
			[]string{"the tokenizer has 30 tokens but the model only 10"}},
		"no such column": {func(c *configs.Config) { c.Task.LabelColumn = "spam" }, []string{"spam"}},
		"no training file": {func(c *configs.Config) { c.Data.Train = []string{"nothing.parquet"} },
			[]string{"nothing.parquet"}},
		"no validation file": {func(c *configs.Config) { c.Data.Validation = []string{"nothing.parquet"} },
			[]string{"nothing.parquet"}},
		"no model": {func(c *configs.Config) { c.Model = configs.Model{Path: "nothing"} }, []string{"nothing"}},
		"two mistakes at once": {func(c *configs.Config) {
			c.Model.VocabSize, c.Data.Validation = &small,
				[]string{"nothing.parquet"}
		}, []string{"only 10", "nothing.parquet"}},
	} {
		t.Run(name, func(t *testing.T) {
			config := testrun.TinyConfig(t)
			c.change(config)
			err := Check(t.Context(), config, nil)
			if len(c.want) == 0 && err != nil {
				t.Errorf("error %v", err)
			}
			for _, part := range c.want {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("error %v, want %q in it", err, part)
				}
			}
			if files, err := filepath.Glob(filepath.Join(config.Output, "*")); err != nil || len(files) > 0 {
				t.Errorf("%v was written, %v", files, err)
			}
		})
	}
}

func allWeights(m *model.T5) []float32 {
	var all []float32
	for _, p := range m.Params {
		all = append(all, p.Value...)
	}
	return all
}

// distance is the Euclidean distance of two vectors.
func distance(a, b []float32) float64 {
	var sum float64
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
	}
	return math.Sqrt(sum)
}
