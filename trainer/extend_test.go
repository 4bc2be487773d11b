package trainer

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"t5train/configs"
	"t5train/internal/testdir"
	"t5train/internal/testrun"
	"t5train/trainer/optim"
	"t5train/trainer/runlog"
)

// Where the rate is constant, a run that is extended has the bits of one that was as long from its beginning.
func TestExtend(t *testing.T) {
	for name, lengthen := range map[string]func(c *configs.Config, more int){
		"epochs": func(c *configs.Config, more int) { c.Train.Epochs = float64(more) },
		"steps":  func(c *configs.Config, more int) { c.Train.Epochs, c.Train.Steps = 0, 4*more },
		"epochs, then steps": func(c *configs.Config, more int) {
			if c.Train.Epochs = float64(more); more == 2 {
				c.Train.Epochs, c.Train.Steps = 0, 4*more
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			long := testrun.TinyConfig(t)
			long.Schedule.Name = "constant"
			lengthen(long, 3)
			finetune(t, long, Options{})
			want := contents(t, long.Output)

			c := *long
			c.Output = filepath.Join(t.TempDir(), "run")
			lengthen(&c, 1)
			if r := finetune(t, &c, Options{}); r.Step != 4 {
				t.Fatalf("%d steps, want 4", r.Step)
			}
			lengthen(&c, 2)
			if r := finetune(t, &c, Options{Extend: true}); r.Step != 12 {
				t.Errorf("%d steps, want 12", r.Step)
			}
			got := contents(t, c.Output)
			for _, file := range []string{"step 12: model.safetensors", "step 12: " + optimizerName} {
				if got[file] != want[file] || want[file] == "" {
					t.Errorf("%s is another", file)
				}
			}
		})
	}
}

// rates returns the learning rates of the steps of a run.
func rates(t *testing.T, output string) (rates []float64) {
	t.Helper()
	for line := range strings.Lines(string(testdir.Read(t, filepath.Join(output, runlog.HistoryName)))) {
		var row runlog.Train
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		if row.Kind == runlog.KindTrain {
			rates = append(rates, row.LearningRate)
		}
	}
	return rates
}

// The schedule begins anew, for the steps that are added, and again with the next extension.
func TestExtendSchedule(t *testing.T) {
	c := testrun.TinyConfig(t)
	c.Train.LogEvery, c.Train.Epochs, c.Train.Steps = 1, 0, 4
	c.Optimizer, c.Schedule = optim.Spec{Name: "sgd"}, configs.Schedule{Name: "linear", WarmupSteps: 2}
	finetune(t, c, Options{})
	first := rates(t, c.Output)
	finetune(t, c, Options{Extend: true})
	c.Train.Steps = 2
	c.Schedule.WarmupSteps = 0
	finetune(t, c, Options{Extend: true})
	got := rates(t, c.Output)
	if len(first) != 4 || len(got) != 10 {
		t.Fatalf("%d rates, then %d, want 4 and 10", len(first), len(got))
	}
	for i, rate := range first {
		if got[4+i] != rate {
			t.Errorf("step %d has rate %g, want that of step %d, %g", 5+i, got[4+i], 1+i, rate)
		}
	}
	if got[9] >= got[8] || got[8] <= got[7] {
		t.Errorf("the rates of the second extension are %g behind %g", got[8:], got[7])
	}
}

// An extension that was interrupted is resumed to the same bits, with Extend and without.
func TestExtendResumes(t *testing.T) {
	tiny := testrun.TinyConfig(t)
	begin := func() *configs.Config {
		copied := *tiny
		c := &copied
		c.Output = filepath.Join(t.TempDir(), "run")
		c.Optimizer, c.Schedule = optim.Spec{Name: "adamw"}, configs.Schedule{Name: "linear", WarmupSteps: 1}
		c.Checkpoint.EverySteps, c.Checkpoint.KeepLast = 1, 100
		c.Train.Epochs, c.Train.Steps = 0, 3
		finetune(t, c, Options{})
		c.Train.Steps = 4
		return c
	}
	c := begin()
	finetune(t, c, Options{Extend: true})
	want := contents(t, c.Output)
	for _, again := range []Options{{Extend: true}, {Resume: true}} {
		c := begin()
		ctx, stop := context.WithCancel(t.Context())
		r, err := Finetune(ctx, c, Options{Extend: true, Hooks: []Hooks{{OnStep: func(e StepEvent) error {
			if e.Step == 5 {
				stop()
			}
			return nil
		}}}})
		if err != nil || !r.Interrupted || r.Step <= 3 || r.Step >= 7 {
			t.Fatalf("stopped with %+v, %v", r, err)
		}
		if r := finetune(t, c, again); r.Step != 7 {
			t.Errorf("%d steps, want 7", r.Step)
		}
		compareRuns(t, "an extension that stopped", want, contents(t, c.Output))
	}
}

func TestExtendRefuses(t *testing.T) {
	c := testrun.TinyConfig(t)
	refused := func(want string) {
		t.Helper()
		_, err := Finetune(t.Context(), c, Options{Extend: true})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	refused("holds no run: start without run.extend")
	c.Train.LogEvery = 1
	stoppedAt(t, c, "step 3/")
	refused("is not finished, at step 3: the same command without run.extend resumes it")
	finetune(t, c, Options{})
	c.Train.Seed++
	refused("train.seed: 1 -> 2")
}
