package trainer

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/checkpoints/safetensors"
	"t5train/internal/testrun"
	"t5train/trainer/setup"
)

// A run with frozen parts leaves their weights as they are and has no optimizer state of them, in checkpoints like any
// other; resumed in the middle it is the same bits.
func TestFrozenRun(t *testing.T) {
	for name, ema := range map[string]float64{"plain": 0, "averaged": 0.5} {
		t.Run(name, func(t *testing.T) { testFrozenRun(t, ema) })
	}
}

func testFrozenRun(t *testing.T, ema float64) {
	c := testrun.TinyConfig(t)
	c.Train.EMA = ema
	c.Train.LogEvery, c.Checkpoint.KeepLast = 1, 100
	c.Train.Freeze, c.Optimizer.Name, c.Optimizer.LearningRate = []string{"embedding", "encoder"}, "adamw", nil
	initial := filepath.Join(t.TempDir(), "initial")
	r := finetune(t, c, Options{Initial: initial})
	before, _, err := checkpoints.Open(initial)
	if err != nil {
		t.Fatal(err)
	}
	after, _, err := checkpoints.Open(r.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range after.Model.Params {
		frozen := p.Name == "shared.weight" || strings.HasPrefix(p.Name, "encoder.")
		if same := slices.Equal(p.Value, before.Model.Params[i].Value); same != frozen {
			t.Errorf("%s: frozen %t, the same %t", p.Name, frozen, same)
		}
	}
	file, err := safetensors.Open(filepath.Join(r.Checkpoint, optimizerName))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, name := range file.Names() {
		if strings.HasPrefix(name, "shared.") || strings.HasPrefix(name, "encoder.") {
			t.Errorf("the optimizer keeps %s", name)
		}
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
}

func TestFreezeSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		freeze string
		want   string
	}{
		"unknown": {"encoder.blok.0",
			`train.freeze: "encoder.blok.0" is no module of the model: want embedding, encoder, `},
		"everything": {"embedding,encoder,decoder,lm_head", "leave some to train"},
	} {
		t.Run(name, func(t *testing.T) {
			config := testrun.TinyConfig(t)
			config.Train.Freeze = strings.Split(c.freeze, ",")
			_, err := Finetune(t.Context(), config, Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
	config := testrun.TinyConfig(t)
	config.Train.Freeze = []string{"nothing"}
	if _, err := setup.CheckModel(config); err == nil || !strings.Contains(err.Error(), "train.freeze") {
		t.Errorf("a check without the weights: error %v", err)
	}
}

// A run that an older version began lets all weights decay, as it did then.
func TestOldRunsDecayAsTheyDid(t *testing.T) {
	s := state{Config: map[string]string{"optimizer.weight_decay": "0.1"}}
	c := testrun.TinyConfig(t)
	c.Optimizer.WeightDecay = 0.1
	if s.keepDecay(&c.Optimizer); !c.Optimizer.DecayAll || s.Config["optimizer.decay_all"] != "true" {
		t.Error("norms do not decay any more")
	}
	c.Optimizer.DecayAll = false
	s.Config["optimizer.decay_all"] = "false"
	if s.keepDecay(&c.Optimizer); c.Optimizer.DecayAll {
		t.Error("a run of this version has another decay")
	}
}
