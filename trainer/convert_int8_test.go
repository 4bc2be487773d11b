package trainer

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/model"
)

func TestConvertInt8(t *testing.T) {
	dir := writeModel(t, 40)
	for name, o := range map[string]ConvertOptions{
		"one file": {DType: Int8}, "shards": {DType: Int8, MaxShardSize: 5_000}, "more rows": {DType: Int8, VocabSize: 64},
	} {
		t.Run(name, func(t *testing.T) {
			float := filepath.Join(t.TempDir(), "float")
			if err := convert(dir, float, ConvertOptions{VocabSize: o.VocabSize}); err != nil {
				t.Fatal(err)
			}
			want, err := LoadModel(float)
			if err != nil {
				t.Fatal(err)
			}
			if err := want.QuantizeInt8(); err != nil {
				t.Fatal(err)
			}
			out := filepath.Join(t.TempDir(), "out")
			if err := convert(dir, out, o); err != nil {
				t.Fatal(err)
			}
			// transformers opens what is named model.safetensors, or in an index of that name.
			if files, err := filepath.Glob(filepath.Join(out, "model.safetensors*")); err != nil || len(files) > 0 {
				t.Errorf("transformers would open %v, %v", files, err)
			}
			if files, err := filepath.Glob(filepath.Join(out, "model.int8*.safetensors")); err != nil || len(files) > 1 != (name == "shards") {
				t.Errorf("files %v, %v", files, err)
			}
			b, _, err := Open(out)
			if err != nil {
				t.Fatal(err)
			}
			for i, p := range b.Model.Params {
				q := want.Params[i]
				if p.Int8 == nil {
					for j, v := range p.Value {
						if v != q.Value[j] {
							t.Fatalf("%s[%d] is %g, want %g", p.Name, j, v, q.Value[j])
						}
					}
					continue
				}
				got, row := make([]float32, p.Shape[1]), make([]float32, p.Shape[1])
				for o := range p.Shape[0] {
					p.Int8.Row(got, o)
					q.Int8.Row(row, o)
					for j, v := range got {
						if v != row[j] {
							t.Fatalf("%s: element [%d, %d] is %g, want %g", p.Name, o, j, v, row[j])
						}
					}
				}
			}
		})
	}
}

// What int8 weights cannot do says what to use instead.
func TestInt8IsForInference(t *testing.T) {
	dir := writeModel(t, 40)
	eight := filepath.Join(t.TempDir(), "eight")
	if err := convert(dir, eight, ConvertOptions{DType: Int8}); err != nil {
		t.Fatal(err)
	}
	c := tinyConfig(t)
	c.Model, c.Tokenizer = configs.Model{Path: eight}, configs.Tokenizer{}
	_, trained := Finetune(t.Context(), c, FinetuneOptions{Console: silent().Console})
	for name, err := range map[string]error{
		"finetune": trained,
		"check":    Check(t.Context(), c, silent().Console),
		"convert":  convert(eight, filepath.Join(t.TempDir(), "x"), ConvertOptions{DType: "float32"}),
	} {
		if err == nil || !strings.Contains(err.Error(), model.ErrInt8.Error()) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}

// Weights of both types in one folder leave open which are meant.
func TestOpenRefusesTwoKindsOfWeights(t *testing.T) {
	dir := writeModel(t, 40)
	overwrite(t, dir, "model.int8.safetensors", "")
	if _, err := checkpoints.OpenWeights(dir); err == nil || !strings.Contains(err.Error(), "it holds both model.safetensors and model.int8.safetensors: remove one of them") {
		t.Errorf("got error %v", err)
	}
}

// The promise of the README: a model that has learned its task answers as well in eight bits.
func TestInt8Accuracy(t *testing.T) {
	c := tinyConfig(t)
	dModel, dKV, dFF, layers, heads, tied, dropout, rate := 64, 16, 128, 1, 4, true, 0.0, 2e-3
	c.Model.DModel, c.Model.DKV, c.Model.DFF, c.Model.NumLayers, c.Model.NumHeads = &dModel, &dKV, &dFF, &layers, &heads
	c.Model.VocabSize, c.Model.TieWordEmbeddings, c.Model.DropoutRate = nil, &tied, &dropout
	c.Tokenizer.Path = ""
	c.Data.MaxTrainExamples, c.Data.MaxValidationExamples = 0, 0
	c.Data.MaxInputLength = 64
	c.Train.Epochs, c.Train.BatchSize, c.Train.Threads = 1, 16, 2
	c.Optimizer.Name, c.Optimizer.LearningRate = "adamw", &rate
	finetune(t, c, FinetuneOptions{})
	eight := filepath.Join(t.TempDir(), "eight")
	if err := convert(c.Output, eight, ConvertOptions{DType: Int8}); err != nil {
		t.Fatal(err)
	}
	evaluate := func(path string) map[string]float64 {
		b, _, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		e, err := Evaluate(t.Context(), b, EvaluateOptions{Data: []string{validationFile}, BatchSize: 32, Console: silent().Console})
		if err != nil {
			t.Fatal(err)
		}
		return metricMap(e.Values)
	}
	float, int8 := evaluate(c.Output), evaluate(eight)
	t.Logf("accuracy %.4f and %.4f, loss %.5f and %.5f", float["accuracy"], int8["accuracy"], float["loss"], int8["loss"])
	if float["accuracy"] < 0.92 {
		t.Fatalf("accuracy %.4f in float32: the model has not learned its task", float["accuracy"])
	}
	if math.Abs(int8["accuracy"]-float["accuracy"]) > 0.005 || int8["loss"] > 1.05*float["loss"] {
		t.Errorf("accuracy %.4f, loss %.5f; in float32 %.4f and %.5f", int8["accuracy"], int8["loss"], float["accuracy"], float["loss"])
	}
}
