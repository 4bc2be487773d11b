package trainer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"t5train/internal/testrun"
	"t5train/trainer/runlog"
)

// Hooks are called for what happens, in the order in which it happens: what follows a step comes before the next one,
// and a checkpoint after the evaluation that decides about it. Metrics are written before.
func TestHooksTellTheRun(t *testing.T) {
	c := testrun.TinyConfig(t)
	c.Train.LogEvery, c.Eval.EverySteps, c.Checkpoint.EverySteps = 3, 4, 6
	c.Eval.Metric = "loss" // which falls
	var got []string
	finetune(t, c, Options{Hooks: []Hooks{{}, {
		OnStep: func(e StepEvent) error {
			text := fmt.Sprintf("step %d/%d", e.Step, e.Steps)
			if e.Row != nil {
				text += fmt.Sprintf(" row %d", e.Row.Step)
				if rows := testrun.TrainLosses(t, c.Output); len(rows) == 0 || rows[len(rows)-1] != e.Row.Loss {
					t.Errorf("step %d: losses %v are written, want %g at the end", e.Step, rows, e.Row.Loss)
				}
			}
			got = append(got, text)
			return nil
		},
		OnEval: func(e EvalEvent) error {
			if e.Metric != "loss" || e.Metrics["loss"] == 0 || e.Stopping || e.SinceBest > 0 {
				t.Errorf("evaluated %+v", e)
			}
			got = append(got, fmt.Sprintf("eval %d %v", e.Step, e.Improved))
			return nil
		},
		OnCheckpoint: func(e CheckpointEvent) error {
			got = append(got, fmt.Sprintf("checkpoint %d best %v finished %v", e.Step, e.Best, e.Finished))
			return nil
		},
	}}})
	want := []string{
		"step 1/8", "step 2/8", "step 3/8 row 3", "step 4/8", "eval 4 true", "checkpoint 4 best true finished false",
		"step 5/8", "step 6/8 row 6", "checkpoint 6 best false finished false", "step 7/8", "step 8/8 row 8",
		"eval 8 true", "checkpoint 8 best true finished true",
	}
	if !slices.Equal(got, want) {
		t.Errorf("called for\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// The error of a hook ends the run, and the next run of the configuration resumes it.
func TestHookFails(t *testing.T) {
	c := testrun.TinyConfig(t)
	c.Checkpoint.EverySteps = 2
	failed := errors.New("no room for events")
	_, err := Finetune(t.Context(), c, Options{Hooks: []Hooks{{OnStep: func(e StepEvent) error {
		if e.Step == 5 {
			return failed
		}
		return nil
	}}}})
	if !errors.Is(err, failed) || !strings.Contains(err.Error(), "the checkpoint of step 4 is kept") {
		t.Fatalf("got error %v", err)
	}
	first := 0
	finetune(t, c, Options{Resume: true, Hooks: []Hooks{{OnStep: func(e StepEvent) error {
		if first == 0 {
			first = e.Step
		}
		return nil
	}}}})
	if steps := recordedSteps(t, c.Output, runlog.KindTrain); first != 5 {
		t.Errorf("resumed with step %d, rows of steps %v, want step 5", first, steps)
	}
}
