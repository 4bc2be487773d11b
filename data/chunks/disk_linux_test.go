package chunks

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"t5train/internal/testdir"
)

// TestFullDisk makes a store on a disk that it does not fit on, and goes on when there is room.
func TestFullDisk(t *testing.T) {
	disk := t.TempDir()
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=6m"); err != nil {
		t.Skipf("mount: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	corpus := t.TempDir()
	writeCorpus(t, filepath.Join(corpus, "a.parquet"), longTexts(9)...)
	whole, _ := mustBuild(t, t.TempDir(), corpus, newByteTokenizer(), Options{})

	ballast, out := filepath.Join(disk, "ballast"), filepath.Join(disk, "tokens")
	if err := os.WriteFile(ballast, make([]byte, 3<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	said := ""
	_, _, err := Build(t.Context(), out, openCorpus(t, corpus), newByteTokenizer(), Options{
		Column: "text", Threads: 2, Sink: testdir.Sink{Said: func(line string) { said = line }}})
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "free some space or choose another folder") {
		t.Fatalf("got error %v", err)
	}
	if !strings.Contains(said, "5 of 9 rows are kept") {
		t.Errorf("said %q", said)
	}
	checkNoHalf(t, out)
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	tok := newByteTokenizer()
	s, made, err := Build(t.Context(), out, openCorpus(t, corpus), tok, Options{Column: "text"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if made.Rows != 4 || tok.calls.Load() != 4 || !maps.Equal(contents(t, s.Dir()), contents(t, whole.Dir())) {
		t.Errorf("made %d rows with %d calls, want 4 and the whole store", made.Rows, tok.calls.Load())
	}
}

// TestReadOnlyDisk uses a store that nobody can write, and says why another one cannot be made.
func TestReadOnlyDisk(t *testing.T) {
	disk := t.TempDir()
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("mount: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(disk, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	corpus := t.TempDir()
	writeCorpus(t, filepath.Join(corpus, "a.parquet"), mixedTexts()...)
	first, _ := mustBuild(t, disk, corpus, newByteTokenizer(), Options{})
	if err := unix.Mount("tmpfs", disk, "tmpfs", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Skipf("remount: %v", err)
	}
	if again, made := mustBuild(t, disk, corpus, newByteTokenizer(), Options{}); again.Dir() != first.Dir() ||
		made != (Made{}) {
		t.Errorf("got %s, made %+v", again.Dir(), made)
	}
	_, _, err := Build(t.Context(), disk, openCorpus(t, corpus), newByteTokenizer(), Options{Column: "other"})
	if !errors.Is(err, syscall.EROFS) || !strings.Contains(err.Error(),
		"choose a folder on a file system that can be written") {
		t.Errorf("got error %v", err)
	}
}
