package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// files returns the names and contents of a folder, hidden ones too.
func files(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, _ := os.ReadFile(filepath.Join(dir, e.Name()))
		list = append(list, e.Name()+"="+string(text))
	}
	return list
}

// replace publishes a and b in place of a and c.
func replace(dir string) error {
	s, err := OpenStage(dir)
	if err != nil {
		return err
	}
	defer s.Close()
	for _, name := range []string{"a", "b"} {
		if err := writeFile(s.Path(name), []byte("new")); err != nil {
			return err
		}
	}
	return s.Publish([]string{"a", "b"}, []string{"a", "c"})
}

func TestStage(t *testing.T) {
	before, after := []string{"a=old", "c=old", "d=other"}, []string{"a=new", "b=new", "d=other"}
	for changes, ended := 0, false; !ended; changes++ {
		dir := t.TempDir()
		for _, name := range before {
			name, text, _ := strings.Cut(name, "=")
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		revive := KillAfter(dir, changes)
		err := replace(dir)
		if made := revive(); made != changes && err != nil {
			t.Errorf("%d changes were made, want %d", made, changes)
		}
		if ended = err == nil; !ended && !errors.Is(err, ErrKilled) {
			t.Fatal(err)
		}
		if list := files(t, dir); slices.Contains(list, "b=new") &&
			(slices.Contains(list, "a=old") || slices.Contains(list, "c=old")) {
			t.Fatalf("after %d changes: %q, files of two sets", changes, list)
		}
		if err := Settle(filepath.Join(dir, "a")); err != nil {
			t.Fatalf("after %d changes: %v", changes, err)
		}
		visible := slices.DeleteFunc(files(t, dir), func(name string) bool { return strings.HasPrefix(name, ".") })
		if !slices.Equal(visible, before) && !slices.Equal(visible, after) {
			t.Fatalf("after %d changes and Settle: %q", changes, visible)
		}
		if err := replace(dir); err != nil {
			t.Fatalf("after %d changes: %v", changes, err)
		}
		if list := files(t, dir); !slices.Equal(list, after) {
			t.Fatalf("after %d changes and once more: %q", changes, list)
		}
	}
}

// A failure before anything is published leaves what was there, and none of the folders that were made.
func TestStageFails(t *testing.T) {
	dir := t.TempDir()
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "a"), []byte("old"), 0o600),
		os.Mkdir(filepath.Join(dir, "b"), 0o700)); err != nil {
		t.Fatal(err)
	}
	if err := replace(dir); err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("got error %v, want one about a folder in the way", err)
	}
	if list := files(t, dir); !slices.Equal(list, []string{"a=old", "b="}) {
		t.Errorf("left %q", list)
	}
	s, err := OpenStage(filepath.Join(dir, "x", "y"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if list := files(t, dir); !slices.Equal(list, []string{"a=old", "b="}) {
		t.Errorf("left %q", list)
	}
}

// A journal of anything else does no harm outside of the folder.
func FuzzJournal(f *testing.F) {
	f.Add([]byte(`{"Files":["a"],"Replaced":["../outside"]}`))
	f.Add([]byte(`{"Files":["a","b"],"Replaced":["a"]}`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, text []byte) {
		root := t.TempDir()
		dir := filepath.Join(root, "dir")
		err := errors.Join(os.WriteFile(filepath.Join(root, "outside"), nil, 0o600),
			os.MkdirAll(filepath.Join(dir, publishName), 0o700),
			os.WriteFile(filepath.Join(dir, publishName, journalName), text, 0o600))
		if err != nil {
			t.Fatal(err)
		}
		Settle(dir)
		if _, err := os.Stat(filepath.Join(root, "outside")); err != nil {
			t.Error(err)
		}
	})
}
