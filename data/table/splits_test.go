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
		filepath.Join(dir, "*.csv"):   {"", "", ""},
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
