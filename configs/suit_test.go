package configs

import (
	"strings"
	"testing"

	"t5train/configs/suit"
	"t5train/internal/testdir"
	"t5train/trainer/optim"
)

// Random weights have settings of their own, each of which gives way to a key that is set, and which are said.
func TestNewWeights(t *testing.T) {
	type settings struct {
		epochs    float64
		steps     int
		schedule  string
		optimizer string
		rate      float64
		scaled    bool
	}
	for name, c := range map[string]struct {
		set  []string
		want settings
		said string // the keys that are chosen
	}{
		"nothing": {nil, settings{10, 0, "linear", optim.NameAdafactor, 1e-2, true},
			"train.epochs 10, schedule.name linear, optimizer.scale_parameter true, optimizer.learning_rate 0.01"},
		"trained weights": {[]string{"model.size=", "model.path=runs/first"},
			settings{3, 0, "constant", optim.NameAdafactor, 1e-3, false}, ""},
		"epochs": {[]string{"train.epochs=2"}, settings{2, 0, "linear", optim.NameAdafactor, 1e-2, true},
			"schedule.name linear, optimizer.scale_parameter true, optimizer.learning_rate 0.01"},
		"steps": {[]string{"train.steps=2"}, settings{0, 2, "linear", optim.NameAdafactor, 1e-2, true},
			"schedule.name linear, optimizer.scale_parameter true, optimizer.learning_rate 0.01"},
		"a rate": {[]string{"optimizer.learning_rate=1e-3"},
			settings{10, 0, "linear", optim.NameAdafactor, 1e-3, false}, "train.epochs 10, schedule.name linear"},
		"no scaling": {[]string{"optimizer.scale_parameter=false"},
			settings{10, 0, "linear", optim.NameAdafactor, 1e-3, false},
			"train.epochs 10, schedule.name linear, optimizer.learning_rate 0.001"},
		"scaling": {[]string{"optimizer.scale_parameter=true"},
			settings{10, 0, "linear", optim.NameAdafactor, 1e-2, true},
			"train.epochs 10, schedule.name linear, optimizer.learning_rate 0.01"},
		"unset again": {[]string{"optimizer.scale_parameter=null"},
			settings{10, 0, "linear", optim.NameAdafactor, 1e-2, true},
			"train.epochs 10, schedule.name linear, optimizer.scale_parameter true, optimizer.learning_rate 0.01"},
		"adamw": {[]string{"optimizer.name=adamw"}, settings{10, 0, "linear", optim.NameAdamW, 1e-3, false},
			"train.epochs 10, schedule.name linear, optimizer.learning_rate 0.001"},
		"no steps": {[]string{"train.steps=0"}, settings{10, 0, "linear", optim.NameAdafactor, 1e-2, true},
			"train.epochs 10, schedule.name linear, optimizer.scale_parameter true, optimizer.learning_rate 0.01"},
		"sgd": {[]string{"optimizer.name=sgd"}, settings{10, 0, "linear", optim.NameSGD, 1e-2, false},
			"train.epochs 10, schedule.name linear"},
		"a schedule": {[]string{"schedule.name=constant"}, settings{10, 0, "constant", optim.NameAdafactor, 1e-2, true},
			"train.epochs 10, optimizer.scale_parameter true, optimizer.learning_rate 0.01"},
		"all that it sets": {[]string{"train.epochs=1", "schedule.name=linear", "optimizer.learning_rate=1"},
			settings{1, 0, "linear", optim.NameAdafactor, 1, false}, ""},
	} {
		said := ""
		got := mustLoad(t, minimal, LoadOptions{Set: c.set,
			Sink: testdir.Sink{Said: func(line string) {
				said, _, _ = strings.Cut(strings.TrimPrefix(line, "settings for random weights: "), " (their")
			}}})
		is := settings{got.Train.Epochs, got.Train.Steps, got.Schedule.Name, got.Optimizer.Name,
			*got.Optimizer.LearningRate, got.Optimizer.ScaleParameter != nil && *got.Optimizer.ScaleParameter}
		if is != c.want || said != c.said {
			t.Errorf("%s: got %+v, said %q, want %+v, %q", name, is, said, c.want, c.said)
		}
	}
}

// Fine-tuning that says nothing about its model starts from the usual one.
func TestLoadDefaultModel(t *testing.T) {
	const tuning = "output: runs/a\ndata: {train: [a.parquet]}\ntask: {name: classification}\n"
	for _, test := range []struct{ name, content, path, said string }{
		{"nothing", tuning, "builtin:a", "no model is named, so training starts from builtin:a"},
		{"dropout", tuning + "model: {dropout_rate: 0.1}\n", "builtin:a", "no model is named"},
		{"a model", tuning + "model: {path: here}\n", "here", ""},
		{"a size", tuning + "model: {size: small}\n", "", "settings for random weights"},
	} {
		said := ""
		sink := testdir.Sink{Said: func(line string) { said += line }}
		c := mustLoad(t, test.content, LoadOptions{DefaultModel: "builtin:a", Sink: sink})
		if c.Model.Path != test.path || !strings.HasPrefix(said, test.said) || test.said == "" && said != "" {
			t.Errorf("%s: got model %q, said %q", test.name, c.Model.Path, said)
		}
	}
	for _, part := range []string{"model: {d_model: 64}\n", "tokenizer: {path: voc}\n", "objective: {name: ul2}\n"} {
		content := tuning + part
		if strings.HasPrefix(part, "objective") {
			content = strings.Replace(content, "task: {name: classification}\n", "", 1)
		}
		got := mistakes(t, content, LoadOptions{DefaultModel: "builtin:a"})
		if !strings.Contains(got[0], "neither is set") {
			t.Errorf("%s: got %q", part, got)
		}
	}
}

