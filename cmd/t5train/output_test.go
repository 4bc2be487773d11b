package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"t5train/internal/atomicfile"
)

// writeOutput writes text as a command does.
func writeOutput(path, text string) error {
	w, finish, err := atomicfile.OpenOutput(io.Discard, path)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, text)
	return finish(err)
}

func namesIn(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// TestOutput_Killed ends the command at each of its changes of the disk: the old file stays or the new one is whole,
// and the same command then leaves nothing but the file.
func TestOutput_Killed(t *testing.T) {
	for changes := 0; ; changes++ {
		dir := t.TempDir()
		path := filepath.Join(dir, "scores.json")
		if err := writeOutput(path, "old"); err != nil {
			t.Fatal(err)
		}
		revive := atomicfile.KillAfter(dir, changes)
		err := writeOutput(path, "new")
		made := revive()
		got, readErr := os.ReadFile(path)
		if readErr != nil || string(got) != "old" && string(got) != "new" {
			t.Errorf("after %d changes: %q, %v", changes, got, readErr)
		}
		if err := writeOutput(path, "again"); err != nil {
			t.Fatal(err)
		}
		if got := namesIn(t, dir); got != "scores.json" {
			t.Errorf("after %d changes and again: the folder holds %s", changes, got)
		}
		if made < changes {
			if err != nil {
				t.Error(err)
			}
			return
		}
		if !errors.Is(err, atomicfile.ErrKilled) && string(got) != "new" {
			t.Errorf("after %d changes: error %v, and the file is %q", changes, err, got)
		}
	}
}

func TestOutput_OneWriter(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "scores.json")
	_, finish, err := atomicfile.OpenOutput(io.Discard, path)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeOutput(path, "second"); err == nil || !strings.Contains(err.Error(),
		"another process is writing it") {
		t.Errorf("a second writer: %v", err)
	}
	failed := errors.New("failed")
	if err := finish(failed); !errors.Is(err, failed) {
		t.Errorf("got %v, want the error of the work", err)
	}
	if got := namesIn(t, dir); got != "" {
		t.Errorf("left %s", got)
	}
	// A link of somebody else's is not written through.
	precious := filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(precious, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(precious, filepath.Join(dir, ".scores.json.t5train-tmp")); err != nil {
		t.Skip(err)
	}
	if err := writeOutput(path, "new"); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(precious); err != nil || string(got) != "precious" {
		t.Errorf("the file outside is %q, error %v", got, err)
	}
}
