package chunks

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"t5train/internal/testdir"
)

// TestBuild_GoesOn stops after each block in turn, and resumes to the same bytes as a call that was not stopped.
func TestBuild_GoesOn(t *testing.T) {
	corpus := t.TempDir()
	writeCorpus(t, filepath.Join(corpus, "a.parquet"), append(longTexts(5), mixedTexts()...)...)
	writeCorpus(t, filepath.Join(corpus, "b.parquet"), longTexts(4)...)
	whole, _ := mustBuild(t, t.TempDir(), corpus, newByteTokenizer(), Options{})
	want := contents(t, whole.Dir())

	for stop := 1; ; stop++ {
		out, tok := t.TempDir(), newByteTokenizer()
		ctx, cancel := context.WithCancel(t.Context())
		blocks, kept := 0, ""
		_, _, err := Build(ctx, out, openCorpus(t, corpus), tok, Options{
			Column: "text",
			Sink: testdir.Sink{Did: func(work string) {
				if work != "tokenize" {
					return
				}
				if blocks++; blocks == stop {
					cancel()
				}
			}, Said: func(line string) { kept = line }},
		})
		cancel()
		if err == nil {
			return // all blocks were written before the stop was seen
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		part := filepath.Join(out, names(t, out))
		if part == filepath.Join(out, filepath.Base(whole.Dir())) {
			checkNoHalf(t, out) // stopped after the last block: the store is complete
			return
		}
		m, err := ReadManifest(part)
		if err != nil || !strings.HasSuffix(part, ".part") || m.Done == 0 {
			t.Fatalf("stopped after block %d: %s holds %+v, %v", stop, part, m, err)
		}
		if want := fmt.Sprintf("%d of %d rows are kept in %s: the same command resumes", m.Done, m.Rows,
			part); !strings.Contains(kept, want) {
			t.Errorf("said %q, want %q", kept, want)
		}
		if _, err := Open(t.Context(), part); err == nil || !strings.Contains(err.Error(),
			"make it complete with the command that began it") {
			t.Errorf("opening what is not complete: error %v", err)
		}
		tok.calls.Store(0)
		s, made := mustBuild(t, out, corpus, tok, Options{Threads: 3})
		if got := contents(t, s.Dir()); !maps.Equal(got, want) {
			t.Errorf("stopped after block %d: another store than without the stop", stop)
		}
		if made.Rows != m.Rows-m.Done || tok.calls.Load() != made.Rows {
			t.Errorf("stopped after block %d: made %d rows, tokenized %d, want %d", stop, made.Rows,
				tok.calls.Load(), m.Rows-m.Done)
		}
	}
}

// crashPart lays out what a killed process leaves: files that are longer than store.json says.
func crashPart(t *testing.T, corpus, out string) (path string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, _, err := Build(ctx, out, openCorpus(t, corpus), newByteTokenizer(), Options{Column: "text", Sink: testdir.Sink{
		Did: func(work string) {
			if work == "tokenize" {
				cancel()
			}
		}}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got error %v, want one of a stop", err)
	}
	path = filepath.Join(out, names(t, out))
	for _, name := range []string{tokensName, documentsName} {
		f, err := os.OpenFile(filepath.Join(path, name), os.O_WRONLY|os.O_APPEND, 0)
		if err == nil {
			_, err = f.WriteString("written, but not counted")
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(path, manifestName+".new"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBuild_AfterACrash(t *testing.T) {
	corpus := t.TempDir()
	writeCorpus(t, filepath.Join(corpus, "a.parquet"), longTexts(8)...)
	whole, _ := mustBuild(t, t.TempDir(), corpus, newByteTokenizer(), Options{})
	want := contents(t, whole.Dir())
	for _, c := range []struct {
		name   string
		damage func(part string) error
		anew   bool // nothing of the part can be used
	}{
		{"as it was left", func(string) error { return nil }, false},
		{"without store.json", func(part string) error { return os.Remove(filepath.Join(part, manifestName)) }, true},
		{"with half a store.json", func(part string) error {
			return os.Truncate(filepath.Join(part, manifestName),
				20)
		}, true},
		{"with lost tokens", func(part string) error { return os.Truncate(filepath.Join(part, tokensName), 10) }, true},
		{"with lost documents", func(part string) error {
			return os.Truncate(filepath.Join(part, documentsName),
				1)
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := t.TempDir()
			if err := c.damage(crashPart(t, corpus, out)); err != nil {
				t.Fatal(err)
			}
			tok := newByteTokenizer()
			s, _ := mustBuild(t, out, corpus, tok, Options{})
			if !maps.Equal(contents(t, s.Dir()), want) {
				t.Error("another store than without the crash")
			}
			if anew := tok.calls.Load() == 8; anew != c.anew {
				t.Errorf("%d of 8 texts were tokenized", tok.calls.Load())
			}
		})
	}
}

// TestBuild_CompletePart is the state between the last write and the rename.
func TestBuild_CompletePart(t *testing.T) {
	corpus, out := t.TempDir(), t.TempDir()
	writeCorpus(t, filepath.Join(corpus, "a.parquet"), mixedTexts()...)
	s, _ := mustBuild(t, out, corpus, newByteTokenizer(), Options{})
	if err := os.Rename(s.Dir(), s.Dir()+".part"); err != nil {
		t.Fatal(err)
	}
	again, made := mustBuild(t, out, corpus, newByteTokenizer(), Options{})
	if again.Dir() != s.Dir() || made.Rows != 0 {
		t.Errorf("got %s, made %+v", again.Dir(), made)
	}
}

// The environment of the child process of TestKilled: where its corpus is and where its store goes.
const (
	killedCorpus = "T5TRAIN_TEST_KILLED_CORPUS"
	killedOutput = "T5TRAIN_TEST_KILLED_OUTPUT"
)

// TestKilled kills a process again and again while it makes a store, at chance instants. What it leaves is never taken
// for a store, and in the end the store is the one of a process that was not killed.
func TestKilled(t *testing.T) {
	if corpus := os.Getenv(killedCorpus); corpus != "" {
		_, _, err := build(t.Context(), os.Getenv(killedOutput), openCorpus(t, corpus), newByteTokenizer(), Options{
			Column: "text", Threads: 2, Sink: testdir.Sink{Did: func(work string) { fmt.Println(work) }},
		}, blockBytes)
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	corpus, out := t.TempDir(), t.TempDir()
	writeCorpus(t, filepath.Join(corpus, "a.parquet"), longTexts(20)...)
	whole, _ := mustBuild(t, t.TempDir(), corpus, newByteTokenizer(), Options{})
	chance := rand.New(rand.NewPCG(1, 2))
	for kills := 0; ; kills++ {
		child := exec.Command(os.Args[0], "-test.run=^TestKilled$")
		child.Env = append(os.Environ(), killedCorpus+"="+corpus, killedOutput+"="+out)
		stdout, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		// Let it write a few blocks, then kill it on the way to the next.
		left := 1 + chance.IntN(4)
		for lines := bufio.NewScanner(stdout); left > 0 && lines.Scan(); {
			if lines.Text() == "tokenize" {
				left--
			}
		}
		for range chance.IntN(1 << 20) {
		}
		child.Process.Kill() // it may have ended already
		if child.Wait() == nil {
			t.Logf("complete after %d kills", kills)
			break
		}
		checkNoHalf(t, out)
		if kills > 100 {
			t.Fatal("no progress")
		}
	}
	s, made := mustBuild(t, out, corpus, newByteTokenizer(), Options{})
	if made != (Made{}) || !maps.Equal(contents(t, s.Dir()), contents(t, whole.Dir())) {
		t.Error("another store than of a process that was not killed")
	}
}

// checkNoHalf opens whatever passes for a store.
func checkNoHalf(t *testing.T, out string) {
	t.Helper()
	entries, err := os.ReadDir(out)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || strings.HasSuffix(e.Name(), ".part") {
			continue
		}
		s, err := Open(t.Context(), filepath.Join(out, e.Name()))
		if err != nil {
			t.Error(err)
			continue
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A link in place of a store that is being made is no way to write elsewhere.
func TestBuild_LinkedPart(t *testing.T) {
	corpus, outside := t.TempDir(), t.TempDir()
	writeCorpus(t, filepath.Join(corpus, "a.parquet"), mixedTexts()...)
	made, _ := mustBuild(t, t.TempDir(), corpus, newByteTokenizer(), Options{})
	out := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(out, filepath.Base(made.Dir())+".part")); err != nil {
		t.Skip(err)
	}
	_, _, err := Build(t.Context(), out, openCorpus(t, corpus), newByteTokenizer(), Options{Column: "text"})
	if err == nil || !strings.Contains(err.Error(), ".part: it is a symbolic link") {
		t.Errorf("got error %v, want one that names the link", err)
	}
	if got := names(t, outside); got != "" {
		t.Errorf("outside there are %s", got)
	}
}
