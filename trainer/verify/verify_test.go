package verify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/internal/testdir"
	"t5train/internal/testrun"
	"t5train/trainer"
	"t5train/trainer/runlog"
)

func TestMain(m *testing.M) {
	testdir.InMemory()
	m.Run()
}

// finetuning is a run of 8 steps with checkpoints after steps 4 and 8, on data of its own.
func finetuning(t *testing.T) *configs.Config {
	t.Helper()
	c := testrun.TinyConfig(t)
	c.Train.Epochs, c.Train.Steps, c.Train.LogEvery = 0, 8, 1
	c.Eval.EverySteps, c.Checkpoint.EverySteps = 4, 4
	c.Data.MaxValidationExamples = 4
	c.Data.Train = []string{filepath.Join(t.TempDir(), "train.parquet")}
	copyFile(t, testrun.TrainFile, c.Data.Train[0])
	return c
}

func pretraining(t *testing.T) *configs.Config {
	t.Helper()
	c := configs.DefaultPretraining()
	like, length, vocab := finetuning(t), 32, testrun.TinyVocab+10
	c.Output, c.Model = like.Output, like.Model
	c.Data.Train, c.Data.Validation = like.Data.Train, like.Data.Validation
	c.Data.MaxTrainExamples, c.Data.MaxValidationExamples = 48, 20
	c.Model.VocabSize = &vocab
	c.Tokenizer.Path = testrun.TokenizerWith(t, 10)
	c.Objective.InputLength = &length
	c.Train.Epochs, c.Train.Steps, c.Train.BatchSize, c.Train.Threads, c.Train.LogEvery = 0, 8, 4, 1, 1
	c.Eval.EverySteps, c.Checkpoint.EverySteps = 4, 4
	return c
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	if err := os.WriteFile(to, testdir.Read(t, from), 0o600); err != nil {
		t.Fatal(err)
	}
}

func train(ctx context.Context, t *testing.T, c *configs.Config, o trainer.Options) {
	t.Helper()
	how := trainer.Finetune
	if c.Pretraining() {
		how = trainer.Pretrain
	}
	if _, err := how(ctx, c, o); err != nil {
		t.Fatal(err)
	}
}

// trained makes the run of a configuration.
func trained(t *testing.T, c *configs.Config) string {
	t.Helper()
	train(t.Context(), t, c, trainer.Options{})
	return c.Output
}

