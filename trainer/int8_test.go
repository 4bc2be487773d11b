package trainer

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/checkpoints/convert"
	"t5train/configs"
	"t5train/internal/testrun"
	"t5train/model"
	"t5train/trainer/evaluate"
	"t5train/trainer/metric"
)

func convertTo(t *testing.T, dir, out, dtype string) error {
	t.Helper()
	return convert.Convert(t.Context(), dir, out, convert.ConvertOptions{DType: dtype}, silent().Sink)
}

// What int8 weights cannot do says what to use instead.
func TestInt8IsForInference(t *testing.T) {
	dir := testrun.Model(t, 40)
	eight := filepath.Join(t.TempDir(), "eight")
	if err := convertTo(t, dir, eight, convert.Int8); err != nil {
		t.Fatal(err)
	}
	c := testrun.TinyConfig(t)
	c.Model, c.Tokenizer = configs.Model{Path: eight}, configs.Tokenizer{}
	_, trained := Finetune(t.Context(), c, Options{Sink: silent().Sink})
	for name, err := range map[string]error{
		"finetune": trained,
		"check":    Check(t.Context(), c, silent().Sink),
		"convert":  convertTo(t, eight, filepath.Join(t.TempDir(), "x"), "float32"),
	} {
		if err == nil || !strings.Contains(err.Error(), model.ErrInt8.Error()) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}

// The promise of the README: a model that has learned its task answers as well in eight bits.
func TestInt8Accuracy(t *testing.T) {
	c := testrun.TinyConfig(t)
	dModel, dKV, dFF, layers, heads, tied, dropout, rate := 64, 16, 128, 1, 4, true, 0.0, 2e-3
	c.Model.DModel, c.Model.DKV, c.Model.DFF, c.Model.NumLayers, c.Model.NumHeads = &dModel, &dKV, &dFF, &layers, &heads
	c.Model.VocabSize, c.Model.TieWordEmbeddings, c.Model.DropoutRate = nil, &tied, &dropout
	c.Tokenizer.Path = ""
	c.Data.MaxTrainExamples, c.Data.MaxValidationExamples = 0, 0
	c.Data.MaxInputLength = 64
	c.Train.Epochs, c.Train.BatchSize, c.Train.Threads = 1, 16, 2
	c.Optimizer.Name, c.Optimizer.LearningRate = "adamw", &rate
	finetune(t, c, Options{})
	eight := filepath.Join(t.TempDir(), "eight")
	if err := convertTo(t, c.Output, eight, convert.Int8); err != nil {
		t.Fatal(err)
	}
	measure := func(path string) map[string]float64 {
		b, _, err := checkpoints.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		e, err := evaluate.Evaluate(t.Context(), b,
			evaluate.Options{Data: []string{testrun.ValidationFile}, BatchSize: 32, Sink: silent().Sink})
		if err != nil {
			t.Fatal(err)
		}
		return metric.Map(e.Values)
	}
	float, int8 := measure(c.Output), measure(eight)
	t.Logf("accuracy %.4f and %.4f, loss %.5f and %.5f", float["accuracy"], int8["accuracy"], float["loss"],
		int8["loss"])
	if float["accuracy"] < 0.92 {
		t.Fatalf("accuracy %.4f in float32: the model has not learned its task", float["accuracy"])
	}
	if math.Abs(int8["accuracy"]-float["accuracy"]) > 0.005 || int8["loss"] > 1.05*float["loss"] {
		t.Errorf("accuracy %.4f, loss %.5f; in float32 %.4f and %.5f", int8["accuracy"], int8["loss"],
			float["accuracy"],
			float["loss"])
	}
}
