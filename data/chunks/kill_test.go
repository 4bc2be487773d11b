package chunks

import (
	"errors"
	"maps"
	"path/filepath"
	"testing"

	"t5train/internal/atomicfile"
)

// Building is killed at each of its changes of the disk. No store is half, and the same call resumes to the same bytes.
func TestBuild_Killed(t *testing.T) {
	corpus := t.TempDir()
	writeCorpus(t, filepath.Join(corpus, "a.parquet"), mixedTexts()...)
	whole, _ := mustBuild(t, t.TempDir(), corpus, newByteTokenizer(), Options{})
	want := contents(t, whole.Dir())
	for changes, ended := 0, false; !ended; changes++ {
		out := filepath.Join(t.TempDir(), "tokens")
		revive := atomicfile.KillAfter(filepath.Dir(out), changes)
		s, _, err := Build(t.Context(), out, openCorpus(t, corpus), newByteTokenizer(), Options{Column: "text"})
		revive()
		if ended = err == nil; ended {
			s.Close()
		} else if !errors.Is(err, atomicfile.ErrKilled) {
			t.Fatal(err)
		}
		again, _ := mustBuild(t, out, corpus, newByteTokenizer(), Options{})
		if got := contents(t, again.Dir()); !maps.Equal(got, want) {
			t.Fatalf("after %d changes and once more: another store", changes)
		}
		checkNoHalf(t, out)
	}
}
