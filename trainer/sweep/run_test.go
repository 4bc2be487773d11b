package sweep

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/internal/atomicfile"
	"t5train/internal/testdir"
	"t5train/internal/testrun"
	"t5train/trainer"
)

func TestMain(m *testing.M) {
	testdir.InMemory()
	m.Run()
}

// tiny is a sweep of trials of 16 steps with four evaluations.
func tiny(t *testing.T, change func(*configs.Config)) *Spec {
	t.Helper()
	c := testrun.TinyConfig(t)
	c.Train.Epochs, c.Train.Steps, c.Eval.EverySteps = 0, 16, 4
	if change != nil {
		change(c)
	}
	c.Resolve()
	content, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	return &Spec{
		Command: "finetune", Output: filepath.Join(t.TempDir(), "sweep"),
		Base: configs.LoadOptions{File: "base.yaml", Content: content},
		Search: []Key{{Path: "optimizer.learning_rate", Low: 1e-3, High: 1e-1, Log: true},
			{Path: "train.batch_size", Values: []string{"8", "12"}}},
		Trials: 7, Rungs: 3, Reduction: 2, Seed: 1,
	}
}

func sweepOf(t *testing.T, s *Spec) *Result {
	t.Helper()
	spec := *s
	r, err := Run(t.Context(), &spec, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func table(t *testing.T, r *Result) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The good ones go on to their end, to the bits of a run that never stopped, and the best configuration is that run
// again.
func TestRun(t *testing.T) {
	s := tiny(t, nil)
	s.Test = []string{testrun.ValidationFile}
	r := sweepOf(t, s)
	count := map[string]int{}
	for _, trial := range r.Trials {
		count[trial.state(r.Shares)]++
	}
	if len(r.Trials) != 7 || count["finished"] < 2 || count["paused at 25 %"] < 2 {
		t.Errorf("got %v of\n%s", count, table(t, r))
	}
	best := slices.IndexFunc(r.Trials, func(trial Trial) bool { return trial.Number > 0 && len(trial.Rungs) == 3 })
	if jobs := len(r.Trials[best].Jobs); jobs != 3 {
		t.Errorf("trial %d was trained %d times, want to each of 3 rungs", best, jobs)
	}
	c, err := configs.Load(configs.LoadOptions{File: filepath.Join(TrialDir(s.Output, best), "config.yaml")})
	if err != nil {
		t.Fatal(err)
	}
	c.Output = filepath.Join(t.TempDir(), "whole")
	if _, err := trainer.Finetune(t.Context(), c, trainer.Options{}); err != nil {
		t.Fatal(err)
	}
	if a, b := weights(t, TrialDir(s.Output, best)), weights(t, c.Output); a != b {
		t.Error("a trial that was paused has other weights than one that never stopped")
	}

	if r.Best > 0 {
		if g := r.Validation; g == nil || g.Low == nil || *g.Low > g.Best-g.Defaults || *g.High < g.Best-g.Defaults ||
			r.Test == nil || r.Test.Examples == 0 {
			t.Errorf("got gains %v, %v", g, r.Test)
		}
	}
	c, err = configs.Load(configs.LoadOptions{File: BestFile(s.Output)})
	if err != nil || c.Output != filepath.Join(s.Output, "best") {
		t.Errorf("the best configuration: %v", err)
	}
	before := table(t, r)
	if again := sweepOf(t, s); table(t, again) != before || len(again.Trials[best].Jobs) != 3 {
		t.Error("a sweep that is finished goes on")
	}
}

// weights returns the weights of the latest checkpoint of a run.
func weights(t *testing.T, dir string) string {
	t.Helper()
	r, err := checkpoints.OpenRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	step, found, err := r.Latest()
	if err != nil || !found {
		t.Fatalf("%s: %v", dir, err)
	}
	return fmt.Sprint(step) + string(testdir.Read(t, filepath.Join(r.Dir(step), "model.safetensors"))) +
		string(testdir.Read(t, filepath.Join(r.Dir(step), "trainer/optimizer.safetensors")))
}

// A sweep is killed at many of its changes of the disk. The same call goes on to the same table.
func TestKilled(t *testing.T) {
	s := tiny(t, func(c *configs.Config) { c.Data.MaxValidationExamples = 8 })
	s.Trials = 4
	want := table(t, sweepOf(t, s))
	for changes, step := 0, 1; ; changes, step = changes+step, step*3 {
		s := *s
		s.Output = filepath.Join(t.TempDir(), "sweep")
		revive := atomicfile.KillAfter(filepath.Dir(s.Output), changes)
		_, err := Run(t.Context(), &s, Options{})
		revive()
		if err != nil && !errors.Is(err, atomicfile.ErrKilled) {
			t.Fatalf("after %d changes: %v", changes, err)
		}
		if got := table(t, sweepOf(t, &s)); got != want {
			t.Fatalf("after %d changes:\n%s\nwant\n%s", changes, got, want)
		}
		if err == nil {
			break
		}
	}
}

// A sweep that is stopped by its user goes on to the same table.
func TestStopped(t *testing.T) {
	s := tiny(t, nil)
	want := table(t, sweepOf(t, s))
	s.Output = filepath.Join(t.TempDir(), "sweep")
	for wait := 30 * time.Millisecond; ; wait *= 2 {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(wait, cancel)
		spec := *s
		r, err := Run(ctx, &spec, Options{})
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if !r.Interrupted {
			if got := table(t, r); got != want {
				t.Fatalf("got\n%s\nwant\n%s", got, want)
			}
			return
		}
	}
}

// Two who share a sweep train each trial once.
func TestTogether(t *testing.T) {
	s := tiny(t, nil)
	s.Trials = 10
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			spec := *s
			if _, err := Run(t.Context(), &spec, Options{}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	r, err := Read(s.Output)
	if err != nil || len(r.Trials) != 10 {
		t.Fatalf("%d trials, %v", len(r.Trials), err)
	}
	for _, trial := range r.Trials {
		if trial.Failed != "" || len(trial.Jobs) > 3 || len(trial.Rungs) != trial.Target+1 {
			t.Errorf("trial %d: %+v", trial.Number, trial)
		}
	}
	var spans []Span
	for _, trial := range r.Trials {
		spans = append(spans, trial.Jobs...)
	}
	slices.SortFunc(spans, func(a, b Span) int { return a.Begun.Compare(b.Begun) })
	if !slices.ContainsFunc(spans[1:], func(b Span) bool { return b.Begun.Before(spans[0].Ended) }) {
		t.Error("nothing was trained while the first trial was")
	}
}

// What diverges, and what is wrong with one trial alone, is the worst, and the table says why.
func TestFailures(t *testing.T) {
	s := tiny(t, func(c *configs.Config) { c.Optimizer.Name = "sgd" })
	s.Search = []Key{{Path: "optimizer.learning_rate", Values: []string{"1e30", "0.1"}},
		{Path: "train.batch_size", Values: []string{"12", "0"}}}
	s.Trials = 0
	r := sweepOf(t, s)
	var reasons []string
	for _, n := range r.Order() {
		reasons = append(reasons, r.Trials[n].Failed)
	}
	if len(reasons) != 5 || reasons[0] != "" || reasons[1] != "" || reasons[4] == "" {
		t.Errorf("got %q", reasons)
	}
	text := table(t, r)
	for _, want := range []string{"training diverged", "train.batch_size, train.batch_tokens: "} {
		if !strings.Contains(text, want) {
			t.Errorf("the table lacks %q:\n%s", want, text)
		}
	}

	s = tiny(t, func(c *configs.Config) { c.Data.Train = []string{"nowhere.parquet"} })
	if _, err := Run(t.Context(), s, Options{}); err == nil || !strings.Contains(err.Error(), "nowhere.parquet") {
		t.Errorf("data that no trial finds: got %v", err)
	}
	s = tiny(t, func(c *configs.Config) { c.Data.Validation = nil; c.Eval.EverySteps = 0 })
	if _, err := Run(t.Context(), s, Options{}); err == nil || !strings.Contains(err.Error(), "data.validation") {
		t.Errorf("no validation data: got %v", err)
	}
}

// Another specification does not go on in the folder.
func TestOther(t *testing.T) {
	s := tiny(t, nil)
	s.Trials, s.Rungs = 1, 1
	sweepOf(t, s)
	s.Trials = 2 // may be another
	sweepOf(t, s)
	s.Seed, s.Search[0].High = 2, 1
	_, err := Run(t.Context(), s, Options{})
	if err == nil || !strings.Contains(err.Error(), "seed: 1 -> 2") || !strings.Contains(err.Error(),
		"search, optimizer.learning_rate: log_uniform 0.001 to 0.1 -> log_uniform 0.001 to 1") {
		t.Errorf("got %v", err)
	}
}

// The time bounds the whole, and what it does not take goes on with more.
func TestMinutes(t *testing.T) {
	s := tiny(t, nil)
	s.Trials, s.Minutes = 0, 0.4/60
	begun := time.Now()
	r := sweepOf(t, s)
	if spent := time.Since(begun); !r.Late || spent > 3*time.Second {
		t.Errorf("late %t after %v", r.Late, spent)
	}
	n := len(r.Trials)
	s.Trials, s.Minutes = n+2, 0
	if r = sweepOf(t, s); r.Late || len(r.Trials) != n+2 || len(r.Trials[0].Rungs) != 3 {
		t.Errorf("then %d trials, late %t", len(r.Trials), r.Late)
	}
}

// Settings that others follow from are chosen anew, the others stay those of trial 0.
func TestTrialConfig(t *testing.T) {
	s := tiny(t, nil)
	base, every, err := s.base()
	if err != nil || !every {
		t.Fatal(every, err)
	}
	c, err := s.trialConfig(base, every, []configs.Value{{Key: "train.epochs", Text: "2"}})
	if err != nil || c.Train.Epochs != 2 || c.Train.Steps != 0 || *c.Optimizer.Eps2 != *base.Optimizer.Eps2 {
		t.Errorf("got %+v, %v", c, err)
	}
	content, _ := os.ReadFile(filepath.Join("testdata", "base.yaml"))
	s.Base.Content = content
	if base, every, err = s.base(); err != nil || every {
		t.Fatal(every, err)
	}
	c, err = s.trialConfig(base, every, []configs.Value{{Key: "optimizer.name", Text: "adamw"}})
	if err != nil || c.Optimizer.Beta1 == nil || c.Optimizer.Eps1 != nil {
		t.Errorf("got %+v, %v", c, err)
	}
}

// Trials of pre-training share the tokens of their text, and are compared by their loss.
func TestPretrain(t *testing.T) {
	s := tiny(t, nil)
	c, length := testrun.TinyConfig(t), 32
	p := configs.DefaultPretraining()
	p.Output, p.Model, p.Data.Train, p.Data.Validation = "run", c.Model, c.Data.Train, c.Data.Validation
	p.Data.MaxTrainExamples, p.Data.MaxValidationExamples = 48, 20
	p.Tokenizer.Path, p.Objective.InputLength = testrun.TokenizerWith(t, 10), &length
	p.Model.VocabSize = nil
	p.Train.Epochs, p.Train.Steps, p.Train.BatchSize, p.Train.Threads = 0, 8, 4, 1
	p.Eval.EverySteps = 2
	p.Resolve()
	content, err := p.YAML()
	if err != nil {
		t.Fatal(err)
	}
	s.Command, s.Base.Content, s.Trials, s.Search = "pretrain", content, 4, s.Search[:1]
	r := sweepOf(t, s)
	best := r.Trials[r.Best].at(2)
	if r.Metric != "loss" || best == nil || *best.Value > *r.Trials[0].at(2).Value || r.Validation != nil {
		t.Errorf("the best by %s is trial %d:\n%s", r.Metric, r.Best, table(t, r))
	}
	if _, err := os.Stat(filepath.Join(s.Output, "tokens")); err != nil {
		t.Error(err)
	}
	for _, trial := range r.Trials {
		if _, err := os.Stat(filepath.Join(TrialDir(s.Output, trial.Number), "tokens")); err == nil {
			t.Errorf("trial %d has tokens of its own", trial.Number)
		}
	}
}
