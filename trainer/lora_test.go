package trainer

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/checkpoints/convert"
	"t5train/checkpoints/peft"
	"t5train/configs"
	"t5train/internal/testrun"
	"t5train/trainer/runlog"
	"t5train/trainer/setup"
)

// loraConfig is a small run of adapters beside a model.
func loraConfig(t *testing.T, base string) *configs.Config {
	t.Helper()
	c := testrun.TinyConfig(t)
	c.Model = configs.Model{Path: base}
	c.Tokenizer.Path = ""
	rate := 0.01
	c.LoRA.Rank, c.LoRA.Dropout, c.LoRA.Targets = 2, 0.1, []string{"q", "v", "wo"}
	c.Optimizer.Name, c.Optimizer.LearningRate = "adamw", &rate
	c.Train.LogEvery, c.Checkpoint.KeepLast = 1, 100
	return c
}

// inEightBits writes a checkpoint in eight bits.
func inEightBits(t *testing.T, base string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "int8")
	if err := convert.Convert(t.Context(), base, dir, convert.ConvertOptions{DType: convert.Int8}, nil); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A run of adapters, over bases of each type, learns, leaves its base as it was, and is resumed to the same bits; its
// checkpoint holds the adapter alone and opens with its base. Over float32 its merged weights have the same metrics.
func TestAdapterRun(t *testing.T) {
	base := testrun.Model(t, testrun.TinyVocab)
	before, err := checkpoints.Digest(base)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(c *configs.Config){
		"float32":  func(*configs.Config) {},
		"averaged": func(c *configs.Config) { c.Train.EMA, c.LoRA.ModulesToSave = 0.5, []string{"final_layer_norm"} },
		"bfloat16": func(c *configs.Config) { c.LoRA.Base = new("bfloat16") },
		"int8":     func(c *configs.Config) { c.Model.Path = inEightBits(t, base) },
		"rounded":  func(c *configs.Config) { c.LoRA.Base, c.Train.Recompute = new("int8"), true },
	} {
		t.Run(name, func(t *testing.T) {
			c := loraConfig(t, base)
			change(c)
			r := finetune(t, c, Options{})
			h, err := runlog.ReadHistory(filepath.Join(c.Output, runlog.HistoryName))
			if err != nil {
				t.Fatal(err)
			}
			if last := h.Train[len(h.Train)-1]; !(last.Loss < h.Train[0].Loss-0.1) {
				t.Errorf("the loss is %g in the end and was %g", last.Loss, h.Train[0].Loss)
			}
			if !checkpoints.IsAdapter(r.Checkpoint) {
				t.Errorf("%s is no adapter", r.Checkpoint)
			}
			if _, _, err := checkpoints.Open(c.Output); err != nil {
				t.Errorf("open the run: %v", err)
			}
			want := contents(t, c.Output)
			c.Output = filepath.Join(t.TempDir(), "run")
			if r := stoppedAt(t, c, "step 3/"); !r.Interrupted {
				t.Fatalf("stopped with %+v", r)
			}
			finetune(t, c, Options{Resume: true})
			got := contents(t, c.Output)
			maps.DeleteFunc(got, func(name, _ string) bool { _, ok := want[name]; return !ok }) // saved when it stopped
			compareRuns(t, "resumed", want, got)
		})
	}
	if after, err := checkpoints.Digest(base); err != nil || after != before {
		t.Errorf("the base has changed: %v", err)
	}
}

