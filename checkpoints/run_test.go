package checkpoints

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// runOf returns a run with checkpoints of these steps, saved in this order.
func runOf(t testing.TB, steps ...int) (output string, run *Run) {
	t.Helper()
	output = t.TempDir()
	run, err := OpenRun(output)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		if err := run.Save(step, checkpoint(fmt.Sprint(step))); err != nil {
			t.Fatal(err)
		}
	}
	return output, run
}

func wantSteps(t testing.TB, run *Run, want ...int) {
	t.Helper()
	if got, err := run.Steps(); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("steps %v, %v, want %v", got, err, want)
	}
}

func TestRun(t *testing.T) {
	output, run := runOf(t)
	wantSteps(t, run)
	if _, ok, err := run.Latest(); ok || err != nil {
		t.Errorf("an empty run has a latest: %v, %v", ok, err)
	}
	if _, ok, err := run.Best(); ok || err != nil {
		t.Errorf("an empty run has a best: %v, %v", ok, err)
	}
	for _, step := range []int{500, 1000, 123456789} {
		if err := run.Save(step, checkpoint(fmt.Sprint(step))); err != nil {
			t.Fatal(err)
		}
		if latest, ok, err := run.Latest(); latest != step || !ok || err != nil {
			t.Errorf("latest %d, %v, %v, want %d", latest, ok, err, step)
		}
	}
	if err := run.SetBest(500); err != nil {
		t.Fatal(err)
	}
	if best, ok, err := run.Best(); best != 500 || !ok || err != nil {
		t.Errorf("best %d, %v, %v, want 500", best, ok, err)
	}
	wantSteps(t, run, 500, 1000, 123456789)
	dir := filepath.Join(output, "checkpoints")
	if got, want := entries(t, dir), "best checkpoint-00000500 checkpoint-00001000 checkpoint-123456789 "+
		"latest"; got != want {
		t.Errorf("the folder holds %q, want %q", got, want)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "best")); err != nil || string(text) != "checkpoint-00000500\n" {
		t.Errorf("best is %q, %v", text, err)
	}
}

func TestSaveAgain(t *testing.T) {
	_, run := runOf(t, 5)
	if err := run.Save(5, checkpoint("again")); err != nil {
		t.Fatal(err)
	}
	wantSteps(t, run, 5)
	if got := markOf(t, run.Dir(5)); got != "again" {
		t.Errorf("got %q", got)
	}
}

func TestFailedSaveKeepsLatest(t *testing.T) {
	_, run := runOf(t, 5)
	if err := run.Save(6, func(d *Dir) error { return os.ErrInvalid }); err == nil {
		t.Fatal("no error")
	}
	wantSteps(t, run, 5)
	if latest, _, err := run.Latest(); latest != 5 || err != nil {
		t.Errorf("latest %d, %v, want 5", latest, err)
	}
}

func TestSaveRefusesANegativeStep(t *testing.T) {
	_, run := runOf(t)
	if err := run.Save(-1, checkpoint("")); err == nil || !strings.Contains(err.Error(), "step -1 is negative") {
		t.Errorf("got error %v", err)
	}
}

func TestSetBestNeedsTheCheckpoint(t *testing.T) {
	_, run := runOf(t, 5)
	if err := run.SetBest(6); err == nil || !strings.Contains(err.Error(), "there is no checkpoint") {
		t.Errorf("got error %v", err)
	}
}

// TestLatestBeforeItIsNoted is a process killed between the first checkpoint and the pointer.
func TestLatestBeforeItIsNoted(t *testing.T) {
	_, run := runOf(t, 5, 10)
	if err := os.Remove(filepath.Join(run.dir, "latest")); err != nil {
		t.Fatal(err)
	}
	if latest, ok, err := run.Latest(); latest != 10 || !ok || err != nil {
		t.Errorf("latest %d, %v, %v, want 10", latest, ok, err)
	}
}

func TestDamagedPointer(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", `got ""`},
		{"other text", "hello", `got "hello", want the name of a folder beside it such as checkpoint-00000500`},
		{"other spelling", "checkpoint-5", `got "checkpoint-5"`},
		{"path", "../checkpoint-00000005", "correct or delete the file"},
		{"removed folder", "checkpoint-00000006\n",
			"it names checkpoint-00000006, which is no checkpoint folder there"},
	} {
		t.Run(c.name, func(t *testing.T) {
			output, run := runOf(t, 5, 10, 15)
			path := filepath.Join(run.dir, "best")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, _, bestErr := run.Best()
			_, _, resolveErr := Resolve(output)
			for _, err := range []error{bestErr, resolveErr, run.Prune(1)} {
				if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
					t.Errorf("got error %v, want one with %q and the file", err, c.want)
				}
			}
			wantSteps(t, run, 5, 10, 15)
		})
	}
}

func TestPrune(t *testing.T) {
	for _, c := range []struct {
		name     string
		steps    []int
		best     int
		keepLast int
		want     []int
		wantErr  string
	}{
		{"last two", []int{1, 2, 3, 4}, 0, 2, []int{3, 4}, ""},
		{"never the best", []int{1, 2, 3, 4}, 1, 2, []int{1, 3, 4}, ""},
		{"best among the last", []int{1, 2, 3, 4}, 4, 2, []int{3, 4}, ""},
		{"none but latest and best", []int{1, 2, 3, 4}, 2, 0, []int{2, 4}, ""},
		{"never the latest", []int{3, 4, 1}, 0, 1, []int{1, 4}, ""},
		{"more than there are", []int{1, 2}, 0, 5, []int{1, 2}, ""},
		{"no checkpoint", nil, 0, 1, nil, ""},
		{"negative", []int{1, 2}, 0, -1, []int{1, 2}, "want at least 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, run := runOf(t, c.steps...)
			if c.best > 0 {
				if err := run.SetBest(c.best); err != nil {
					t.Fatal(err)
				}
			}
			err := run.Prune(c.keepLast)
			if c.wantErr == "" && err != nil ||
				c.wantErr != "" && (err == nil || !strings.Contains(err.Error(), c.wantErr)) {
				t.Errorf("got error %v, want %q", err, c.wantErr)
			}
			wantSteps(t, run, c.want...)
			if len(c.steps) > 0 && strings.Contains(entries(t, run.dir), ".t5train-") {
				t.Errorf("left %q", entries(t, run.dir))
			}
		})
	}
}

func TestStepsIgnoresOtherThings(t *testing.T) {
	_, run := runOf(t, 5)
	d := &Dir{root: run.dir}
	for _, name := range []string{"checkpoint-5/config.json", "checkpoint-000000005/config.json",
		"checkpoint--0000001/config.json",
		"notes/config.json", "checkpoint-00000006/other.json", "checkpoint-00000007"} {
		if err := d.WriteFile(name, nil); err != nil {
			t.Fatal(err)
		}
	}
	wantSteps(t, run, 5)
}

func TestOpenRunOnAFile(t *testing.T) {
	dir := modelFolder(t, map[string]string{"config.json": "{}"})
	if _, err := OpenRun(filepath.Join(dir, "config.json")); err == nil ||
		!strings.Contains(err.Error(), "it is a file") {
		t.Errorf("got error %v", err)
	}
}
