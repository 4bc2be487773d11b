package chunks

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"t5train/data/tokenizer"
	"t5train/internal/testdir"
)

// mixedTexts are documents of many lengths; among them are empty ones, padding alone and nulls.
func mixedTexts() []string {
	var texts []string
	for i := range 60 {
		texts = append(texts, strings.Repeat(string(rune('a'+i%26))+" ", i%9)+strings.Repeat("é", i%4))
	}
	return append(texts, "null", "", "   ", "end")
}

func TestBuild(t *testing.T) {
	small, large := newByteTokenizer(), newByteTokenizer()
	large.vocabulary, large.shift = 1<<16+300, 1<<16
	texts := mixedTexts()
	for _, c := range []struct {
		name    string
		tok     byteTokenizer
		options Options
	}{
		{"two bytes a token", small, Options{}},
		{"four bytes a token", large, Options{}},
		{"several threads", small, Options{Threads: 5}},
	} {
		t.Run(c.name, func(t *testing.T) {
			corpus, out := t.TempDir(), filepath.Join(t.TempDir(), "new", "tokens")
			writeCorpus(t, filepath.Join(corpus, "a.parquet"), texts[:40]...)
			writeCorpus(t, filepath.Join(corpus, "b.parquet"), texts[40:]...)
			s, made := mustBuild(t, out, corpus, c.tok, c.options)

			var want [][]int32
			bytes := 0
			for _, text := range texts {
				if ids := c.tok.ids(text); text != "null" && len(ids) > 0 {
					want = append(want, ids)
					bytes += len(text)
				}
			}
			chunks, err := s.Cut(Document, 1000)
			if err != nil {
				t.Fatal(err)
			}
			if chunks.Len() != len(want) {
				t.Fatalf("%d documents, want %d", chunks.Len(), len(want))
			}
			for i := range want {
				if got := chunks.Chunk(i, nil); !slices.Equal(got, want[i]) {
					t.Errorf("document %d is %v, want %v", i, got, want[i])
				}
			}
			m := s.Manifest()
			if m.Rows != int64(len(texts)) || m.Done != m.Rows || m.TextBytes != int64(bytes) ||
				made.TextBytes != int64(bytes) || made.Rows != m.Rows {
				t.Errorf("manifest %+v, made %+v, want %d rows and %d bytes of text", m, made, len(texts), bytes)
			}
			if got, want := names(t, out), filepath.Base(s.Dir()); got != want {
				t.Errorf("the folder holds %s, want %s", got, want)
			}
		})
	}
}

// TestBuild_Threads makes the same store with other numbers of threads.
func TestBuild_Threads(t *testing.T) {
	corpus := t.TempDir()
	writeCorpus(t, filepath.Join(corpus, "a.parquet"), append(longTexts(9), mixedTexts()...)...)
	var want map[string]string
	for _, threads := range []int{1, 2, 7} {
		s, _ := mustBuild(t, t.TempDir(), corpus, newByteTokenizer(), Options{Threads: threads})
		if got := contents(t, s.Dir()); want == nil {
			want = got
		} else if !maps.Equal(got, want) {
			t.Errorf("%d threads make another store than one", threads)
		}
	}
}

// TestBuild_T5 holds the store of real text to the tokenizer.
func TestBuild_T5(t *testing.T) {
	tok, err := tokenizer.T5()
	if err != nil {
		t.Fatal(err)
	}
	corpus := "../../testdata/sms_spam/validation-00000-of-00001.parquet"
	s, _ := mustBuild(t, t.TempDir(), corpus, tok, Options{Column: "sms", Threads: 2})
	chunks, err := s.Cut(Document, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for i := range chunks.Len() {
		ids := chunks.Chunk(i, nil)
		if again := tok.Encode(tok.Decode(ids, false)); !slices.Equal(again, ids) && !slices.Contains(ids, tok.Unk()) {
			t.Errorf("document %d: %v is encoded as %v", i, tok.Decode(ids, false), again)
		}
	}
	if m := s.Manifest(); m.Documents != 557 || m.Tokens != int64(len(s.tokens.data)/2) {
		t.Errorf("got %d documents, %d tokens", m.Documents, m.Tokens)
	}
}

// Text may say </s> or <extra_id_0>: an EOS or a sentinel in the middle of an input would mean something else to the
// model.
func TestBuild_StructuralTokens(t *testing.T) {
	tok, err := tokenizer.T5()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "corpus.parquet")
	writeCorpus(t, path, "a <s>line</s> of markup", "<extra_id_0> and <pad> and <extra_id_99>")
	s, _ := mustBuild(t, t.TempDir(), path, tok, Options{Column: "text"})
	chunks, err := s.Cut(Document, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if chunks.Len() != 2 {
		t.Fatalf("%d documents, want 2", chunks.Len())
	}
	for i := range chunks.Len() {
		for _, id := range chunks.Chunk(i, nil) {
			if tok.Structural(id) {
				t.Errorf("document %d holds %s", i, tok.Piece(id))
			}
		}
	}
}

// What the vocabulary lacks is counted, in tokens and in bytes of text.
func TestBuild_Unknown(t *testing.T) {
	tok, err := tokenizer.T5()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "corpus.parquet")
	writeCorpus(t, path, "all of it is known", "if (a) { return b }", "日本語 の text", "\xff{", "caf\xe9 au lait")
	s, _ := mustBuild(t, t.TempDir(), path, tok, Options{Column: "text"})
	if m := s.Manifest(); m.Unknown != 5 || m.UnknownBytes != int64(len("{}日本語の\xff{\xe9")) {
		t.Errorf("%d unknown tokens for %d bytes, want 5 for %d", m.Unknown, m.UnknownBytes, len("{}日本語の\xff{\xe9"))
	}
}

