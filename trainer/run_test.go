package trainer

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/data"
	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/model/kernel"
)

const (
	trainFile      = "../testdata/sms_spam/train-00000-of-00001.parquet"
	validationFile = "../testdata/sms_spam/validation-00000-of-00001.parquet"
)

// tinyConfig is a run of a few milliseconds a step: a model of width 8, 48 examples, 12 of them a step.
func tinyConfig(t *testing.T) *configs.Config {
	t.Helper()
	c := configs.Default()
	width, one, two, no := 8, 1, 2, false
	c.Output = filepath.Join(t.TempDir(), "run")
	c.Model = configs.Model{Size: "v1_1-tiny", DModel: &width, DKV: &width, DFF: &width, NumLayers: &one, NumHeads: &two, TieWordEmbeddings: &no}
	c.Data.Train, c.Data.Validation = []string{trainFile}, []string{validationFile}
	c.Data.MaxTrainExamples, c.Data.MaxValidationExamples = 48, 20
	c.Data.MaxInputLength, c.Data.MaxTargetLength = 24, 6
	c.Task.Name = "classification"
	c.Train.Epochs, c.Train.BatchSize = 2, 12
	c.Train.Threads = 1
	return c
}

func finetune(t *testing.T, c *configs.Config, o FinetuneOptions) *Result {
	t.Helper()
	if o.Console == nil {
		o.Console = PlainConsole(io.Discard)
	}
	r, err := Finetune(t.Context(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// stateFiles are what two equal runs must have in common, bit for bit.
func stateFiles(t *testing.T, output string) string {
	t.Helper()
	run, err := checkpoints.OpenRun(output)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := run.Steps()
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	for _, step := range steps {
		for _, name := range []string{"model.safetensors", optimizerName, stateName, infoName} {
			all.Write(mustRead(t, filepath.Join(run.Dir(step), name)))
		}
	}
	for line := range bytes.Lines(mustRead(t, filepath.Join(output, historyName))) {
		var record map[string]any
		if err := json.Unmarshal(line, &record); err != nil {
			t.Fatal(err)
		}
		delete(record, "seconds")
		delete(record, "tokens_per_second")
		text, _ := json.Marshal(record)
		all.Write(append(text, '\n'))
	}
	for _, pointer := range []string{"best", "latest"} {
		if content, err := os.ReadFile(filepath.Join(output, "checkpoints", pointer)); err == nil {
			all.Write(content)
		}
	}
	return all.String()
}

// stopAt is a console's writer that ends a context when a line contains a text.
type stopAt struct {
	text string
	stop context.CancelFunc
}

func (s *stopAt) Write(p []byte) (int, error) {
	if strings.Contains(string(p), s.text) {
		s.stop()
	}
	return len(p), nil
}

// A run that is stopped, anywhere, and goes on ends with the bits of one that never stopped.
func TestResumeEqualsNotStopping(t *testing.T) {
	for name, change := range map[string]func(c *configs.Config){
		"adafactor":       func(c *configs.Config) {},
		"adamw, clipping": func(c *configs.Config) { c.Optimizer = configs.Optimizer{Name: "adamw"}; c.Train.ClipNorm = 0.5 },
		"sgd":             func(c *configs.Config) { c.Optimizer = configs.Optimizer{Name: "sgd"} },
		"accumulation and a token budget": func(c *configs.Config) {
			c.Train.Accumulate, c.Train.BatchSize, c.Train.BatchTokens = 2, 0, 150
		},
		"early stopping": func(c *configs.Config) { c.Eval.Patience, c.Train.Epochs = 1, 6 },
		"often":          func(c *configs.Config) { c.Eval.EverySteps, c.Checkpoint.EverySteps = 2, 3 },
		"no evaluation":  func(c *configs.Config) { c.Data.Validation = nil },
	} {
		t.Run(name, func(t *testing.T) {
			c := tinyConfig(t)
			change(c)
			c.Train.LogEvery, c.Checkpoint.KeepLast = 1, 100
			whole := *c
			whole.Output = filepath.Join(t.TempDir(), "whole")
			finetune(t, &whole, FinetuneOptions{})
			want := stateFiles(t, whole.Output)

			for _, stop := range []string{"step 1/", "step 3/", "step 4/", "step 5/"} {
				c.Output = filepath.Join(t.TempDir(), "run")
				ctx, cancel := context.WithCancel(t.Context())
				r, err := Finetune(ctx, c, FinetuneOptions{Console: PlainConsole(&stopAt{stop, cancel})})
				cancel()
				if err != nil {
					t.Fatal(err)
				}
				if !r.Interrupted {
					t.Logf("%s: the run was over", stop)
					continue
				}
				finetune(t, c, FinetuneOptions{Resume: true})
				// The interruption may have left a checkpoint that the whole run does not have.
				folder := fmt.Sprintf("checkpoints/checkpoint-%08d", r.Step)
				if _, err := os.Stat(filepath.Join(whole.Output, folder)); err != nil {
					if err := os.RemoveAll(filepath.Join(c.Output, folder)); err != nil {
						t.Fatal(err)
					}
				}
				if got := stateFiles(t, c.Output); got != want {
					t.Errorf("stopped at %q: the end differs from that of an unbroken run", stop)
				}
			}
		})
	}
}

func TestThreadsGiveTheSameBits(t *testing.T) {
	c := tinyConfig(t)
	finetune(t, c, FinetuneOptions{})
	want := stateFiles(t, c.Output)
	c.Output, c.Train.Threads = filepath.Join(t.TempDir(), "run"), 3
	finetune(t, c, FinetuneOptions{})
	if stateFiles(t, c.Output) != want {
		t.Error("one and three threads end differently")
	}
}

// Two micro-batches of six are one batch of twelve, up to rounding.
func TestAccumulationIsALargerBatch(t *testing.T) {
	weights := func(batch, accumulate int) []float32 {
		c := tinyConfig(t)
		zero := 0.0
		c.Model.DropoutRate = &zero // masks depend on the place in a batch
		c.Train.BatchSize, c.Train.Accumulate, c.Data.Validation = batch, accumulate, nil
		b, _, err := Open(finetune(t, c, FinetuneOptions{}).Checkpoint)
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
	c := tinyConfig(t)
	c.Eval.Metric, c.Eval.EverySteps, c.Checkpoint.KeepLast, c.Train.Epochs = "loss", 1, 1, 3
	r := finetune(t, c, FinetuneOptions{})
	run, err := checkpoints.OpenRun(c.Output)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := run.Steps()
	if err != nil {
		t.Fatal(err)
	}
	best, bestStep := math.Inf(1), 0
	for line := range bytes.Lines(mustRead(t, filepath.Join(c.Output, historyName))) {
		var record evalRecord
		if err := json.Unmarshal(line, &record); err != nil {
			t.Fatal(err)
		}
		if record.Kind == "eval" && record.Metrics["loss"] < best {
			best, bestStep = record.Metrics["loss"], record.Step
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

func TestEarlyStopping(t *testing.T) {
	c := tinyConfig(t)
	c.Eval.Patience, c.Eval.EverySteps, c.Train.Epochs, c.Train.Steps = 2, 1, 0, 40
	rate := 1e-12 // nothing is learnt, so nothing gets better
	c.Optimizer.LearningRate = &rate
	c.Eval.Metric = "accuracy"
	if r := finetune(t, c, FinetuneOptions{}); r.Step != 3 || r.BestStep != 1 {
		t.Errorf("stopped at step %d, best %d, want 3 and 1", r.Step, r.BestStep)
	}
}

func TestTotalSteps(t *testing.T) {
	tok, err := tokenizer.T5()
	if err != nil {
		t.Fatal(err)
	}
	set, err := openTable([]string{trainFile}, 50)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := set.infer(t.Context(), task.Options{Name: task.Classification}, PlainConsole(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	examples, err := set.build(t.Context(), "train", spec, tok, data.Limits{MaxInput: 24, MaxTarget: 6}, 1, PlainConsole(io.Discard))
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
		{configs.Train{Epochs: 2, Accumulate: 4}, 2},
		{configs.Train{Epochs: 0.01, Accumulate: 8}, 1},
	} {
		if got := totalSteps(c.train, batches); got != c.want {
			t.Errorf("%+v: %d steps, want %d", c.train, got, c.want)
		}
	}
}

// What evaluate counts is what predict answers.
func TestEvaluateIsPredict(t *testing.T) {
	c := tinyConfig(t)
	finetune(t, c, FinetuneOptions{})
	b, how, err := Open(c.Output)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(how, "best checkpoint") {
		t.Errorf("opened %q, want the best checkpoint", how)
	}
	console := PlainConsole(io.Discard)
	results := make(map[int]map[string]float64)
	for _, size := range []int{1, 32} {
		values, err := Evaluate(t.Context(), b, EvaluateOptions{Data: c.Data.Validation, MaxExamples: 60, BatchSize: size, Console: console})
		if err != nil {
			t.Fatal(err)
		}
		results[size] = metricMap(values)
	}
	got := results[32]
	if d := math.Abs(got["loss"] - results[1]["loss"]); d > 1e-5 || got["accuracy"] != results[1]["accuracy"] {
		t.Errorf("batches of 1 and 32 give %v and %v", results[1], got)
	}
	if d := math.Abs(got["perplexity"] - math.Exp(got["loss"])); d > 1e-9*got["perplexity"] {
		t.Errorf("perplexity %g of loss %g", got["perplexity"], got["loss"])
	}
	p, err := NewPredictor(b, *b.Info.Task, kernel.NewWorkers(1), PredictorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var inputs []Input
	if err := ReadInputs(t.Context(), validationFile, FormatParquet, *b.Info.Task, nil, func(in Input) error {
		inputs = append(inputs, in)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	answers, err := p.Predict(inputs[:60])
	if err != nil {
		t.Fatal(err)
	}
	set, err := openTable(c.Data.Validation, 60)
	if err != nil {
		t.Fatal(err)
	}
	examples, err := set.build(t.Context(), "validation", *b.Info.Task, b.Tokenizer, data.Limits{MaxInput: 24, MaxTarget: 6}, 1, console)
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for i, a := range answers {
		if a.Label == b.Info.Task.Labels[examples.Label(i)].Name {
			right++
		}
	}
	if accuracy := float64(right) / 60; accuracy != got["accuracy"] {
		t.Errorf("predict is right in %g of all rows, evaluate says %g", accuracy, got["accuracy"])
	}
}
