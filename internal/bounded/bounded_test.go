package bounded

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestReadFile(t *testing.T) {
	t.Setenv(Variable, "1")
	dir := t.TempDir()
	path := filepath.Join(dir, "config.json")
	for _, size := range []int{0, 1, 511, 512, 513, 1 << 20} {
		want := strings.Repeat("x", size)
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%d bytes: got %d, error %v", size, len(got), err)
		}
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err == nil {
		if got, err := ReadFile(link); err != nil || len(got) != 1<<20 {
			t.Errorf("link: got %d bytes, error %v", len(got), err)
		}
	}
	if err := os.Truncate(path, 1<<20+1); err != nil {
		t.Fatal(err)
	}
	_, err := ReadFile(path)
	for _, want := range []string{path, "1048577 bytes", "1 MB", "T5_MAX_READ_MB=2"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one with %q", err, want)
		}
	}
	t.Setenv(Variable, "2")
	if got, err := ReadFile(path); err != nil || len(got) != 1<<20+1 {
		t.Errorf("raised: got %d bytes, error %v", len(got), err)
	}
}

func TestRaised(t *testing.T) {
	for value, want := range map[string]int64{"": 2 << 20, "1": 2 << 20, "2": 2 << 20, "3": 3 << 20} {
		t.Setenv(Variable, value)
		if got, err := Raised(2 << 20); err != nil || got != want {
			t.Errorf("%q: got %d, %v, want %d", value, got, err, want)
		}
	}
	t.Setenv(Variable, "many")
	if _, err := Raised(1); err == nil || !strings.Contains(err.Error(), Variable) {
		t.Errorf("got error %v, want one that names %s", err, Variable)
	}
	if got := Raise(1<<20 + 1); got != "set T5_MAX_READ_MB=2 in the environment" {
		t.Errorf("got %q", got)
	}
}

func TestReadFileRefusesOthers(t *testing.T) {
	dir := t.TempDir()
	if _, err := ReadFile(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: got %v, want ErrNotExist", err)
	}
	if _, err := ReadFile(dir); err == nil || !strings.Contains(err.Error(), "it is a directory") {
		t.Errorf("folder: got %v", err)
	}
	if runtime.GOOS != "windows" {
		if _, err := ReadFile("/dev/zero"); err == nil || !strings.Contains(err.Error(), "it is a device or a pipe") {
			t.Errorf("device: got %v", err)
		}
	}
	for _, value := range []string{"0", "-1", "1.5", "many", "99999999999999999999", "9223372036854775807"} {
		t.Setenv(Variable, value)
		if _, err := ReadFile(filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), Variable) {
			t.Errorf("%s: got %v, want an error that names %s", value, err, Variable)
		}
	}
}

func TestReadStopsAtTheBound(t *testing.T) {
	t.Setenv(Variable, "1")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	go func() {
		defer w.Close()
		for block := make([]byte, 1<<16); err == nil; {
			_, err = w.Write(block)
		}
	}()
	if _, err := Read(r); err == nil || !strings.Contains(err.Error(), "T5_MAX_READ_MB=2") {
		t.Errorf("got %v, want an error with the variable", err)
	}
}
