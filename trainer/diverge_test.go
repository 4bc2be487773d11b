package trainer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/internal/testrun"
	"t5train/internal/ui"
	"t5train/internal/ui/terminal"
	"t5train/model"
	"t5train/model/kernel"
	"t5train/model/op"
	"t5train/trainer/evaluate"
	"t5train/trainer/optim"
	"t5train/trainer/runlog"
	"t5train/trainer/setup"
)

func nextBatches(t *testing.T, l *loop) []model.Batch {
	t.Helper()
	batches, err := l.nextBatches()
	if err != nil {
		t.Fatal(err)
	}
	return batches
}

// newTestLoop is what Finetune does before the first step of a new run.
func newTestLoop(t *testing.T, c *configs.Config, sink ui.Sink) *loop {
	t.Helper()
	c.Resolve()
	run, err := checkpoints.OpenRun(c.Output)
	if err != nil {
		t.Fatal(err)
	}
	b, err := setup.StartModel(c, setup.Start{}, true, sink)
	if err != nil {
		t.Fatal(err)
	}
	w := kernel.NewWorkers(1)
	m, err := setup.Read(t.Context(), c, b, nil, w, sink)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	l, err := newLoop(c, b, m, w, run, state{}, sink, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.stepper.Graph.Close() })
	unlock, err := checkpoints.LockRun(c.Output)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(unlock)
	history, err := runlog.OpenLog(filepath.Join(c.Output, runlog.HistoryName), 0, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { history.Close() })
	l.hooks = hookList{reportNotes{c.Output}.hooks(l.evalSet), historyHooks(history)}
	return l
}

// A run whose numbers end stops at once, names the step, keeps the last good checkpoint and says what to do.
func TestDivergence(t *testing.T) {
	for name, c := range map[string]struct {
		change func(c *configs.Config)
		damage int  // step after which a weight is made NaN; 0 is never
		stop   bool // the user stops the run at that moment
		want   []string
		good   int // step of the last good checkpoint; 0 is none
	}{
		"a NaN in the next step": {
			change: func(c *configs.Config) { c.Checkpoint.EverySteps = 2 }, damage: 3,
			want: []string{"step 4: the loss is NaN", "the checkpoint of step 2 in "}, good: 2,
		},
		"a NaN at a checkpoint": {
			change: func(c *configs.Config) { c.Checkpoint.EverySteps = 1 }, damage: 3,
			want: []string{"step 3: shared.weight has weights that are not finite", "the checkpoint of step 2 in "},
			good: 2,
		},
		"a NaN at an evaluation": {
			change: func(c *configs.Config) {
				c.Data.Validation,
					c.Eval.EverySteps = []string{testrun.ValidationFile}, 1
			},
			damage: 2,
			want:   []string{"step 2: evaluate: the loss is NaN", "the checkpoint of step 1 in "}, good: 1,
		},
		"a NaN at an interruption": {
			change: func(c *configs.Config) { c.Checkpoint.EverySteps = 2 }, damage: 3, stop: true,
			want: []string{"step 3: shared.weight has weights", "the checkpoint of step 2 in "}, good: 2,
		},
		"a huge learning rate": {
			change: func(c *configs.Config) {
				rate := 1e300
				c.Optimizer = optim.Spec{Name: "sgd", LearningRate: &rate}
			},
			want: []string{"step 2: ", "there is no checkpoint yet"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			config := testrun.TinyConfig(t)
			config.Data.Validation, config.Train.LogEvery, config.Checkpoint.KeepLast = nil, 1, 1
			c.change(config)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var l *loop
			l = newTestLoop(t, config, terminal.Plain(eachLine(func(line string) {
				if c.damage == 0 || !strings.HasPrefix(line, fmt.Sprintf("step %d/", c.damage)) {
					return
				}
				l.folder.Model.Shared.Value[0] = float32(math.NaN()) // of the token that starts every target
				if c.stop {
					cancel()
				}
			})))
			_, err := l.run(ctx)
			if !errors.Is(err, evaluate.ErrDiverged) {
				t.Fatalf("error %v, want a divergence", err)
			}
			for _, part := range append(c.want, "lower optimizer.learning_rate") {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q, want %q in it", err, part)
				}
			}
			step, found, err := l.saver.run.Latest()
			if err != nil || step != c.good || found != (c.good > 0) {
				t.Fatalf("the latest checkpoint is of step %d, %v, want %d", step, err, c.good)
			}
			if !found {
				return
			}
			b, _, err := checkpoints.Open(l.saver.run.Dir(step))
			if err != nil {
				t.Fatal(err)
			}
			if name := op.FirstNonFinite(b.Model.Params); name != "" {
				t.Errorf("%s of the checkpoint is not finite", name)
			}
		})
	}
}

