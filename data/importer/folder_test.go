package importer

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/data/parquetio"
	"t5train/data/table"
)

var textColumn = []Column{{Path: []string{"text"}, Type: String}}

// write writes rows of text to a split.
func write(t *testing.T, f *Folder, name string, rows, shardBytes int) {
	t.Helper()
	s, err := f.Split(name, textColumn, int64(shardBytes))
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		if err := s.Write([]table.Cell{str(fmt.Sprintf("row %d %x", i, i*i*7919))}); err != nil {
			t.Fatal(err)
		}
	}
}

func create(t *testing.T, dir string, overwrite bool, names ...string) *Folder {
	t.Helper()
	f, err := CreateFolder(dir, names, overwrite)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// entries lists a folder, hidden names too.
func entries(t *testing.T, dir string) []string {
	t.Helper()
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range found {
		names = append(names, e.Name())
	}
	return names
}

func finish(t *testing.T, f *Folder) []string {
	t.Helper()
	paths, err := f.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return paths
}

func TestShards(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "out")
	f := create(t, dir, false, "train", "test")
	write(t, f, "train", 20_000, 50_000)
	write(t, f, "test", 1, DefaultShardBytes)
	if got := entries(t, dir); !slices.Equal(got, []string{".t5train-lock", ".t5train-part"}) {
		t.Errorf("before the end there is %v", got)
	}
	paths := finish(t, f)
	if len(paths) < 3 || filepath.Base(paths[0]) != fmt.Sprintf("train-00000-of-%05d.parquet", len(paths)-1) ||
		filepath.Base(paths[len(paths)-1]) != "test-00000-of-00001.parquet" {
		t.Errorf("files %v", paths)
	}
	if got := entries(t, dir); len(got) != len(paths) {
		t.Errorf("there is %v, want %v", got, paths)
	}
	set, err := parquetio.Open(filepath.Join(dir, "train-*.parquet"))
	if err != nil || set.Rows() != 20_000 {
		t.Fatalf("rows %d, error %v", set.Rows(), err)
	}
	for _, shard := range set.Files() {
		if shard.Bytes > 100_000 {
			t.Errorf("%s has %d bytes, want about 50,000", shard.Path, shard.Bytes)
		}
	}
}

// TestOverwrite replaces all shards of the splits that are written, and nothing else.
func TestOverwrite(t *testing.T) {
	dir := t.TempDir()
	f := create(t, dir, false, "train", "test")
	write(t, f, "train", 20_000, 50_000)
	write(t, f, "test", 1, DefaultShardBytes)
	finish(t, f)
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := CreateFolder(dir, []string{"train"}, false); err == nil || !strings.Contains(err.Error(),
		"run.overwrite") {
		t.Errorf("got error %v, want one about run.overwrite", err)
	}
	f = create(t, dir, true, "train")
	write(t, f, "train", 5, DefaultShardBytes)
	finish(t, f)
	if got, want := entries(t, dir), []string{"notes.txt", "test-00000-of-00001.parquet",
		"train-00000-of-00001.parquet"}; !slices.Equal(got, want) {
		t.Errorf("there is %v, want %v", got, want)
	}
	f = create(t, dir, false, "validation") // another split beside them
	write(t, f, "validation", 1, DefaultShardBytes)
	finish(t, f)
}

// TestAbandon leaves everything as it was.
func TestAbandon(t *testing.T) {
	root := t.TempDir()
	f := create(t, filepath.Join(root, "out"), false, "train")
	write(t, f, "train", 5, DefaultShardBytes)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if got := entries(t, root); got != nil {
		t.Errorf("left %v", got)
	}
	f = create(t, root, false, "train")
	if _, err := CreateFolder(root, []string{"train"}, true); err == nil || !strings.Contains(err.Error(),
		"another process") {
		t.Errorf("a second writer: got error %v", err)
	}
	f.Close()
	if err := os.Mkdir(filepath.Join(root, ".t5train-part"), 0o700); err != nil { // a killed process left it
		t.Fatal(err)
	}
	f = create(t, root, false, "train")
	write(t, f, "train", 5, DefaultShardBytes)
	finish(t, f)
	if got := entries(t, root); len(got) != 1 {
		t.Errorf("there is %v, want one file", got)
	}
}

func TestFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.parquet")
	for _, overwrite := range []bool{false, true} {
		f, err := CreateFile(path, overwrite)
		if err != nil {
			t.Fatal(err)
		}
		write(t, f, "train", 3000, 100) // one file, whatever its size
		if got := finish(t, f); !slices.Equal(got, []string{path}) {
			t.Errorf("files %v, want %s", got, path)
		}
	}
	if _, err := CreateFile(path, false); err == nil || !strings.Contains(err.Error(), "run.overwrite") {
		t.Errorf("got error %v, want one about run.overwrite", err)
	}
	if _, err := CreateFile(filepath.Join(dir, "no", "x.parquet"), false); err == nil ||
		!strings.Contains(err.Error(), "make the folder") {
		t.Errorf("got error %v, want one about the folder", err)
	}
	if _, err := CreateFolder(path, nil, true); err == nil || !strings.Contains(err.Error(), "it is a file") {
		t.Errorf("got error %v, want one about a file", err)
	}
	if got := entries(t, dir); !slices.Equal(got, []string{"x.parquet"}) {
		t.Errorf("there is %v", got)
	}
}
