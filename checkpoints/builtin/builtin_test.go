package builtin

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

// models are two built-in models of a few bytes, and a folder that has no weights.
func models() fstest.MapFS {
	return fstest.MapFS{
		"a/model.safetensors": {Data: []byte(strings.Repeat("weights", 20_000))}, // more than a buffer of sameContent
		"a/config.json":       {Data: []byte("{}")},
		"b/model.safetensors": {Data: []byte(strings.Repeat("b", 2<<16))}, // two buffers
		"c/config.json":       {Data: []byte("{}")},
	}
}

func storeIn(caches ...string) store { return store{models(), func() []string { return caches }} }

// checkFolder tests that dir holds what a model of the store is, and nothing else.
func checkFolder(t *testing.T, dir, model string) {
	t.Helper()
	want := 0
	for name, file := range models() {
		if base, ours := strings.CutPrefix(name, model+"/"); ours {
			want++
			if got, err := os.ReadFile(filepath.Join(dir, base)); err != nil || !slices.Equal(got, file.Data) {
				t.Errorf("%s holds %d bytes, %v, want the %d of the model", base, len(got), err, len(file.Data))
			}
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != want {
		t.Errorf("the folder holds %v, %v, want the %d files of the model", entries, err, want)
	}
}

func TestNames(t *testing.T) {
	s := storeIn(t.TempDir())
	if got := s.names(); !slices.Equal(got, []string{"builtin:a", "builtin:b"}) {
		t.Errorf("got %q", got)
	}
	for _, name := range []string{"builtin:", "builtin:c", "builtin:d", "builtin:../b", "builtin:a/", "a", ""} {
		_, err := s.folder(name)
		if err == nil || !strings.Contains(err.Error(), `"`+name+`": want builtin:a or builtin:b`) {
			t.Errorf("%q: got error %v", name, err)
		}
	}
	empty := store{fstest.MapFS{}, nil}
	if _, err := empty.folder("builtin:a"); err == nil || !strings.Contains(err.Error(), "without any") {
		t.Errorf("got error %v", err)
	}
}

func TestFolder(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "not", "there", "yet")
	s := storeIn(cache)
	dir, err := s.folder("builtin:a")
	if err != nil {
		t.Fatal(err)
	}
	checkFolder(t, dir, "a")
	if filepath.Dir(dir) != cache {
		t.Errorf("got %s, want it in %s", dir, cache)
	}
	// What is there is mended.
	weights := filepath.Join(dir, weightsName)
	whole := models()["a/"+weightsName].Data
	changed := slices.Clone(whole)
	changed[len(changed)-1]++
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	for name, damage := range map[string]func() error{
		"gone":    func() error { return os.Remove(weights) },
		"changed": func() error { return os.WriteFile(weights, changed, 0o600) },
		"shorter": func() error { return os.WriteFile(weights, whole[:1<<16], 0o600) },
		"longer":  func() error { return os.WriteFile(weights, append(changed, 0), 0o600) },
		"empty":   func() error { return os.WriteFile(weights, nil, 0o600) },
		"a link": func() error {
			os.Remove(weights)
			os.WriteFile(elsewhere, nil, 0o600)
			return os.Symlink(elsewhere, weights)
		},
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		if again, err := s.folder("builtin:a"); err != nil || again != dir {
			t.Errorf("%s: got %s, %v, want %s", name, again, err, dir)
		}
		checkFolder(t, dir, "a")
	}
	if content, err := os.ReadFile(elsewhere); err != nil || len(content) > 0 {
		t.Errorf("the file behind a link has %d bytes now, %v", len(content), err)
	}
	if other, err := s.folder("builtin:b"); err != nil || other == dir {
		t.Errorf("got %s, %v", other, err)
	} else {
		checkFolder(t, other, "b")
	}
}

// Another content of the same name has another folder.
func TestFolderOfAnotherVersion(t *testing.T) {
	s := storeIn(t.TempDir())
	first, err := s.folder("builtin:a")
	if err != nil {
		t.Fatal(err)
	}
	s.files.(fstest.MapFS)["a/config.json"].Data = []byte("[]")
	if second, err := s.folder("builtin:a"); err != nil || second == first {
		t.Errorf("got %s, %v, want another one", second, err)
	}
	checkFolder(t, first, "a")
}

// Where the cache cannot be written, but for what it holds already, the next folder is taken.
func TestFolderWhereTheCacheCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	blocked, other := filepath.Join(file, "t5train"), t.TempDir()
	dir, err := storeIn(blocked, other).folder("builtin:a")
	if err != nil || filepath.Dir(dir) != other {
		t.Fatalf("got %s, %v, want it in %s", dir, err, other)
	}
	checkFolder(t, dir, "a")
	if _, err := storeIn(blocked, blocked).folder("builtin:a"); err == nil || !strings.Contains(err.Error(), "TMPDIR") {
		t.Errorf("got error %v, want a remedy", err)
	}
	os.Chmod(dir, 0o500)
	defer os.Chmod(dir, 0o700)
	if again, err := storeIn(other, blocked).folder("builtin:a"); err != nil || again != dir {
		t.Errorf("got %s, %v, want what is there", again, err)
	}
}

func TestFolderOfSeveralProcesses(t *testing.T) {
	cache := t.TempDir()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			dir, err := storeIn(cache).folder("builtin:a")
			if err != nil {
				t.Error(err)
				return
			}
			if got, err := os.ReadFile(filepath.Join(dir, weightsName)); err != nil || len(got) != 140_000 {
				t.Errorf("got %d bytes, %v", len(got), err)
			}
		})
	}
	all.Wait()
	dir, _ := storeIn(cache).folder("builtin:a")
	checkFolder(t, dir, "a")
}

// The folder that is embedded is one of a model once it has weights.
func TestEmbedded(t *testing.T) {
	if !Has(Default) {
		t.Skip("built without weights")
	}
	if err := Check(Default); err != nil {
		t.Error(err)
	}
}
