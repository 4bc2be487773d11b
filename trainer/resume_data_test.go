package trainer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/configs"
	"t5train/data/task"
	"t5train/internal/testdir"
	"t5train/internal/testrun"
)

// A checkpoint brings its own tokenizer, but not the data.
func TestResumeWithOtherFiles(t *testing.T) {
	c := testrun.TinyConfig(t)
	copied := filepath.Join(t.TempDir(), "train.parquet")
	testrun.WriteRows(t, copied, 40)
	c.Data.Train, c.Data.MaxTrainExamples, c.Data.Validation, c.Train.LogEvery = []string{copied}, 40, nil, 1
	stoppedAt(t, c, "step 3/")

	if err := os.RemoveAll(c.Tokenizer.Path); err != nil {
		t.Fatal(err)
	}
	testrun.WriteRows(t, copied, 39)
	_, err := Finetune(t.Context(), c, Options{Resume: true})
	if err == nil || !strings.Contains(err.Error(), "the training data has 39 examples, but had 40") {
		t.Errorf("fewer rows: error %v", err)
	}
	if err := os.WriteFile(copied, testdir.Read(t, testrun.TrainFile), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Finetune(t.Context(), c, silent())
	if err == nil || !strings.Contains(err.Error(), "data.train has other examples") || !strings.Contains(err.Error(),
		"run.overwrite") {
		t.Errorf("other rows: error %v", err)
	}
	testrun.WriteRows(t, copied, 40)
	finetune(t, c, Options{Resume: true})
}

// Data that was moved is the same data. Other data is noticed, of a finished run by its path.
func TestResumeWithMovedData(t *testing.T) {
	for name, kind := range map[string]struct {
		config func(t *testing.T) *configs.Config
		run    func(context.Context, *configs.Config, Options) (*Result, error)
	}{"rows": {testrun.TinyConfig, Finetune}, "text": {tinyPretraining, Pretrain}} {
		t.Run(name, func(t *testing.T) {
			c := kind.config(t)
			c.Train.LogEvery, c.Eval.EverySteps = 1, 0
			stoppedAt(t, c, "step 2/")
			less := *c
			less.Data.Validation = nil
			if _, err := kind.run(t.Context(), &less, silent()); err == nil || !strings.Contains(err.Error(),
				"data.validation has other examples") {
				t.Errorf("without validation: error %v", err)
			}

			moved := filepath.Join(t.TempDir(), "moved.parquet")
			testdir.Write(t, filepath.Dir(moved), filepath.Base(moved), string(testdir.Read(t, testrun.TrainFile)))
			c.Data.Train = []string{moved}
			for range 2 { // the second finds a finished run
				if r, err := kind.run(t.Context(), c, silent()); err != nil || r.Interrupted {
					t.Fatalf("got %+v, %v", r, err)
				}
			}
			c.Data.Train = []string{testrun.TrainFile, moved}
			want := fmt.Sprintf("data.train: [%s] -> [%s, %s]\n", moved, testrun.TrainFile, moved)
			if _, err := kind.run(t.Context(), c, silent()); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("more data for a finished run: error %v, want %q", err, want)
			}
		})
	}
}

// The files of a mixture may be moved like others, and only the keys that differ are told of an entry.
func TestResumeWithMovedMixture(t *testing.T) {
	text := func(t *testing.T) *configs.Config {
		c := tinyPretraining(t)
		c.Data.Train, c.Data.Mixture = nil, []configs.Component{
			{Name: "a", Train: []string{testrun.TrainFile}}, {Name: "b", Train: []string{testrun.TrainFile},
				Task: task.Spec{Name: "classification"}, MixingRate: new(12.0)}}
		return c
	}
	for name, kind := range map[string]struct {
		config func(t *testing.T) *configs.Config
		run    func(context.Context, *configs.Config, Options) (*Result, error)
	}{"rows": {mixedConfig, Finetune}, "text": {text, Pretrain}} {
		t.Run(name, func(t *testing.T) {
			c := kind.config(t)
			c.Train.LogEvery, c.Eval.EverySteps = 1, 0
			stoppedAt(t, c, "step 2/")
			moved := filepath.Join(t.TempDir(), "moved.parquet")
			testdir.Write(t, filepath.Dir(moved), filepath.Base(moved), string(testdir.Read(t, testrun.TrainFile)))
			c.Data.Mixture = slices.Clone(c.Data.Mixture)
			refused := func(want string) {
				t.Helper()
				if _, err := kind.run(t.Context(), c, silent()); err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want an error with %q", err, want)
				}
			}
			c.Data.Mixture[1].Train, c.Data.Mixture[1].MixingRate = []string{moved}, new(2.0)
			was := "12"
			if name == "rows" {
				was = "1"
			}
			refused("(its value -> yours):\n  data.mixture, b, rate: " + was + " -> 2\n")
			c.Data.Mixture[0], c.Data.Mixture[1] = c.Data.Mixture[1], c.Data.Mixture[0]
			refused("\n  data.mixture, in this order: a, b -> b, a\n")
			c.Data.Mixture[0], c.Data.Mixture[1] = c.Data.Mixture[1], c.Data.Mixture[0]
			c.Data.Mixture[1].MixingRate = kind.config(t).Data.Mixture[1].MixingRate
			c.Data.Mixture[1].Train = []string{testrun.ValidationFile}
			refused("resume: ")
			c.Data.Mixture[1].Train = []string{moved}
			if name == "text" {
				c.Data.Mixture[0].Train = []string{testrun.ValidationFile}
				if _, err := kind.run(t.Context(), c, silent()); err == nil || !strings.HasPrefix(err.Error(),
					"resume: data.mixture, a has other files") || strings.Count(err.Error(), "data.mixture, a") != 1 {
					t.Errorf("other text: error %v", err)
				}
				c.Data.Mixture[0].Train = []string{testrun.TrainFile}
			}
			c.Data.Mixture[1].Train = []string{moved}
			if r, err := kind.run(t.Context(), c, silent()); err != nil || r.Interrupted {
				t.Fatalf("got %+v, %v", r, err)
			}
		})
	}
}

// What a run is evaluated on decides which checkpoint is the best.
func TestResumeWithOtherValidation(t *testing.T) {
	c := testrun.TinyConfig(t)
	copied := filepath.Join(t.TempDir(), "validation.parquet")
	for _, from := range []string{testrun.ValidationFile, testrun.TrainFile} {
		if err := os.WriteFile(copied, testdir.Read(t, from), 0o600); err != nil {
			t.Fatal(err)
		}
		if from == testrun.ValidationFile {
			c.Data.Validation, c.Train.LogEvery = []string{copied}, 1
			stoppedAt(t, c, "step 3/")
		}
	}
	if _, err := Finetune(t.Context(), c, silent()); err == nil || !strings.Contains(err.Error(),
		"data.validation has other examples") {
		t.Errorf("error %v", err)
	}
}
