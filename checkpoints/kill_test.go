package checkpoints

import (
	"errors"
	"path/filepath"
	"testing"

	"t5train/internal/atomicfile"
)

// saveSteps writes the checkpoints that a run of some steps writes, and marks and removes as the run does.
func saveSteps(output string, from, to int) error {
	unlock, err := LockRun(output)
	if err != nil {
		return err
	}
	defer unlock()
	run, err := OpenRun(output)
	if err != nil {
		return err
	}
	for step := from; step <= to; step++ {
		err := run.Save(step, func(d *Dir) error {
			return errors.Join(d.WriteFile("config.json", []byte("{}")),
				d.WriteFile("trainer/state.json", []byte("state")), d.WriteChecksums())
		})
		if err == nil && step%2 == 0 {
			err = run.SetBest(step)
		}
		if err == nil {
			err = run.Prune(1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// A run is killed at each of its changes of the disk. The pointers that are left name whole checkpoints, and a run that
// goes on from the latest ends with the files of one that never stopped.
func TestKilledRun(t *testing.T) {
	const steps = 4
	for changes, ended := 0, false; !ended; changes++ {
		output := filepath.Join(t.TempDir(), "run")
		revive := atomicfile.KillAfter(filepath.Dir(output), changes)
		err := saveSteps(output, 1, steps)
		revive()
		if ended = err == nil; !ended && !errors.Is(err, atomicfile.ErrKilled) {
			t.Fatal(err)
		}
		run, err := OpenRun(output)
		if err != nil {
			t.Fatal(err)
		}
		step, found, err := run.Latest()
		if err != nil {
			t.Fatalf("after %d changes: %v", changes, err)
		}
		if found {
			dir, _, err := Resolve(output) // the best one
			if err == nil {
				err = errors.Join(Verify(dir), Verify(run.Dir(step)))
			}
			if err != nil {
				t.Fatalf("after %d changes: %v", changes, err)
			}
			if step%2 == 0 { // what the process that resumes does first
				if err := run.SetBest(step); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := saveSteps(output, step+1, steps); err != nil {
			t.Fatalf("after %d changes: %v", changes, err)
		}
		if err := run.Prune(1); err != nil {
			t.Fatal(err)
		}
		if got := hidden(t, output); len(got) > 0 {
			t.Fatalf("after %d changes and the rest: %q", changes, got)
		}
		kept, err := run.Steps()
		if best, ok, bestErr := run.Best(); err != nil || bestErr != nil || !ok || best != steps || len(kept) != 1 {
			t.Fatalf("after %d changes and the rest: best %d, %v, checkpoints %v, %v", changes, best, bestErr, kept,
				err)
		}
	}
}

// hidden lists what killed processes have left in a run.
func hidden(t *testing.T, output string) []string {
	t.Helper()
	var found []string
	for _, pattern := range []string{".*", "checkpoints/.*", "checkpoints/*/.*"} {
		names, err := filepath.Glob(filepath.Join(output, pattern))
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, names...)
	}
	return found
}
