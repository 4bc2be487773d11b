package checkpoints

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"t5train/checkpoints/safetensors"
)

// checkpoint fills a folder whose two files both hold mark.
func checkpoint(mark string) func(*Dir) error {
	return func(d *Dir) error {
		return errors.Join(d.WriteFile("config.json", []byte(mark)), d.WriteFile("trainer/state.json", []byte(mark)))
	}
}

// markOf returns what checkpoint has written to dir, or fails if the two files differ.
func markOf(t testing.TB, dir string) string {
	t.Helper()
	config, configErr := os.ReadFile(filepath.Join(dir, "config.json"))
	state, stateErr := os.ReadFile(filepath.Join(dir, "trainer", "state.json"))
	if err := errors.Join(configErr, stateErr); err != nil {
		t.Fatal(err)
	}
	if string(config) != string(state) {
		t.Fatalf("half of the folder is %q, half is %q", config, state)
	}
	return string(config)
}

// entries returns the names in dir, hidden ones too, in order, separated by spaces.
func entries(t testing.TB, dir string) string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range list {
		names = append(names, entry.Name())
	}
	return strings.Join(names, " ")
}

func TestCreate(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "a", "b", "model")
	for _, mark := range []string{"first", "second", "third"} {
		if err := Create(dir, checkpoint(mark)); err != nil {
			t.Fatal(err)
		}
		if got := markOf(t, dir); got != mark {
			t.Errorf("got %q, want %q", got, mark)
		}
		if got := entries(t, filepath.Dir(dir)); got != "model" {
			t.Errorf("beside the folder lies %q", got)
		}
	}
}

func TestCreateReplacesTheWholeFolder(t *testing.T) {
	dir := modelFolder(t, map[string]string{"config.json": "{}", "stale.json": "x"})
	if err := Create(dir, checkpoint("new")); err != nil {
		t.Fatal(err)
	}
	if got := entries(t, dir); got != "config.json trainer" {
		t.Errorf("the folder holds %q", got)
	}
}

func TestCreateFollowsALink(t *testing.T) {
	root := t.TempDir()
	target, link := filepath.Join(root, "target"), filepath.Join(root, "link")
	if err := Create(target, checkpoint("old")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Skip("no symbolic links here")
	}
	if err := Create(link, checkpoint("new")); err != nil {
		t.Fatal(err)
	}
	if markOf(t, target) != "new" || entries(t, root) != "link target" {
		t.Errorf("target is %q, the folder holds %q", markOf(t, target), entries(t, root))
	}
}

func TestCreateFails(t *testing.T) {
	fail := func(err error) func(*Dir) error {
		return func(d *Dir) error { return errors.Join(checkpoint("part")(d), err) }
	}
	for _, c := range []struct {
		name string
		fill func(*Dir) error
		want string
	}{
		{"error of fill", fail(errors.New("loss is NaN")), "loss is NaN"},
		{"full disk", fail(syscall.ENOSPC), "free some space or choose another folder"},
		{"quota", fail(syscall.EDQUOT), "free some space"},
		{"file size limit", fail(syscall.EFBIG), "ulimit -f"},
		{"read-only file system", fail(syscall.EROFS), "on a file system that can be written"},
		{"permission", fail(syscall.EACCES), "make the folder writable"},
		{"no config", func(d *Dir) error { return d.WriteFile("other.json", nil) }, "no config.json was written"},
		{"file twice", func(d *Dir) error { return errors.Join(checkpoint("a")(d), d.WriteFile("config.json", nil)) },
			"config.json: file exists"},
		{"name outside", func(d *Dir) error { return d.WriteFile("../x", nil) },
			"write ../x: the name leads out of the folder"},
		{"absolute name", func(d *Dir) error { return d.WriteFile("/x", nil) }, "leads out"},
		{"invalid tensor", func(d *Dir) error {
			return d.WriteTensors("model.safetensors",
				[]safetensors.Tensor{safetensors.FromFloat32("a", []int{3}, nil)}, nil)
		}, `tensor "a": shape [3] of F32 needs 12 bytes, got 0`},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			dir := filepath.Join(root, "model")
			check := func(left string) {
				t.Helper()
				err := Create(dir, c.fill)
				if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
					t.Errorf("got error %v, want one with %q and the folder", err, c.want)
				}
				if got := entries(t, root); got != left {
					t.Errorf("left %q behind, want %q", got, left)
				}
			}
			check("")
			if err := Create(dir, checkpoint("good")); err != nil {
				t.Fatal(err)
			}
			check("model")
			if got := markOf(t, dir); got != "good" {
				t.Errorf("the old folder holds %q", got)
			}
		})
	}
}

func TestCreatePanics(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "model")
	func() {
		defer func() { recover() }()
		Create(dir, func(d *Dir) error { panic("bug") })
	}()
	if got := entries(t, root); got != "" {
		t.Errorf("left %q behind", got)
	}
}

func TestCreateLeavesOtherThingsAlone(t *testing.T) {
	for _, c := range []struct{ name, file, path, want string }{
		{"folder of other files", "home/letter.txt", "home", "no checkpoint to replace"},
		{"file", "home", "home", "a file of that name is there"},
		{"file for a parent", "home", "home/model", "not a directory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			if err := (&Dir{root: root}).WriteFile(c.file, []byte("dear")); err != nil {
				t.Fatal(err)
			}
			err := Create(filepath.Join(root, c.path), checkpoint("new"))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
			if text, err := os.ReadFile(filepath.Join(root, c.file)); err != nil || string(text) != "dear" {
				t.Errorf("the file is gone: %v", err)
			}
			if got := entries(t, root); got != "home" {
				t.Errorf("the folder holds %q", got)
			}
		})
	}
}

func TestCreateFillsAnEmptyFolder(t *testing.T) {
	dir := t.TempDir()
	if err := Create(dir, checkpoint("new")); err != nil {
		t.Fatal(err)
	}
	if got := markOf(t, dir); got != "new" {
		t.Errorf("got %q", got)
	}
}

// TestConcurrentCreate lets several writers replace one folder while a reader looks on.
func TestConcurrentCreate(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "model")
	if err := Create(dir, checkpoint("0")); err != nil {
		t.Fatal(err)
	}
	var writers sync.WaitGroup
	for i := range 8 {
		writers.Go(func() {
			if err := Create(dir, checkpoint(fmt.Sprint(i))); err != nil {
				t.Error(err)
			}
		})
	}
	done := make(chan struct{})
	go func() { writers.Wait(); close(done) }()
	for reading := true; reading; {
		select {
		case <-done:
			reading = false
		case <-time.After(time.Millisecond):
		}
		if _, _, err := Resolve(dir); err != nil {
			t.Error(err)
		}
	}
	markOf(t, dir)
	if got := entries(t, root); got != "model" {
		t.Errorf("beside the folder lies %q", got)
	}
}