func TestLoadUnknownBuiltin(t *testing.T) {
	content := strings.Replace(minimal, "size: small", "path: 'builtin:none'", 1)
	got := mistakes(t, content, LoadOptions{Paths: true, Open: func(string, string) error { return nil }})
	if !strings.Contains(got[0], `there is no built-in model "builtin:none"`) {
		t.Errorf("got %q", got)
	}
}

// Settings that nobody gives follow from the model and its data.
func TestLoadSuitsTheData(t *testing.T) {
	minimal := strings.Replace(minimal, "[a.parquet]", "[a.parquet], validation: [b.parquet]", 1)
	trained := strings.Replace(minimal, "size: small", "path: here", 1)
	small := suit.Facts{Pretrained: true, Parameters: 9e6, NoDropout: true, HeldOut: 300}
	large := suit.Facts{Pretrained: true, Parameters: 60e6, NoDropout: true, HeldOut: 300}
	type settings struct {
		batch    int
		epochs   float64
		every    int
		heldOut  int
		dropout  float64
		schedule string
		rate     float64
	}
	for name, test := range map[string]struct {
		content string
		facts   suit.Facts
		rows    int
		set     []string
		want    settings
		said    string
	}{
		"a small model": {trained, small, 100, nil, settings{16, 50, 44, 0, 0.1, "linear", 1e-2},
			"settings for 100 rows and trained weights of a small model: train.batch_size 16, train.epochs 50, " +
				"eval.every_steps 44, model.dropout_rate 0.1, schedule.name linear, optimizer.scale_parameter true, " +
				"optimizer.learning_rate 0.01 (their"},
		"1,000 rows": {trained, small, 1000, nil, settings{16, 16, 126, 0, 0.1, "linear", 1e-2}, "train.epochs 16"},
		"a large model": {trained, large, 100, nil, settings{32, 50, 25, 0, -1, "constant", 1e-3},
			"settings for 100 rows and trained weights: train.epochs 50, eval.every_steps 25 (their"},
		"many rows": {trained, large, 64_000, nil, settings{32, 3, 750, 0, -1, "constant", 1e-3},
			"eval.every_steps 750"},
		"new weights": {minimal, suit.Facts{}, 100, nil, settings{32, 50, 25, 0, -1, "linear", 1e-2},
			"train.epochs 50"},
		"unknown": {trained, large, 0, nil, settings{32, 3, 0, 0, -1, "constant", 1e-3}, ""},
		"given": {trained, small, 100, []string{"train.batch_size=8", "train.epochs=2", "eval.every_steps=0",
			"data.max_validation_examples=0", "model.dropout_rate=0", "schedule.name=constant",
			"optimizer.learning_rate=1e-3"}, settings{8, 2, 0, 0, 0, "constant", 1e-3}, ""},
		"few epochs": {trained, small, 100, []string{"train.epochs=2"}, settings{16, 2, 20, 200, 0.1, "linear", 1e-2},
			"data.max_validation_examples 200"},
		"steps": {trained, large, 100, []string{"train.steps=400"},
			settings{32, 0, 50, 0, -1, "constant", 1e-3}, "steps 50"},
		"minutes": {trained, large, 100, []string{"train.minutes=2"},
			settings{32, 0, 100, 0, -1, "constant", 1e-3}, "eval.every_steps 100 (their"},
		"adamw": {trained, small, 100, []string{"optimizer.name=adamw"}, settings{16, 50, 44, 0, 0.1, "constant", 3e-4},
			"model.dropout_rate 0.1 (their"},
		"batches of tokens": {trained, small, 100, []string{"train.batch_tokens=4096"},
			settings{0, 3, 0, 0, 0.1, "linear", 1e-2}, "model.dropout_rate 0.1, schedule.name linear"},
		"no evaluation": {strings.Replace(trained, ", validation: [b.parquet]", "", 1), large, 100, nil,
			settings{32, 50, 0, 0, -1, "constant", 1e-3}, "trained weights: train.epochs 50 (their"},
	} {
		said := ""
		c := mustLoad(t, test.content, LoadOptions{
			Set:  test.set,
			Sink: testdir.Sink{Said: func(line string) { said += line }},
			Facts: func(Config) suit.Facts {
				test.facts.Rows = test.rows
				return test.facts
			},
		})
		dropout := -1.0
		if c.Model.DropoutRate != nil {
			dropout = *c.Model.DropoutRate
		}
		got := settings{c.Train.BatchSize, c.Train.Epochs, c.Eval.EverySteps, c.Data.MaxValidationExamples, dropout,
			c.Schedule.Name, *c.Optimizer.LearningRate}
		if got != test.want || !strings.Contains(said, test.said) || test.said == "" && said != "" {
			t.Errorf("%s: got %+v, said %q, want %+v, %q", name, got, said, test.want, test.said)
		}
	}
}
