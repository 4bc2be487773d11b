package importer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/data/parquetio"
	"t5train/data/table"
	"t5train/internal/atomicfile"
	"t5train/internal/testdir"
)

func TestMain(m *testing.M) {
	testdir.InMemory()
	os.Exit(m.Run())
}

// writeSet writes two splits of several shards each, whose rows say which set they are of.
func writeSet(dir, set string, rows int, overwrite bool) (err error) {
	f, err := CreateFolder(dir, []string{"train", "validation"}, overwrite)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, name := range []string{"train", "validation"} {
		s, err := f.Split(name, textColumn, DefaultShardBytes)
		if err != nil {
			return err
		}
		for i := range rows {
			if i > 0 { // a shard a row
				if err := errors.Join(s.end(), s.begin()); err != nil {
					return err
				}
			}
			if err := s.Write([]table.Cell{str(fmt.Sprintf("%s %s %d", set, name, i))}); err != nil {
				return err
			}
		}
	}
	_, err = f.Finish()
	return err
}

// setsIn returns the sets that files are of.
func setsIn(t *testing.T, paths ...string) []string {
	t.Helper()
	data, err := parquetio.Open(paths...)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	err = data.Scan(t.Context(), []string{"text"}, func(_ int64, cells []table.Cell) error {
		set, _, _ := strings.Cut(cells[0].Str, " ")
		found[set] = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(found))
}

// A command that replaces a data set is killed at each of its changes of the disk. What is left is one set, complete,
// for whoever opens it, and never some of both for other programs; and the same command resumes.
func TestKilledWhileReplacing(t *testing.T) {
	const oldRows, newRows = 3, 2
	for _, overwrite := range []bool{false, true} {
		for changes, ended := 0, false; !ended; changes++ {
			dir := filepath.Join(t.TempDir(), "data")
			if overwrite {
				if err := writeSet(dir, "old", oldRows, false); err != nil {
					t.Fatal(err)
				}
			}
			revive := atomicfile.KillAfter(dir, changes)
			err := writeSet(dir, "new", newRows, overwrite)
			revive()
			if err != nil && !errors.Is(err, atomicfile.ErrKilled) {
				t.Fatal(err)
			}
			ended = err == nil
			if visible, err := filepath.Glob(filepath.Join(dir, "*.parquet")); err == nil && len(visible) > 0 {
				copied := t.TempDir() // where other programs see nothing but these files
				for _, path := range visible {
					if err := os.Link(path, filepath.Join(copied, filepath.Base(path))); err != nil {
						t.Fatal(err)
					}
				}
				if sets := setsIn(t, copied); len(sets) != 1 {
					t.Fatalf("after %d changes: there are files of %v", changes, sets)
				}
			}
			if overwrite || ended {
				sets := setsIn(t, dir)
				all, _ := parquetio.Open(dir)
				if len(sets) != 1 || all.Rows() != map[string]int64{"old": 2 * oldRows, "new": 2 * newRows}[sets[0]] {
					t.Fatalf("after %d changes: %d rows of %v", changes, all.Rows(), sets)
				}
			}
			err = writeSet(dir, "new", newRows, overwrite)
			if err != nil && strings.Contains(err.Error(), "is there already") && len(entries(t, dir)) >= 2*newRows {
				err = nil // all was done but to end
			}
			if err != nil {
				t.Fatalf("after %d changes: %v", changes, err)
			}
			if got := entries(t, dir); len(got) != 2*newRows {
				t.Fatalf("after %d changes and once more: there is %v", changes, got)
			}
			if sets := setsIn(t, dir); !slices.Equal(sets, []string{"new"}) {
				t.Fatalf("after %d changes and once more: rows of %v", changes, sets)
			}
		}
	}
}

// A data set that is replaced while it is read is an error, and not a mixture.
func TestReplacedWhileRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if err := writeSet(dir, "old", 2, false); err != nil {
		t.Fatal(err)
	}
	data, err := parquetio.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeSet(dir, "new", 2, true); err != nil {
		t.Fatal(err)
	}
	err = data.Scan(context.Background(), []string{"text"}, func(int64, []table.Cell) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "was replaced while the data was read: start again") {
		t.Errorf("got error %v", err)
	}
}
