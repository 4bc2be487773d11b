package trainer

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"t5train/configs"
	"t5train/internal/testdir"
	"t5train/internal/testrun"
	"t5train/trainer/runlog"
)

func TestStepsWithin(t *testing.T) {
	for _, test := range []struct {
		name    string
		pace    pace
		seconds float64
		want    int
	}{
		{"no evaluation", pace{step: 0.5}, 10, 20},
		{"one at the end", pace{step: 0.5, evaluation: 2, every: 100}, 10, 16},
		{"every 4 steps", pace{step: 0.5, evaluation: 2, every: 4}, 10, 8}, // 4 s of steps and two evaluations are 8 s
		{"one before the first step", pace{step: 0.5, evaluation: 2, every: 100, first: true}, 10, 12},
		{"too little for a step", pace{step: 0.5, evaluation: 2, every: 4}, 1, 1},
		{"nothing left", pace{step: 0.5}, -3, 1},
	} {
		if got := test.pace.stepsWithin(test.seconds); got != test.want {
			t.Errorf("%s: got %d steps, want %d", test.name, got, test.want)
		}
	}
}

// timed is a run of a quarter of a second whose learning rate depends on the number of its steps.
func timed(t *testing.T) *configs.Config {
	c := testrun.TinyConfig(t)
	c.Train.Epochs, c.Train.Minutes, c.Schedule.Name = 0, 0.004, "linear"
	c.Train.LogEvery, c.Eval.EverySteps, c.Checkpoint.KeepLast = 3, 5, 1000
	return c
}

// withoutMinutes removes from what a run holds that it was given a time.
func withoutMinutes(files map[string]string) map[string]string {
	for name, content := range files {
		var kept []string
		for line := range strings.Lines(content) {
			if !strings.Contains(line, `"minutes":`) && !strings.Contains(line, `"steps_of_minutes":`) {
				kept = append(kept, line)
			}
		}
		if strings.HasSuffix(name, stateName) {
			files[name] = strings.Join(kept, "")
		}
	}
	return files
}

// A run that is given a time is the run of the number of steps that this makes, bit for bit.
func TestMinutes(t *testing.T) {
	t.Parallel()
	c := timed(t)
	said := ""
	r := finetune(t, c, Options{Sink: testdir.Sink{Said: func(line string) { said += line + "\n" }}})
	if r.Step < 1 || !strings.Contains(said, "train.minutes 0.004: ") {
		t.Errorf("%d steps, said %q", r.Step, said)
	}
	got := withoutMinutes(contents(t, c.Output))
	written := string(testdir.Read(t, filepath.Join(c.Output, runlog.ConfigName)))
	if !strings.Contains(written, "  steps: ") || strings.Contains(written, "minutes: 0.004") {
		t.Errorf("the configuration of the run is\n%s", written)
	}

	c.Output = filepath.Join(t.TempDir(), "run")
	c.Train.Steps, c.Train.Minutes = r.Step, 0
	finetune(t, c, Options{})
	compareRuns(t, "the same number of steps", contents(t, c.Output), got)
}

// A run that is resumed keeps the number of its steps, whichever way its length is said.
func TestResumeMinutes(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*configs.Config, int){
		"the time":      func(*configs.Config, int) {},
		"steps in turn": func(c *configs.Config, steps int) { c.Train.Steps, c.Train.Minutes = steps, 0 },
	} {
		c := timed(t)
		ctx, stop := context.WithCancel(t.Context())
		total := 0
		r, err := Finetune(ctx, c, Options{Hooks: []Hooks{{OnStep: func(e StepEvent) error {
			if total = e.Steps; e.Step == 1 {
				stop()
			}
			return nil
		}}}})
		if err != nil || !r.Interrupted {
			t.Fatalf("%s: got %v, %v", name, r, err)
		}
		other := *c
		other.Train.Minutes = 0.008
		if _, err := Finetune(t.Context(), &other, Options{}); err == nil ||
			!strings.Contains(err.Error(), "train.minutes: 0.004 -> 0.008") {
			t.Errorf("%s: another time: got error %v", name, err)
		}
		change(c, total)
		if r := finetune(t, c, Options{Resume: true}); r.Step != total {
			t.Errorf("%s: ended at step %d, want %d", name, r.Step, total)
		}
		change(c, total)
		finetune(t, c, Options{Resume: true}) // nothing is left to do
	}
}

// Who stops a run while it is measured gets no run.
func TestStopWhileMeasuring(t *testing.T) {
	t.Parallel()
	c := timed(t)
	c.Train.Minutes = 10
	ctx, stop := context.WithCancel(t.Context())
	_, err := Finetune(ctx, c, Options{Sink: testdir.Sink{Said: func(line string) {
		if strings.HasPrefix(line, "validation: ") { // the data is read
			stop()
		}
	}}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want that the context ended", err)
	}
}