// An adapter is trained further from where it was, and merged it does what it did.
func TestAdapterIsTrainedFurtherAndMerged(t *testing.T) {
	base := testrun.Model(t, testrun.TinyVocab)
	c := loraConfig(t, base)
	r := finetune(t, c, Options{})
	more := loraConfig(t, base)
	more.LoRA = peft.Spec{Adapter: c.Output}
	initial := filepath.Join(t.TempDir(), "initial")
	finetune(t, more, Options{Initial: initial})
	for _, pair := range [][2]string{{r.Checkpoint, initial}} {
		a, b := adapterOf(t, base, pair[0]), adapterOf(t, base, pair[1])
		for i, p := range a.Model.Adapters() {
			if !slices.Equal(p.Value, b.Model.Adapters()[i].Value) {
				t.Errorf("%s is another one when its training goes on", p.Name)
			}
		}
	}
	merged := filepath.Join(t.TempDir(), "merged")
	if err := convert.Convert(t.Context(), c.Output, merged, convert.ConvertOptions{}, nil); err != nil {
		t.Fatal(err)
	}
	whole, _, err := checkpoints.Open(merged)
	if err != nil {
		t.Fatal(err)
	}
	opened, _, err := checkpoints.OpenWith(base, checkpoints.OpenOptions{Adapter: c.Output})
	if err != nil {
		t.Fatal(err)
	}
	changed := 0
	original, _, err := checkpoints.Open(base)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range whole.Model.Params {
		if !slices.Equal(p.Value, opened.Model.Params[i].Value) {
			t.Errorf("%s: a file of merged weights has others than memory", p.Name)
		}
		if !slices.Equal(p.Value, original.Model.Params[i].Value) {
			changed++
		}
	}
	if changed != 16 || whole.Info.Task == nil {
		t.Errorf("%d weights are other ones, and the task is %v", changed, whole.Info.Task)
	}
	if whole.Info.Step != r.Step {
		t.Errorf("merged at step %d of %d", whole.Info.Step, r.Step)
	}
}

func adapterOf(t *testing.T, base, adapter string) *checkpoints.Folder {
	t.Helper()
	b, _, err := checkpoints.Open(base)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.AttachAdapter(adapter, true); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAdapterRunRefuses(t *testing.T) {
	base := testrun.Model(t, testrun.TinyVocab)
	other := testrun.Model(t, testrun.TinyVocab)
	for name, c := range map[string]struct {
		change func(c *configs.Config)
		want   string
	}{
		"target":  {func(c *configs.Config) { c.LoRA.Targets = []string{"query"} }, `lora.targets: "query"`},
		"new":     {func(c *configs.Config) { c.Model = configs.Model{Size: "v1_1-tiny"} }, "name one with model.path"},
		"freeze":  {func(c *configs.Config) { c.Train.Freeze = []string{"encoder"} }, "train.freeze: is set beside"},
		"both":    {func(c *configs.Config) { c.LoRA.Adapter = other }, "lora.rank: is set beside lora.adapter"},
		"off":     {func(c *configs.Config) { c.LoRA.Rank = 0 }, "lora.dropout: is set without adapters"},
		"a model": {func(c *configs.Config) { c.LoRA = peft.Spec{Adapter: other} }, "it is a whole model"},
		"lm_head": {func(c *configs.Config) { c.LoRA.ModulesToSave = []string{"shared"} }, "one embedding"},
		"in eight": {func(c *configs.Config) {
			c.LoRA.Base, c.LoRA.ModulesToSave = new("int8"), []string{"lm_head"}
		}, "in int8"},
	} {
		config := loraConfig(t, base)
		c.change(config)
		if _, err := Finetune(t.Context(), config, Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
	c := loraConfig(t, base)
	finetune(t, c, Options{})
	full := testrun.TinyConfig(t)
	full.Model, full.Tokenizer.Path = configs.Model{Path: c.Output}, ""
	if _, err := Finetune(t.Context(), full, Options{}); err == nil ||
		!strings.Contains(err.Error(), "is no model by itself: name the base as the model") {
		t.Errorf("train an adapter in full: error %v", err)
	}
	if _, err := setup.CheckModel(c); err != nil {
		t.Errorf("check: %v", err)
	}
	if _, err := peft.ReadConfig(filepath.Join(c.Output, "best")); err != nil {
		t.Error(err)
	}
}
