package trim

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/checkpoints/convert"
	"t5train/internal/testdir"
	"t5train/internal/testrun"
	"t5train/internal/ui"
)

func TestMain(m *testing.M) {
	testdir.InMemory()
	os.Exit(m.Run())
}

// said collects messages.
type said struct{ lines []string }

func (s *said) Message(m ui.Message)      { s.lines = append(s.lines, m.Key+": "+m.Text) }
func (s *said) Start(ui.Work) ui.Progress { return silent{} }
func (s *said) has(t *testing.T, texts ...string) {
	t.Helper()
	all := strings.Join(s.lines, "\n")
	for _, text := range texts {
		if !strings.Contains(all, text) {
			t.Errorf("it says\n%s\nwant %q in it", all, text)
		}
	}
}

type silent struct{}

func (silent) Set(int64)  {}
func (silent) Report(any) {}
func (silent) Stop()      {}

// words writes a model whose vocabulary has words, of which the corpus uses some.
func words(t *testing.T) (dir, corpus string) {
	t.Helper()
	pieces := []string{"▁", "▁the", "▁cat", "▁dog", "at", "▁unused", "ing", "▁sat"}
	for letter := 'a'; letter <= 'z'; letter++ {
		pieces = append(pieces, string(letter))
	}
	dir = testrun.ModelOf(t, 128, false, testrun.TokenizerOf(t, 30, pieces...))
	testdir.Write(t, filepath.Dir(dir), "corpus.txt", strings.Repeat("the cat sat singing\nthe bat the cat\n", 9))
	return dir, filepath.Join(filepath.Dir(dir), "corpus.txt")
}

func TestTrimKeepsRowsAndPieces(t *testing.T) {
	dir, corpus := words(t)
	out := filepath.Join(t.TempDir(), "out")
	var s said
	if err := Trim(t.Context(), dir, out, Options{Corpus: []string{corpus}}, &s); err != nil {
		t.Fatal(err)
	}
	s.has(t, "pieces: the same for all 18 texts", "loss: ", " before, ", "span corruption of the first 18 texts")
	was, _, err := checkpoints.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	is, _, err := checkpoints.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{"▁dog", "▁unused"} {
		if _, ok := is.Tokenizer.ID(gone); ok {
			t.Errorf("%s is there still", gone)
		}
	}
	if got, want := is.Tokenizer.VocabSize(), was.Tokenizer.VocabSize()-2; got != want {
		t.Errorf("%d tokens, want %d", got, want)
	}
	for n, id := range is.Tokenizer.Sentinels() {
		if int(id) != is.Tokenizer.VocabSize()-1-n {
			t.Errorf("sentinel %d is token %d of %d", n, id, is.Tokenizer.VocabSize())
		}
	}
	if len(is.Tokenizer.Sentinels()) != 30 {
		t.Errorf("%d sentinels, want 30", len(is.Tokenizer.Sentinels()))
	}
	columns := was.Model.Config.DModel
	for _, name := range []string{"shared", "lm_head"} {
		before, after := was.Model.Shared.Value, is.Model.Shared.Value
		if name == "lm_head" {
			before, after = was.Model.LMHead.Value, is.Model.LMHead.Value
		}
		for id := range is.Tokenizer.VocabSize() {
			old, _ := was.Tokenizer.ID(is.Tokenizer.Piece(int32(id)))
			row := after[id*columns : (id+1)*columns]
			if !slices.Equal(row, before[int(old)*columns:(int(old)+1)*columns]) {
				t.Errorf("%s: the row of %s is not that of before", name, is.Tokenizer.Piece(int32(id)))
			}
		}
	}
}

// With fewer tokens the most frequent stay, and what is written otherwise is counted.
func TestTrimToASize(t *testing.T) {
	dir, corpus := words(t)
	out := filepath.Join(t.TempDir(), "out")
	var s said
	o := Options{Corpus: []string{corpus}, Tokens: 3 + 27 + 30 + 4}
	if err := Trim(t.Context(), dir, out, o, &s); err != nil {
		t.Fatal(err)
	}
	s.has(t, "pieces: 9 of 18 texts are written with other pieces, in ")
	is, _, err := checkpoints.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	for piece, want := range map[string]bool{"▁the": true, "▁cat": true, "▁sat": false, "▁dog": false} {
		if _, ok := is.Tokenizer.ID(piece); ok != want {
			t.Errorf("%s: there is %v, want %v", piece, ok, want)
		}
	}
	if n := is.Tokenizer.VocabSize(); n != o.Tokens {
		t.Errorf("%d tokens, want %d", n, o.Tokens)
	}
}

func TestTrimRefuses(t *testing.T) {
	dir, corpus := words(t)
	testdir.Write(t, filepath.Dir(dir), "empty.txt", "\n")
	for name, tt := range map[string]struct {
		o    Options
		want string
	}{
		"too few": {Options{Corpus: []string{corpus}, Tokens: 10}, "10 tokens are too few: 61 are special"},
		"no text": {Options{Corpus: []string{filepath.Dir(dir) + "/empty.txt"}}, "text"},
		"no file": {Options{Corpus: []string{"nowhere.txt"}}, "nowhere.txt"},
		"no type": {Options{Corpus: []string{corpus}, Convert: convert.ConvertOptions{DType: "x"}}, `the type is "x"`},
	} {
		out := filepath.Join(t.TempDir(), "out")
		err := Trim(t.Context(), dir, out, tt.o, nil)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got error %v, want one with %q", name, err, tt.want)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: a folder is left", name)
		}
	}
}
