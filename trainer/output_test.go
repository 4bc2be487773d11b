package trainer

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/configs"
	"t5train/internal/testrun"
	"t5train/internal/ui/terminal"
	"t5train/trainer/optim"
)

// Which runs may write to an output folder, and what they leave there.

func TestOutputFolderInUse(t *testing.T) {
	stopped := testrun.TinyConfig(t)
	stopped.Train.LogEvery = 1
	stoppedAt(t, stopped, "step 3/")
	finished := testrun.TinyConfig(t)
	finetune(t, finished, Options{})

	for name, c := range map[string]struct {
		from    *configs.Config
		change  func(c *configs.Config)
		options Options
		want    []string // parts of the error; none: it works
	}{
		"no option": {from: stopped},
		"resume":    {from: stopped, options: Options{Resume: true}},
		"harmless changes": {from: stopped, options: Options{Resume: true}, change: func(c *configs.Config) {
			c.Train.Recompute = true
			c.Train.Threads, c.Train.LogEvery, c.Checkpoint = 2, 5,
				configs.Checkpoint{EverySteps: 1, EveryMinutes: 1, KeepLast: 7}
		}},
		"other changes": {from: stopped, options: Options{Resume: true}, change: func(c *configs.Config) {
			momentum := 0.5
			c.Optimizer, c.Train.Seed = optim.Spec{Name: "sgd", Momentum: &momentum}, 2
		}, want: []string{"of another configuration, saved at step 3", "train.seed: 1 -> 2\n",
			"optimizer.name: adafactor -> sgd\n", "optimizer.momentum: unset -> 0.5\n", "undo the changes",
			"run.output",
			"run.overwrite"}},
		"finished, resume":    {from: finished, options: Options{Resume: true}},
		"finished, no option": {from: finished},
		"finished, longer": {from: finished, change: func(c *configs.Config) { c.Train.Epochs = 3 },
			want: []string{"train.epochs: 2 -> 3\n", "trains its weights further"}},
		"nothing to resume": {from: stopped, options: Options{Resume: true}, change: func(c *configs.Config) {
			c.Output = filepath.Join(t.TempDir(), "nothing")
		}, want: []string{"holds no checkpoint", "without run.resume"}},
		"a file": {from: stopped, change: func(c *configs.Config) { c.Output = testrun.TrainFile },
			want: []string{"it is a file, want a folder"}},
	} {
		t.Run(name, func(t *testing.T) {
			config := *c.from
			config.Output = filepath.Join(t.TempDir(), "run")
			if err := os.CopyFS(config.Output, os.DirFS(c.from.Output)); err != nil {
				t.Fatal(err)
			}
			if c.change != nil {
				c.change(&config)
			}
			c.options.Sink = nil
			r, err := Finetune(t.Context(), &config, c.options)
			if len(c.want) == 0 {
				if err != nil || r.Step != 8 {
					t.Errorf("got %+v, %v", r, err)
				}
				return
			}
			for _, part := range c.want {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("error %v, want %q in it", err, part)
				}
			}
		})
	}
}

// Nothing of the earlier run is left in one that overwrites it.
func TestOverwrite(t *testing.T) {
	c := testrun.TinyConfig(t)
	finetune(t, c, Options{})
	want := contents(t, c.Output)

	c.Output = filepath.Join(t.TempDir(), "run")
	other := *c
	other.Train.Epochs, other.Eval.EverySteps, other.Train.Seed = 4, 3, 2
	finetune(t, &other, Options{})
	finetune(t, c, Options{Overwrite: true})
	got := contents(t, c.Output)
	compareRuns(t, "overwritten", want, got)
	if len(got) != len(want) {
		t.Errorf("the folder holds %v, want %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
}

// Another process trains in the folder while this one still reads its data.
func TestOutputFolderTakenMeanwhile(t *testing.T) {
	c := testrun.TinyConfig(t)
	finetune(t, c, Options{})
	finished := c.Output

	c.Output = filepath.Join(t.TempDir(), "run")
	sink := terminal.Plain(eachLine(func(line string) {
		if strings.HasPrefix(line, "validation: ") {
			if err := os.CopyFS(c.Output, os.DirFS(finished)); err != nil {
				t.Error(err)
			}
		}
	}))
	_, err := Finetune(t.Context(), c, Options{Sink: sink})
	if err == nil || !strings.Contains(err.Error(), "another process has trained in") || !strings.Contains(err.Error(),
		"to step 8") {
		t.Errorf("error %v", err)
	}
	compareRuns(t, "the other run", contents(t, finished), contents(t, c.Output))
}