func TestRunsAreConfirmed(t *testing.T) {
	for name, make := range map[string]func(*testing.T) *configs.Config{
		"adafactor": finetuning,
		"adamw": func(t *testing.T) *configs.Config {
			c := finetuning(t)
			c.Optimizer.Name = "adamw"
			return c
		},
		"pre-training": pretraining,
		"trained weights": func(t *testing.T) *configs.Config {
			c := finetuning(t)
			c.Model, c.Tokenizer.Path = configs.Model{Path: testrun.Model(t, testrun.TinyVocab)}, ""
			return c
		},
		"moving average, more than a batch a step": func(t *testing.T) *configs.Config {
			c := finetuning(t)
			c.Train.EMA, c.Train.Accumulate, c.Train.BatchSize = 0.9, 2, 6
			return c
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := trained(t, make(t))
			parts := []struct {
				Options
				says string
			}{{Options{}, "0 8 8 2 [4 8]"}, {Options{From: 4}, "4 8 4 1 [8]"}, {Options{Steps: 3}, "0 3 3 0 []"}}
			if name != "adafactor" {
				parts = parts[:1]
			}
			for _, o := range parts {
				c, err := Run(t.Context(), dir, o.Options)
				if err != nil {
					t.Fatalf("%+v: %v", o.Options, err)
				}
				var steps []int
				for _, k := range c.Checkpoints {
					steps = append(steps, k.Step)
				}
				if got := fmt.Sprint(c.From, c.To, c.Rows, c.Evaluations, steps); got != o.says {
					t.Errorf("%+v: %s, want %s", o.Options, got, o.says)
				}
			}
			if left, _ := filepath.Glob(filepath.Join(filepath.Dir(dir), ".verify-*")); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

// A run that was stopped in the middle of an epoch, and went on, is one that never stopped.
func TestStoppedRun(t *testing.T) {
	c := finetuning(t)
	c.Checkpoint.KeepLast = 5
	ctx, stop := context.WithCancel(t.Context())
	train(ctx, t, c, trainer.Options{Hooks: []trainer.Hooks{{OnStep: func(e trainer.StepEvent) error {
		if e.Step == 3 {
			stop()
		}
		return nil
	}}}})
	stopped, err := Run(t.Context(), c.Output, Options{})
	if err != nil || stopped.To != 3 {
		t.Fatalf("stopped at step 3: %+v, %v", stopped, err)
	}
	train(t.Context(), t, c, trainer.Options{})
	whole, err := Run(t.Context(), c.Output, Options{})
	if err != nil || len(whole.Checkpoints) != 3 {
		t.Fatalf("%+v, %v", whole, err)
	}
}

// edit changes a file of a run and, where it is one of a checkpoint, hides that from its checksums.
func edit(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	was := testdir.Read(t, path)
	if err := os.WriteFile(path, change(bytes.Clone(was)), 0o600); err != nil {
		t.Fatal(err)
	}
	_ = os.Remove(filepath.Join(filepath.Dir(path), "trainer", "checksums.json"))
}

func flipAt(at int) func([]byte) []byte {
	return func(b []byte) []byte {
		b[(at+len(b))%len(b)] ^= 1
		return b
	}
}

// What does not come from the data by the settings is found, with where.
func TestChangesAreFound(t *testing.T) {
	step := func(dir string, n int) string {
		run, err := checkpoints.OpenRun(dir)
		if err != nil {
			t.Fatal(err)
		}
		return run.Dir(n)
	}
	replace := func(old, with string) func([]byte) []byte {
		return func(b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(with), 1) }
	}
	for name, c := range map[string]struct {
		change func(t *testing.T, c *configs.Config)
		says   string
	}{
		"a weight": {func(t *testing.T, c *configs.Config) {
			edit(t, filepath.Join(step(c.Output, 4), "model.safetensors"), flipAt(-1))
		}, "checkpoint of step 4 is not what training gives: 1 of "},
		"a weight, and the checksums are there": {func(t *testing.T, c *configs.Config) {
			path := filepath.Join(step(c.Output, 8), "model.safetensors")
			if err := os.WriteFile(path, flipAt(-1)(testdir.Read(t, path)), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "checkpoint of step 8: "},
		"the optimizer": {func(t *testing.T, c *configs.Config) {
			path := filepath.Join(step(c.Output, 8), "trainer", "optimizer.safetensors")
			edit(t, path, flipAt(-1))
			_ = os.Remove(filepath.Join(step(c.Output, 8), "trainer", "checksums.json"))
		}, "tensors of trainer/optimizer.safetensors differ"},
		"a loss": {func(t *testing.T, c *configs.Config) {
			h, err := runlog.ReadHistory(filepath.Join(c.Output, runlog.HistoryName))
			if err != nil {
				t.Fatal(err)
			}
			text, _ := json.Marshal(h.Train[2].Loss)
			edit(t, filepath.Join(c.Output, runlog.HistoryName), replace(string(text), "1.5"))
		}, "step 3 is the first that differs: its loss is "},
		"other data": {func(t *testing.T, c *configs.Config) {
			testrun.WriteRows(t, c.Data.Train[0], 60)
		}, "data.train is not what the run has read"},
		"no data": {func(t *testing.T, c *configs.Config) { os.Remove(c.Data.Train[0]) },
			"where files have been moved, say where to, as data.train"},
		"a setting": {func(t *testing.T, c *configs.Config) {
			edit(t, filepath.Join(c.Output, runlog.ConfigName), replace("seed: 1", "seed: 2"))
		}, "train.seed: 1 -> 2"},
		"no checkpoint": {func(t *testing.T, c *configs.Config) {
			os.RemoveAll(filepath.Join(c.Output, "checkpoints"))
		}, "there is no checkpoint to compare with"},
	} {
		t.Run(name, func(t *testing.T) {
			config := finetuning(t)
			dir := trained(t, config)
			c.change(t, config)
			_, err := Run(t.Context(), dir, Options{})
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
}

// Weights that training starts from are digested too.
func TestOtherStart(t *testing.T) {
	c := finetuning(t)
	c.Model, c.Tokenizer.Path = configs.Model{Path: testrun.Model(t, testrun.TinyVocab)}, ""
	dir := trained(t, c)
	edit(t, filepath.Join(c.Model.Path, "model.safetensors"), flipAt(-1))
	if _, err := Run(t.Context(), dir, Options{}); !errors.Is(err, ErrDiffers) ||
		!strings.Contains(err.Error(), "model.path is not what the run has read") {
		t.Errorf("%v", err)
	}
	if _, err := Run(t.Context(), dir, Options{From: 4}); err != nil {
		t.Errorf("from a checkpoint they do not matter: %v", err)
	}
}

// Data that was moved is found by its digest.
func TestMovedData(t *testing.T) {
	c := finetuning(t)
	dir := trained(t, c)
	moved := filepath.Join(t.TempDir(), "elsewhere.parquet")
	if err := os.Rename(c.Data.Train[0], moved); err != nil {
		t.Fatal(err)
	}
	for _, from := range []int{0, 4} {
		o := Options{From: from, Set: []string{"data.train=[" + moved + "]"}}
		if _, err := Run(t.Context(), dir, o); err != nil {
			t.Error(err)
		}
	}
}

// A processor that rounds otherwise is named as the reason.
func TestOtherProcessor(t *testing.T) {
	c := finetuning(t)
	dir := trained(t, c)
	run, err := checkpoints.OpenRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	edit(t, filepath.Join(run.Dir(4), "model.safetensors"), flipAt(-1))
	s, err := readState(run.Dir(8))
	if err != nil {
		t.Fatal(err)
	}
	edit(t, filepath.Join(run.Dir(8), filepath.FromSlash(runlog.StateName)), func(b []byte) []byte {
		return bytes.Replace(b, []byte(s.Processors[0]), []byte("mips of old"), 1)
	})
	_ = os.Remove(filepath.Join(run.Dir(8), "trainer", "checksums.json"))
	_, err = Run(t.Context(), dir, Options{})
	if err == nil || !strings.Contains(err.Error(), "the run was computed with mips of old, which round otherwise") {
		t.Error(err)
	}
}

// One letter of one text is enough.
func TestOneByteOfData(t *testing.T) {
	for name, c := range map[string]*configs.Config{"fine-tuning": finetuning(t), "pre-training": pretraining(t)} {
		t.Run(name, func(t *testing.T) {
			rows := "sms,label\n" + strings.Repeat("win a prize now,spam\nsee you at home tonight,ham\n", 20)
			c.Data.Train, c.Data.Validation = []string{filepath.Join(t.TempDir(), "train.csv")}, nil
			c.Eval.EverySteps = 0
			if c.Pretraining() {
				c.Data.TextColumn = "sms"
			} else {
				c.Task.TextColumns, c.Task.LabelColumn = []string{"sms"}, "label"
			}
			write := func(rows string) {
				if err := os.WriteFile(c.Data.Train[0], []byte(rows), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write(rows)
			dir := trained(t, c)
			if _, err := Run(t.Context(), dir, Options{Steps: 1}); err != nil {
				t.Fatal(err)
			}
			write(strings.Replace(rows, "prize", "price", 1))
			if _, err := Run(t.Context(), dir, Options{}); !errors.Is(err, ErrDiffers) ||
				!strings.Contains(err.Error(), "data.train is not what the run has read") {
				t.Error(err)
			}
		})
	}
}

func TestCertificate(t *testing.T) {
	c := finetuning(t)
	dir := trained(t, c)
	done, err := Run(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "certificate.json")
	var text bytes.Buffer
	if err := errors.Join(done.Write(&text), os.WriteFile(path, text.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	read, err := ReadCertificate(path)
	if err != nil {
		t.Fatal(err)
	}
	if steps, err := Check(dir, read); err != nil || fmt.Sprint(steps) != "[4 8]" {
		t.Errorf("%v, %v", steps, err)
	}
	run, err := checkpoints.OpenRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	if steps, err := Check(run.Dir(8), read); err != nil || fmt.Sprint(steps) != "[8]" {
		t.Errorf("one checkpoint: %v, %v", steps, err)
	}
	edit(t, filepath.Join(run.Dir(4), "model.safetensors"), flipAt(-1))
	if _, err := Check(dir, read); !errors.Is(err, ErrDiffers) || !strings.Contains(err.Error(), "step 4") {
		t.Errorf("a changed weight: %v", err)
	}
	if _, err := Check(run.Dir(4), read); !errors.Is(err, ErrDiffers) {
		t.Errorf("a changed checkpoint: %v", err)
	}
}

func FuzzCertificate(f *testing.F) {
	f.Add([]byte(`{"t5train_certificate": 1, "checkpoints": [{"step": 4, "sha256": {"model.safetensors": "00"}}]}`))
	f.Add([]byte(`{"t5train_certificate": 2}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := parse(text, "file")
		if err != nil {
			return
		}
		if steps, err := Check(t.TempDir(), c); err == nil && len(steps) == 0 {
			t.Error("nothing was compared, and nothing said")
		}
	})
}