// A run that diverges before its first checkpoint leaves its configuration and the lines of its steps, to find the
// cause by, and stands in nobody's way.
func TestDivergenceBeforeTheFirstCheckpoint(t *testing.T) {
	for every, want := range map[int][]string{1: {runlog.ConfigName, runlog.HistoryName, runlog.DirName,
		runlog.EventsName}, 100: {runlog.ConfigName, runlog.DirName}} {
		c := testrun.TinyConfig(t)
		rate := 1e300
		c.Optimizer, c.Data.Validation, c.Train.LogEvery = optim.Spec{Name: "sgd", LearningRate: &rate}, nil, every
		if _, err := Finetune(t.Context(), c, silent()); !errors.Is(err, evaluate.ErrDiverged) {
			t.Fatalf("error %v, want a divergence", err)
		}
		entries, err := os.ReadDir(c.Output)
		if err != nil {
			t.Fatal(err)
		}
		var left []string
		for _, e := range entries {
			left = append(left, e.Name())
		}
		if !slices.Equal(left, want) {
			t.Errorf("a line each %d steps: left %q, want %q", every, left, want)
		}
		rate = 1e-3
		if r := finetune(t, c, Options{}); r.Step != 8 {
			t.Errorf("the next run ended with %+v", r)
		}
	}
}

func TestSpoilt(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for want, values := range map[string][][]float32{
		"":  {{1, -2, 0, math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32}, {}},
		"a": {{1, inf}, {2}},
		"b": {{1}, {3, nan, 2}},
	} {
		params := []*op.Param{{Name: "a", Value: values[0]}, {Name: "b", Value: values[1]}}
		if got := op.FirstNonFinite(params); got != want {
			t.Errorf("%v: %q is not finite, want %q", values, got, want)
		}
	}
}

// A perplexity may be infinite where the loss is not: it is never the best, and no file holds it.
func TestInfinitePerplexity(t *testing.T) {
	c := testrun.TinyConfig(t)
	rate := 1e-12
	c.Optimizer.LearningRate, c.Eval.Metric, c.Train.Epochs = &rate, "perplexity", 1
	var lines strings.Builder
	l := newTestLoop(t, c, terminal.Plain(&lines))
	for i := range l.folder.Model.LMHead.Value {
		l.folder.Model.LMHead.Value[i] *= 1e5
	}
	r, err := l.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	loss, hasLoss := l.metrics["loss"]
	if _, has := l.metrics["perplexity"]; has || !hasLoss || loss < 710 {
		t.Fatalf("metrics %v, want a loss above 710 and no perplexity", l.metrics)
	}
	if r.BestStep != 0 || r.Checkpoint != l.saver.run.Dir(4) {
		t.Errorf("got %+v, want the last checkpoint and no best", r)
	}
}

// A checkpoint with damaged weights has no scores.
func TestEvaluateDamagedWeights(t *testing.T) {
	c := testrun.TinyConfig(t)
	b, _, err := checkpoints.Open(finetune(t, c, Options{}).Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	b.Model.Shared.Value[0] = float32(math.NaN())
	_, err = evaluate.Evaluate(t.Context(), b, evaluate.Options{Data: c.Data.Validation, MaxExamples: 5, BatchSize: 2})
	if err == nil || !strings.Contains(err.Error(), "the loss is NaN") || !strings.Contains(err.Error(),
		"use another checkpoint") {
		t.Errorf("error %v", err)
	}
}
