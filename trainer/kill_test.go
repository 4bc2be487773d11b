package trainer

import (
	"errors"
	"path/filepath"
	"testing"

	"t5train/internal/atomicfile"
)

// A run is killed at each of its changes of the disk before its first step, and at some of the later ones. The same
// call resumes to the same bits.
func TestKilledRun(t *testing.T) {
	c := tinyPretraining(t)
	c.Train.Steps, c.Eval.EverySteps, c.Checkpoint.KeepLast, c.Data.Tokens = 1, 1, 9, t.TempDir()
	pretrain(t, c, nil)
	want := contents(t, c.Output)
	step := 1
	for changes, ended := 0, false; !ended; changes += step {
		run := *c
		run.Output = filepath.Join(t.TempDir(), "run")
		revive := atomicfile.KillAfter(filepath.Dir(run.Output), changes)
		_, err := Pretrain(t.Context(), &run, Options{})
		revive()
		if ended = err == nil; !ended && !errors.Is(err, atomicfile.ErrKilled) {
			t.Fatal(err)
		}
		if _, err := Pretrain(t.Context(), &run, Options{}); err != nil {
			t.Fatalf("after %d changes: %v", changes, err)
		}
		compareRuns(t, "killed", want, contents(t, run.Output))
		if changes == 12 {
			step = 29
		}
	}
}
