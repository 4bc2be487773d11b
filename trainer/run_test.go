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
	"t5train/data"
	"t5train/data/dataset"
	"t5train/data/table"
	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/internal/testdir"
	"t5train/internal/testrun"
	"t5train/model"
	"t5train/model/generate"
	"t5train/model/kernel"
	"t5train/model/op"
	"t5train/trainer/evaluate"
	"t5train/trainer/metric"
	"t5train/trainer/optim"
	"t5train/trainer/predict"
	"t5train/trainer/predict/inputfile"
	"t5train/trainer/runlog"
)

func finetune(t *testing.T, c *configs.Config, o Options) *Result {
	t.Helper()
	r, err := Finetune(t.Context(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestThreadsGiveTheSameBits(t *testing.T) {
	c := testrun.TinyConfig(t)
	finetune(t, c, Options{})
	want := contents(t, c.Output)
	c.Output, c.Train.Threads = filepath.Join(t.TempDir(), "run"), 3
	finetune(t, c, Options{})
	compareRuns(t, "three threads", want, contents(t, c.Output))
}

// Two micro-batches of six are one batch of twelve, up to rounding.
func TestAccumulationIsALargerBatch(t *testing.T) {
	weights := func(batch, accumulate int) []float32 {
		c := testrun.TinyConfig(t)
		zero := 0.0
		c.Model.DropoutRate = &zero // masks depend on the place in a batch
		c.Train.BatchSize, c.Train.Accumulate, c.Data.Validation = batch, accumulate, nil
		b, _, err := checkpoints.Open(finetune(t, c, Options{}).Checkpoint)
		if err != nil {
			t.Fatal(err)
		}
		var all []float32
		for _, p := range b.Model.Params {
			all = append(all, p.Value...)
		}
		return all
	}
	one, two := weights(12, 1), weights(6, 2)
	var diff, size float64
	for i := range one {
		diff, size = max(diff, math.Abs(float64(one[i]-two[i]))), max(size, math.Abs(float64(one[i])))
	}
	if diff > 1e-4*size {
		t.Errorf("weights differ by %.2g of %.2g", diff, size)
	}
}

func TestBestAndLastCheckpoints(t *testing.T) {
	c := testrun.TinyConfig(t)
	c.Eval.Metric, c.Eval.EverySteps, c.Checkpoint.KeepLast, c.Train.Epochs = "loss", 1, 1, 3
	r := finetune(t, c, Options{})
	run, err := checkpoints.OpenRun(c.Output)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := run.Steps()
	if err != nil {
		t.Fatal(err)
	}
	best, bestStep := math.Inf(1), 0
	for line := range bytes.Lines(testdir.Read(t, filepath.Join(c.Output, runlog.HistoryName))) {
		var entry runlog.Eval
		if err := json.Unmarshal(line, &entry); err != nil {
			t.Fatal(err)
		}
		if entry.Kind == "eval" && entry.Metrics["loss"] < best {
			best, bestStep = entry.Metrics["loss"], entry.Step
		}
	}
	if r.BestStep != bestStep || r.Metrics["loss"] != best {
		t.Errorf("best is step %d with loss %g, want step %d with %g", r.BestStep, r.Metrics["loss"], bestStep, best)
	}
	want := []int{bestStep, r.Step}
	if slices.Sort(want); !slices.Equal(steps, slices.Compact(want)) {
		t.Errorf("checkpoints of steps %v are kept, want %v", steps, want)
	}
}

func TestTiesAreDecidedByTheLoss(t *testing.T) {
	number := func(v float64) *float64 { return &v }
	for name, c := range map[string]struct {
		metric      string
		best        state
		value, loss float64
		want        bool
	}{
		"the first":                 {"accuracy", state{}, 0, 3, true},
		"a smaller loss":            {"accuracy", state{Best: number(1), BestLoss: number(3.4)}, 1, 0.2, true},
		"a larger loss":             {"accuracy", state{Best: number(1), BestLoss: number(0.2)}, 1, 3.4, false},
		"the same":                  {"accuracy", state{Best: number(1), BestLoss: number(0.2)}, 1, 0.2, false},
		"a better metric":           {"accuracy", state{Best: number(0.5), BestLoss: number(0.2)}, 0.6, 3.4, true},
		"a worse metric":            {"accuracy", state{Best: number(0.6), BestLoss: number(3.4)}, 0.5, 0.2, false},
		"errors that are the same":  {"mse", state{Best: number(2), BestLoss: number(0.3)}, 2, 0.2, true},
		"a smaller error":           {"de/ter", state{Best: number(2), BestLoss: number(0.2)}, 1, 0.3, true},
		"the loss itself":           {"loss", state{Best: number(0.2), BestLoss: number(0.2)}, 0.2, 0.2, false},
		"a loss that is not finite": {"accuracy", state{Best: number(1), BestLoss: number(0.2)}, 1, math.NaN(), false},
		"a metric that is not":      {"f1", state{}, math.NaN(), 0.1, false},
		"an unknown loss":           {"accuracy", state{Best: number(1)}, 1, 0.2, false},
	} {
		if got := c.best.improves(c.metric, c.value, c.loss); got != c.want {
			t.Errorf("%s: improves is %v, want %v", name, got, c.want)
		}
	}
}

// Of checkpoints with the same metric the one with the smallest loss is kept, and patience does not end while it falls.
func TestEqualMetricsWithAFallingLoss(t *testing.T) {
	c := testrun.TinyConfig(t)
	c.Eval.EverySteps, c.Eval.Patience, c.Eval.Metric = 1, 1, "f1" // 0 while the tiny model answers one label
	r := finetune(t, c, Options{})
	if r.Step != 8 || r.BestStep != 8 || r.Metrics["f1"] != 0 {
		t.Errorf("stopped at step %d with the best at %d, f1 %g, want 8, 8 and 0", r.Step, r.BestStep, r.Metrics["f1"])
	}
	// What a run of an older version, whose state has no such loss, goes on with.
	if loss := bestLoss(r.Checkpoint); loss == nil || *loss != r.Metrics["loss"] {
		t.Errorf("the loss of the best checkpoint is %v, want %g", loss, r.Metrics["loss"])
	}
	if loss := bestLoss(t.TempDir()); loss != nil {
		t.Errorf("the loss of an empty folder is %g, want none", *loss)
	}
}

func TestEarlyStopping(t *testing.T) {
	c := testrun.TinyConfig(t)
	c.Eval.Patience, c.Eval.EverySteps, c.Train.Epochs, c.Train.Steps = 2, 1, 0, 40
	rate := 1e-12 // nothing is learnt, so nothing gets better
	c.Optimizer.LearningRate = &rate
	c.Eval.Metric = "accuracy"
	if r := finetune(t, c, Options{}); r.Step != 3 || r.BestStep != 1 {
		t.Errorf("stopped at step %d, best %d, want 3 and 1", r.Step, r.BestStep)
	}
}

func TestTotalSteps(t *testing.T) {
	tok, err := tokenizer.T5()
	if err != nil {
		t.Fatal(err)
	}
	set, err := dataset.Open(t.Context(), []string{testrun.TrainFile}, dataset.ForTraining, 50, 1)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := set.Infer(t.Context(), task.Spec{Name: task.Classification}, nil)
	if err != nil {
		t.Fatal(err)
	}
	examples, err := set.Build(t.Context(), "train", spec, data.ForTraining, tok,
		data.Limits{MaxInput: 24, MaxTarget: 6},
		1, nil)
	if err != nil {
		t.Fatal(err)
	}
	batches, err := data.NewBatches(examples, data.Size{Examples: 12}, data.Order{Shuffle: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		train configs.Train
		want  int
	}{
		{configs.Train{Steps: 7, Accumulate: 3}, 7},
		{configs.Train{Epochs: 1, Accumulate: 1}, 5}, // 12+12+12+12+2
		{configs.Train{Epochs: 2.5, Accumulate: 1}, 13},
		{configs.Train{Epochs: 2.2, Accumulate: 1}, 11}, // 2.2-2 is a little more than 0.2
		{configs.Train{Epochs: 2, Accumulate: 4}, 2},
		{configs.Train{Epochs: 0.01, Accumulate: 8}, 1},
	} {
		if got := (state{}).totalSteps(c.train, batches); got != c.want {
			t.Errorf("%+v: %d steps, want %d", c.train, got, c.want)
		}
	}
}

// What evaluate counts is what predict answers.
func TestEvaluateIsPredict(t *testing.T) {
	c := testrun.TinyConfig(t)
	file, rate, zero := filepath.Join(t.TempDir(), "rows.parquet"), 1e-2, 0.0
	testrun.WriteRows(t, file, 60)
	c.Data.Train, c.Data.Validation = []string{file}, []string{file}
	c.Train.Epochs, c.Train.Steps, c.Eval.EverySteps = 0, 60, 60
	c.Model.DropoutRate, c.Optimizer = &zero, optim.Spec{Name: "adamw", LearningRate: &rate}
	finetune(t, c, Options{})
	b, how, err := checkpoints.Open(c.Output)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(how, "best checkpoint") {
		t.Errorf("opened %q, want the best checkpoint", how)
	}
	results := make(map[int]map[string]float64)
	for _, size := range []int{1, 32} {
		e, err := evaluate.Evaluate(t.Context(), b,
			evaluate.Options{Data: c.Data.Validation, MaxExamples: 50, BatchSize: size})
		if err != nil {
			t.Fatal(err)
		}
		results[size] = metric.Map(e.Values)
	}
	got := results[32]
	if d := math.Abs(got["loss"] - results[1]["loss"]); d > 1e-6 || got["accuracy"] != results[1]["accuracy"] {
		t.Errorf("batches of 1 and 32 give %v and %v", results[1], got)
	}
	if d := math.Abs(got["perplexity"] - math.Exp(got["loss"])); d > 1e-9*got["perplexity"] {
		t.Errorf("perplexity %g of loss %g", got["perplexity"], got["loss"])
	}

	p := predict.NewPredictor(b, *b.Info.Task, kernel.NewWorkers(1), predict.PredictorOptions{})
	var inputs []inputfile.Input
	if err := inputfile.Read(t.Context(), file, table.Parquet, *b.Info.Task, nil, nil, func(in inputfile.Input) error {
		inputs = append(inputs, in)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	answers, err := p.Predict(t.Context(), 0, inputs[:50], generate.Options{}, new(predict.Cuts))
	if err != nil {
		t.Fatal(err)
	}
	right, given := 0, make(map[string]int)
	for i, a := range answers {
		given[a.Label]++
		if spam := i%3 == 0; (a.Label == "spam") == spam { // see writeRows
			right++
		}
		if *a.Probability < 0.5 || *a.Probability > 1 {
			t.Errorf("row %d: the most probable of two labels has probability %g", i, *a.Probability)
		}
	}
	if accuracy := float64(right) / 50; accuracy != got["accuracy"] || len(given) != 2 {
		t.Errorf("predict answers %v and is right in %g of the rows, evaluate says %g", given, accuracy,
			got["accuracy"])
	}
}

// The loss of an evaluation is that of the graph on all its examples at once, up to rounding.
func TestEvaluationLoss(t *testing.T) {
	l := newTestLoop(t, testrun.TinyConfig(t), nil)
	rows := l.evalSet.(evaluate.TaskSet)
	batches, err := data.NewBatches(rows.Examples, data.Size{Examples: rows.Len()}, data.Order{})
	if err != nil {
		t.Fatal(err)
	}
	var all data.Batch
	batches.Read(0, &all)
	graph, err := l.folder.Model.LossGraph(kernel.NewWorkers(1), model.LossOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer graph.Close()
	totals, err := graph.Run(all.Batch, op.Pass{})
	if err != nil {
		t.Fatal(err)
	}
	want := totals.NLL / float64(totals.Tokens)
	for _, size := range []int{1, 3, 20} {
		values, err := rows.Evaluator.Evaluate(t.Context(), rows.Examples, size, func(int64) {})
		if err != nil {
			t.Fatal(err)
		}
		got := metric.Map(values)
		if d := math.Abs(got["loss"] - want); !(d <= 1e-6*want) {
			t.Errorf("batches of %d: loss %.9f, want %.9f", size, got["loss"], want)
		}
		if want := float64(totals.Correct) / float64(totals.Tokens); got["token_accuracy"] != want {
			t.Errorf("batches of %d: token accuracy %g, want %g", size, got["token_accuracy"], want)
		}
		if got["tokens"] != float64(len(all.Labels.IDs)) || got["examples"] != 20 {
			t.Errorf("batches of %d: %g tokens of %g examples, want %d of 20", size, got["tokens"], got["examples"],
				len(all.Labels.IDs))
		}
	}
}

// recordedSteps returns the steps of the lines of a kind in a run's metrics.
func recordedSteps(t *testing.T, output, kind string) []int {
	t.Helper()
	var steps []int
	for line := range bytes.Lines(testdir.Read(t, filepath.Join(output, runlog.HistoryName))) {
		var entry runlog.Eval
		if err := json.Unmarshal(line, &entry); err != nil {
			t.Fatal(err)
		}
		if entry.Kind == kind {
			steps = append(steps, entry.Step)
		}
	}
	return steps
}

func TestSchedulesOfARun(t *testing.T) {
	for name, c := range map[string]struct {
		change             func(c *configs.Config)
		train, eval, saved []int
		best               int
	}{
		"by epochs": {
			change: func(c *configs.Config) {},
			train:  []int{3, 6, 8}, eval: []int{4, 8}, saved: []int{4, 8}, best: 4,
		},
		"by steps": {
			change: func(c *configs.Config) { c.Eval.EverySteps, c.Checkpoint.EverySteps = 2, 3 },
			// 2 is the first and so the best
			train: []int{3, 6, 8}, eval: []int{2, 4, 6, 8}, saved: []int{2, 3, 6, 8}, best: 2,
		},
		"a checkpoint with every evaluation": {
			change: func(c *configs.Config) { c.Eval.EverySteps = 3 },
			train:  []int{3, 6, 8}, eval: []int{3, 6, 8}, saved: []int{3, 6, 8}, best: 3,
		},
		"beyond the end": {
			change: func(c *configs.Config) {
				c.Eval.EverySteps, c.Checkpoint.EverySteps, c.Train.LogEvery = 99,
					99, 99
			},
			train: []int{8}, eval: []int{8}, saved: []int{8}, best: 8,
		},
		"part of an epoch": {
			change: func(c *configs.Config) { c.Train.Epochs = 1.5 },
			train:  []int{3, 6}, eval: []int{4, 6}, saved: []int{4, 6}, best: 4,
		},
		"no evaluation": {
			change: func(c *configs.Config) { c.Data.Validation = nil },
			train:  []int{3, 6, 8}, saved: []int{4, 8},
		},
		"seq2seq": {
			change: func(c *configs.Config) {
				file := filepath.Join(t.TempDir(), "pairs.parquet")
				testrun.WriteRows(t, file, 48)
				c.Data.Train, c.Data.Validation = []string{file}, []string{file}
				c.Task = task.Spec{Name: "seq2seq", TextColumns: []string{"sms"}, TargetColumn: "label"}
			},
			train: []int{3, 6, 8}, eval: []int{4, 8}, saved: []int{4, 8}, best: 4,
		},
	} {
		t.Run(name, func(t *testing.T) {
			config := testrun.TinyConfig(t)
			rate := 1e-12 // the first evaluation stays the best
			config.Optimizer.LearningRate = &rate
			config.Train.LogEvery, config.Checkpoint.KeepLast = 3, 100
			c.change(config)
			r := finetune(t, config, Options{})
			run, err := checkpoints.OpenRun(config.Output)
			if err != nil {
				t.Fatal(err)
			}
			saved, err := run.Steps()
			if err != nil {
				t.Fatal(err)
			}
			train, eval := recordedSteps(t, config.Output, runlog.KindTrain),
				recordedSteps(t, config.Output, runlog.KindEval)
			if !slices.Equal(train, c.train) || !slices.Equal(eval, c.eval) || !slices.Equal(saved, c.saved) {
				t.Errorf("lines at %v, evaluations at %v, checkpoints at %v, want %v, %v, %v", train, eval, saved,
					c.train, c.eval,
					c.saved)
			}
			last := c.train[len(c.train)-1]
			want := run.Dir(last)
			if c.best > 0 {
				want = run.Dir(c.best)
			}
			if r.Step != last || r.BestStep != c.best || r.Checkpoint != want || (r.Metrics == nil) != (c.best == 0) ||
				r.Interrupted {
				t.Errorf("result %+v, want best step %d and checkpoint %s", r, c.best, want)
			}
		})
	}
}

// The masks of dropout are new with every micro-batch, whether of one step or of the next, and those of one are always
// the same.
func TestDropoutMasks(t *testing.T) {
	c := testrun.TinyConfig(t)
	rate := 1e-30 // so small that no weight changes
	c.Optimizer = optim.Spec{Name: "sgd", LearningRate: &rate}
	l := newTestLoop(t, c, nil)
	batch := nextBatches(t, l)
	loss := func(number int, micro int64, batches ...model.Batch) float64 {
		t.Helper()
		r, err := l.stepper.Step(number, micro, batches)
		if err != nil {
			t.Fatal(err)
		}
		return r.Loss
	}
	first, second := loss(0, 0, batch[0]), loss(1, 1, batch[0])
	if first == second {
		t.Errorf("two micro-batches have the loss %g: the same masks", first)
	}
	if again := loss(1, 0, batch[0]); again != first {
		t.Errorf("the same micro-batch has the losses %g and %g", first, again)
	}
	both := loss(0, 0, batch[0], batch[0])
	if want := (first + second) / 2; math.Abs(both-want) > 1e-6*want {
		t.Errorf("a step of two micro-batches has the loss %g, want %g", both, want)
	}
}
