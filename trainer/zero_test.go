package trainer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"t5train/checkpoints"
	"t5train/checkpoints/convert"
	"t5train/configs"
	"t5train/data"
	"t5train/data/dataset"
	"t5train/data/task"
	"t5train/internal/testdir"
	"t5train/internal/testrun"
	"t5train/internal/ui"
	"t5train/internal/ui/terminal"
	"t5train/model"
	"t5train/model/generate"
	"t5train/trainer/evaluate"
	"t5train/trainer/predict"
	"t5train/trainer/predict/inputfile"
	"t5train/trainer/runlog"
	"t5train/trainer/setup"
)

// A folder of Hugging Face, which does not say what task it is for, does what the README does with a checkpoint, on the
// processors that there are: it writes text, and says what it lacks to classify.
func TestOpenAPlainFolder(t *testing.T) {
	run := finetune(t, testrun.TinyConfig(t), Options{})
	plain := t.TempDir()
	for _, name := range []string{"config.json", "model.safetensors", "spiece.model", "tokenizer_config.json"} {
		if err := os.WriteFile(filepath.Join(plain, name), testdir.Read(t, filepath.Join(run.Checkpoint, name)),
			0o600); err != nil {
			t.Fatal(err)
		}
	}
	b, _, err := checkpoints.Open(plain)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := b.PredictionTask(task.Spec{})
	if err != nil {
		t.Fatal(err)
	}
	p := predict.NewPredictor(b, spec, nil, predict.PredictorOptions{})
	input, err := inputfile.FromText(p.Task(), "a day")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Classify(t.Context(), []string{input.Text}); err == nil {
		t.Error("a model without labels classifies")
	}
	if got, err := p.Generate(t.Context(), []string{input.Text}, generate.Options{MaxTokens: 3}); err != nil ||
		len(got) != 1 {
		t.Errorf("generated %+v, %v", got, err)
	}
	if _, err := evaluate.Evaluate(t.Context(), b, evaluate.Options{}); err == nil {
		t.Error("evaluated without data")
	}
	o := evaluate.Options{Data: []string{testrun.ValidationFile}, Task: task.Spec{Name: task.Classification},
		MaxExamples: 4, MaxInputLength: 8}
	if e, err := evaluate.Evaluate(t.Context(), b, o); err != nil || len(e.Values) == 0 {
		t.Errorf("evaluated %+v, %v", e, err)
	}
}

// Options that are left zero, and a sink that is nil, work silently.
func TestZeroOptions(t *testing.T) {
	c := testrun.TinyConfig(t)
	r, err := Finetune(t.Context(), c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := Check(t.Context(), c, nil); err != nil {
		t.Error(err)
	}
	if err := TrainExamples(t.Context(), c, 1, nil, func(Example) error { return nil }); err != nil {
		t.Error(err)
	}
	if err := HeldOutExamples(t.Context(), c, nil, func(Example) error { return nil }); err != nil {
		t.Error(err)
	}
	if err := convert.Convert(t.Context(), r.Checkpoint, filepath.Join(t.TempDir(), "out"), convert.ConvertOptions{},
		nil); err != nil {
		t.Error(err)
	}
	if again, err := Finetune(t.Context(), c, Options{}); err != nil || again.Step != r.Step {
		t.Errorf("a finished run: %+v, %v", again, err)
	}
}

// What is nil or zero is an error, or nothing, and no panic.
func TestZeroValues(t *testing.T) {
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"Finetune":        func() error { _, err := Finetune(ctx, nil, Options{}); return err },
		"Finetune, zero":  func() error { _, err := Finetune(ctx, &configs.Config{}, Options{}); return err },
		"Pretrain":        func() error { _, err := Pretrain(ctx, nil, Options{}); return err },
		"Check":           func() error { return Check(ctx, nil, nil) },
		"TrainExamples":   func() error { return TrainExamples(ctx, nil, 1, nil, nil) },
		"HeldOutExamples": func() error { return HeldOutExamples(ctx, nil, nil, nil) },
		"Evaluate":        func() error { _, err := evaluate.Evaluate(ctx, nil, evaluate.Options{}); return err },
		"Evaluate, zero": func() error {
			_,
				err := evaluate.Evaluate(ctx, &checkpoints.Folder{}, evaluate.Options{})
			return err
		},
		"Evaluator": func() error {
			_, err := evaluate.NewEvaluator(nil, task.Spec{}, 0, nil).Evaluate(ctx, nil, 0, nil)
			return err
		},
		"Evaluator, zero": func() error {
			_,
				err := new(evaluate.Evaluator).Evaluate(ctx, &data.Examples{}, 0, nil)
			return err
		},
		"Classify": func() error {
			_, err := predict.NewPredictor(nil, task.Spec{}, nil, predict.PredictorOptions{}).Classify(ctx,
				[]string{"a"})
			return err
		},
		"Generate": func() error {
			_, err := new(predict.Predictor).Generate(ctx, []string{"a"}, generate.Options{})
			return err
		},
		"Score": func() error {
			_, err := new(predict.Predictor).Score(ctx, []string{"a"}, [][]string{{"b"}})
			return err
		},
		"Write": func() error { return new(checkpoints.Folder).Write(nil) },
		"generate.Generator": func() error {
			_, err := generate.New(nil, nil).Generate(ctx, [][]int32{{1}}, generate.Options{})
			return err
		},
		"generate.Loss":   func() error { _, err := generate.NewLoss(nil, nil).Run(model.Batch{}); return err },
		"LossGraph":       func() error { _, err := new(model.T5).LossGraph(nil, model.LossOptions{}); return err },
		"model.Load":      func() error { _, err := model.Load(model.Config{}, nil); return err },
		"data.NewBatches": func() error { _, err := data.NewBatches(nil, data.Size{}, data.Order{}); return err },
	} {
		if err := noPanic(call); err == nil || errors.Is(err, errPanicked) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	for name, call := range map[string]func(){
		"Console": func() {
			c := new(terminal.Console)
			ui.Say(c, "", "a")
			p := ui.Start(c, "a", "b", 1)
			p.Set(1)
			p.Report(runlog.Train{})
			p.Stop()
		},
		"no Sink": func() {
			ui.Say(nil, "", "a")
			p := ui.Start(nil, "a", "b", 1)
			p.Set(1)
			p.Report(runlog.Train{})
			p.Stop()
		},
		"Phases":     func() { p := ui.NewPhases(nil); p.Progress("a", "b", 1, 2); p.Stop() },
		"SayLeftOut": func() { dataset.SayLeftOut(nil, nil) },
		"ShownFirst": func() { setup.ShownFirst(nil, "") },
		"the task":   func() { _, _ = (*checkpoints.Folder)(nil).PredictionTask(task.Spec{}) },
	} {
		if err := noPanic(func() error { call(); return nil }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (*checkpoints.Folder)(nil).PredictionTask(task.Spec{}); err != nil {
		t.Error(err)
	}
	if _, err := Finetune(context.Background(), &configs.Config{}, Options{}); errors.Is(err, errNoConfig) {
		t.Errorf("an empty configuration is taken for none: %v", err)
	}
}

var errPanicked = errors.New("it panicked")

func noPanic(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", errPanicked, r)
		}
	}()
	return f()
}
