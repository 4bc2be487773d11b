package predict

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"t5train/internal/atomicfile"
)

// A command is killed at each of its changes of the disk. The file appears whole or not at all, and the same command
// ends with it, unless it was killed while it replaced another one, which begins anew.
func TestKilledAnywhere(t *testing.T) {
	job := Job{"beams": "4"}
	for _, overwrite := range []bool{false, true} {
		for changes, ended := 0, false; !ended; changes++ {
			path := filepath.Join(t.TempDir(), "out")
			if overwrite {
				if _, err := answer(path, Job{"beams": "1"}, false, inputs[:1], -1); err != nil {
					t.Fatal(err)
				}
			}
			revive := atomicfile.KillAfter(filepath.Dir(path), changes)
			_, err := answer(path, job, overwrite, inputs, -1)
			revive()
			if ended = err == nil; !ended && !errors.Is(err, atomicfile.ErrKilled) {
				t.Fatal(err)
			}
			if raw, err := os.ReadFile(path); err == nil && string(raw) != whole() &&
				!(overwrite && string(raw) == line(inputs[0])) {
				t.Fatalf("overwrite %t, after %d changes: the file holds %q", overwrite, changes, raw)
			}
			if _, err := answer(path, job, overwrite, inputs, -1); err != nil {
				t.Fatalf("overwrite %t, after %d changes: %v", overwrite, changes, err)
			}
			if got := content(t, path); got != whole() {
				t.Fatalf("overwrite %t, after %d changes and once more: %q", overwrite, changes, got)
			}
			left, err := filepath.Glob(path + ".*")
			if err != nil || len(left) != 1 { // the record
				t.Fatalf("overwrite %t, after %d changes and once more: left %q", overwrite, changes, left)
			}
		}
	}
}
