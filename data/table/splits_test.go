package table

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Files of a folder that are named for splits stay apart, unless the argument names a split for all of them.
func TestFindInputs_SplitsOfAFolder(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"train.csv", "dev.csv", "train-2.csv"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("a\n1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for argument, want := range map[string][]string{
		dir:                           {"validation", "train", "train"},
		"all=" + dir:                  {"all", "all", "all"},
		filepath.Join(dir, "dev.csv"): {""},
		filepath.Join(dir, "*.csv"):   {"validation", "train", "train"},
		filepath.Join(dir, "tr*.csv"): {"", ""},
	} {
		groups, err := FindInputs([]string{argument}, "")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, g := range groups {
			for _, in := range g.Inputs {
				got = append(got, in.Split)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got the splits %q, want %q", argument, got, want)
		}
		if argument == dir && !strings.HasSuffix(groups[0].Why, "splits by the names of its files: train, validation") {
			t.Errorf("got %q", groups[0].Why)
		}
	}
}

// Folders that are all named for splits are those; among others they are classes.
func TestFindInputs_SplitFolders(t *testing.T) {
	for name, c := range map[string]struct {
		files []string
		want  []string // split, label, format
		says  string
	}{
		"tables": {[]string{"train/a.csv", "test/b.csv"}, []string{"test//csv", "train//csv"},
			"splits by the names of its folders: test, train"},
		"classes": {[]string{"train/pos/a.txt", "train/neg/b.txt", "dev/pos/c.txt"},
			[]string{"validation/pos/classes", "train/neg/classes", "train/pos/classes"}, ""},
		"labels": {[]string{"test/a.txt", "joke/b.txt"}, []string{"/joke/classes", "/test/classes"},
			"its folders name the labels"},
	} {
		dir := t.TempDir()
		for _, file := range c.files {
			path := filepath.Join(dir, file)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte("a\n1\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		groups, err := FindInputs([]string{dir}, "")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got []string
		for _, in := range groups[0].Inputs {
			got = append(got, in.Split+"/"+in.Label+"/"+string(in.Format))
		}
		if !slices.Equal(got, c.want) || !strings.HasSuffix(groups[0].Why, c.says) {
			t.Errorf("%s: got %q (%s), want %q", name, got, groups[0].Why, c.want)
		}
	}
	dir := t.TempDir()
	for _, file := range []string{"train/a.csv", "test/b.jsonl"} {
		path := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("{}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := FindInputs([]string{dir}, ""); err == nil || !strings.Contains(err.Error(), "different formats") {
		t.Errorf("two formats: got %v", err)
	}
}