func TestBuild_Again(t *testing.T) {
	corpus, out := t.TempDir(), t.TempDir()
	writeCorpus(t, filepath.Join(corpus, "a.parquet"), mixedTexts()...)
	first, _ := mustBuild(t, out, corpus, newByteTokenizer(), Options{})

	moved, tok := t.TempDir(), newByteTokenizer()
	if err := os.Rename(filepath.Join(corpus, "a.parquet"), filepath.Join(moved, "other-name.parquet")); err != nil {
		t.Fatal(err)
	}
	if second, made := mustBuild(t, out, moved, tok, Options{}); second.Dir() != first.Dir() || made != (Made{}) ||
		tok.calls.Load() != 0 {
		t.Errorf("the same content in another folder gives %s, want %s; made %+v", second.Dir(), first.Dir(), made)
	}
}

// TestBuild_Changes changes one thing after the other: each makes a store of its own, the first one stays.
func TestBuild_Changes(t *testing.T) {
	corpus, out := t.TempDir(), t.TempDir()
	path := filepath.Join(corpus, "a.parquet")
	writeCorpus(t, path, "one", "two", "three")
	first, _ := mustBuild(t, out, corpus, newByteTokenizer(), Options{})
	want := contents(t, first.Dir())
	seen := map[string]bool{first.Dir(): true}
	for _, c := range []struct {
		name   string
		change func(tok *byteTokenizer, o *Options)
	}{
		{"another tokenizer", func(tok *byteTokenizer, _ *Options) { tok.name = "other" }},
		{"another vocabulary", func(tok *byteTokenizer, _ *Options) { tok.vocabulary++ }},
		{"another column", func(_ *byteTokenizer, o *Options) { o.Column = "other" }},
		{"other text of the same size, with the old time", func(*byteTokenizer, *Options) {
			old, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			writeCorpus(t, path, "eno", "two", "three")
			if err := os.Chtimes(path, old.ModTime(), old.ModTime()); err != nil {
				t.Fatal(err)
			}
			if changed, err := os.Stat(path); err != nil || changed.Size() != old.Size() {
				t.Fatalf("the size is %d, want %d; %v", changed.Size(), old.Size(), err)
			}
		}},
		{"another file", func(*byteTokenizer, *Options) {
			writeCorpus(t, filepath.Join(corpus, "b.parquet"), "four")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tok, o := newByteTokenizer(), Options{}
			c.change(&tok, &o)
			s, _ := mustBuild(t, out, corpus, tok, o)
			if seen[s.Dir()] {
				t.Errorf("uses %s again", s.Dir())
			}
			seen[s.Dir()] = true
			if !maps.Equal(contents(t, first.Dir()), want) {
				t.Error("the first store has changed")
			}
		})
	}
}

func TestBuild_Errors(t *testing.T) {
	corpus := t.TempDir()
	writeCorpus(t, filepath.Join(corpus, "a.parquet"), "null", " ", "")
	cut := t.TempDir()
	writeCorpus(t, filepath.Join(cut, "a.parquet"), "one", "two")
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, corpus, column, out, want string
	}{
		{"no such column", corpus, "body", t.TempDir(), `no column "body": its columns are text, other`},
		{"no text", corpus, "text", t.TempDir(), "column text of " + corpus + "/a.parquet has no text in 3 rows: " +
			"choose another column"},
		{"a file in place of the folder", cut, "text", file, "not a directory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := Build(t.Context(), c.out, openCorpus(t, c.corpus), newByteTokenizer(),
				Options{Column: c.column})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
			if c.out != file && names(t, c.out) != "" {
				t.Errorf("left %s", names(t, c.out))
			}
		})
	}
}

// TestBuild_FileChanges changes a file while its text is tokenized.
func TestBuild_FileChanges(t *testing.T) {
	corpus, out := t.TempDir(), t.TempDir()
	path := filepath.Join(corpus, "a.parquet")
	writeCorpus(t, path, longTexts(12)...)
	var once sync.Once
	o := Options{Column: "text", Sink: testdir.Sink{Did: func(work string) {
		if work == "tokenize" {
			once.Do(func() { writeCorpus(t, filepath.Join(corpus, "new"), "other") })
			if err := os.Rename(filepath.Join(corpus, "new"), path); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Error(err)
			}
		}
	}}}
	_, _, err := Build(t.Context(), out, openCorpus(t, corpus), newByteTokenizer(), o)
	if err == nil || !strings.Contains(err.Error(), "a.parquet has changed while it was read: run the same command "+
		"again") {
		t.Errorf("got error %v", err)
	}
	if got := names(t, out); got != "" {
		t.Errorf("left %s", got)
	}
}

// TestBuild_AtOnce makes the same store and others in one folder at the same time.
func TestBuild_AtOnce(t *testing.T) {
	corpus, out := t.TempDir(), t.TempDir()
	writeCorpus(t, filepath.Join(corpus, "a.parquet"), append(longTexts(3), mixedTexts()...)...)
	set, tok := openCorpus(t, corpus), newByteTokenizer()
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			s, _, err := Build(t.Context(), out, set, tok, Options{Column: []string{"text", "other"}[i%2],
				Threads: 1 + i%3})
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got, want := tok.calls.Load(), 2*set.Rows(); got != want {
		t.Errorf("%d texts were tokenized, want %d: each store once", got, want)
	}
	if got := strings.Fields(names(t, out)); len(got) != 2 {
		t.Errorf("the folder holds %s, want two stores", got)
	}
}
