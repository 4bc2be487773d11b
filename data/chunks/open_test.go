package chunks

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"t5train/internal/ui"
)

// TestOpen_Damaged inverts each byte of each file, cuts each file and drops it: all is noticed.
func TestOpen_Damaged(t *testing.T) {
	corpus, out := t.TempDir(), t.TempDir()
	writeCorpus(t, filepath.Join(corpus, "a.parquet"), "one", "two", "three")
	s, _ := mustBuild(t, out, corpus, newByteTokenizer(), Options{})
	for _, name := range []string{tokensName, documentsName, manifestName} {
		path := filepath.Join(s.Dir(), name)
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		refused := func(what string, at int, bad []byte) {
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			_, _, err := Build(t.Context(), out, openCorpus(t, corpus), newByteTokenizer(), Options{Column: "text"})
			switch {
			case err == nil && name == manifestName && inName(good, at): // a name is there for people
			case err == nil || !strings.Contains(err.Error(), s.Dir()) || !strings.Contains(err.Error(),
				"remove the folder, and the store is made again"):
				t.Errorf("%s, %s at %d: got error %v", name, what, at, err)
			}
		}
		for at := range good {
			bad := bytes.Clone(good)
			bad[at] ^= 1
			refused("a bit", at, bad)
		}
		refused("cut", len(good)/2, good[:len(good)/2])
		refused("longer", len(good), append(bytes.Clone(good), "}}}}}}}}}}}}}}}}"...))
		if err := os.WriteFile(path, good, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if again, err := Open(t.Context(), s.Dir()); err != nil {
		t.Errorf("whole again: %v", err)
	} else if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// inName reports whether a byte of store.json is in the value of a file's name.
func inName(text []byte, at int) bool {
	start := bytes.Index(text, []byte(`"a.parquet"`))
	return at > start && at < start+len(`"a.parquet"`)-1
}

func TestOpen_Errors(t *testing.T) {
	if _, err := Open(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(),
		"it is no token store: make one with t5train data tokenize") {
		t.Errorf("a folder without a store: error %v", err)
	}
	corpus := t.TempDir()
	writeCorpus(t, filepath.Join(corpus, "a.parquet"), "one")
	s, _ := mustBuild(t, t.TempDir(), corpus, newByteTokenizer(), Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, s.Dir()); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: error %v", err)
	}
	renamed := filepath.Join(filepath.Dir(s.Dir()), "renamed")
	if err := os.CopyFS(renamed, os.DirFS(s.Dir())); err != nil {
		t.Fatal(err)
	}
	if again, err := Open(t.Context(), renamed); err != nil {
		t.Errorf("a copy: %v", err)
	} else if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// FuzzOpen opens folders of any content: they are refused, or can be read to the end.
func FuzzOpen(f *testing.F) {
	tokens := []byte{5, 0, 6, 0, 7, 0}
	documents := binary.LittleEndian.AppendUint64(nil, 1)
	for _, n := range []uint64{4, 3, 9} {
		documents = binary.LittleEndian.AppendUint64(documents, n)
	}
	good := Manifest{
		Key: Key{Format: format, Vocabulary: 300, Column: "text", Rows: 2},
		Counts: Counts{Done: 2, Documents: 2, Tokens: 3, TextBytes: 9, TokensCRC: updateCRC(0, tokens),
			DocumentsCRC: updateCRC(0, documents)},
	}
	text, err := json.Marshal(good)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text, tokens, documents, false)
	f.Add(text, tokens, documents[:16], true)
	f.Add([]byte(`{"format":1,"vocabulary":9,"rows":1e18,"rows_done":1152921504606846976,"documents":1152921504606846976,"tokens":1152921504606846976}`), []byte{}, []byte{}, false)
	f.Add([]byte(`{"format":1,"vocabulary":70000,"rows":1,"rows_done":1,"documents":1,"tokens":1,"text_bytes":1}`),
		tokens, documents, true)
	f.Add([]byte(`{"format":2}`), tokens, documents, false)
	f.Add([]byte(`{}`), []byte{}, []byte{}, false)
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text, tokens, documents []byte, mend bool) {
		if mend { // gets past the checksums
			if m, err := parseManifest(text); err == nil {
				m.TokensCRC, m.DocumentsCRC = updateCRC(0, tokens), updateCRC(0, documents)
				if text, err = json.Marshal(m); err != nil {
					t.Fatal(err)
				}
			}
		}
		for name, data := range map[string][]byte{manifestName: text, tokensName: tokens, documentsName: documents} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s, err := Open(t.Context(), dir)
		if err != nil {
			return
		}
		defer s.Close()
		for _, split := range []Split{Concat, Document} {
			chunks, err := s.Cut(split, 2)
			if err != nil {
				t.Fatal(err)
			}
			read := 0
			for i := range chunks.Len() {
				read += len(chunks.Chunk(i, nil))
				chunks.Bytes(i)
			}
			if int64(read) != s.Manifest().Tokens {
				t.Errorf("%s: read %d tokens of %d", split, read, s.Manifest().Tokens)
			}
		}
	})
}

// Open opens a store that is there.
func Open(ctx context.Context, dir string) (*Store, error) {
	s, err := open(ctx, dir, Options{phases: ui.NewPhases(nil)})
	if err != nil {
		return nil, fmt.Errorf("open token store: %w", err)
	}
	return s, nil
}
