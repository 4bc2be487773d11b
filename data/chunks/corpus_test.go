package chunks

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/parquet-go/parquet-go"

	"t5train/data/parquetio"
	"t5train/data/tokenizer"
)

// byteTokenizer gives each byte of a text an id: itself, + shift, and a blank a structural one. It counts its calls.
type byteTokenizer struct {
	vocabulary int
	shift      int32
	name       string
	calls      *atomic.Int64
}

func newByteTokenizer() byteTokenizer {
	return byteTokenizer{vocabulary: 300, shift: 3, name: "bytes", calls: new(atomic.Int64)}
}

func (b byteTokenizer) AppendEncode(dst []int32, text string) []int32 {
	b.calls.Add(1)
	for _, c := range []byte(text) {
		if c == ' ' {
			dst = append(dst, 0)
			continue
		}
		dst = append(dst, int32(c)+b.shift)
	}
	return dst
}

func (b byteTokenizer) VocabSize() int           { return b.vocabulary }
func (b byteTokenizer) Structural(id int32) bool { return id == 0 }
func (b byteTokenizer) Unk() int32               { return -1 }
func (b byteTokenizer) Piece(int32) string       { return "" }
func (b byteTokenizer) Files() ([]tokenizer.File, error) {
	return []tokenizer.File{{Name: "name", Data: []byte(b.name)}}, nil
}

// ids returns what a store keeps of a text.
func (b byteTokenizer) ids(text string) []int32 {
	return b.AppendEncode(nil, strings.ReplaceAll(text, " ", ""))
}

type row struct {
	Text  *string `parquet:"text,optional"`
	Other string  `parquet:"other"`
}

// writeCorpus writes texts, of which "null" is none, in row groups of 7.
func writeCorpus(t testing.TB, path string, texts ...string) {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[row](&b, parquet.MaxRowsPerRowGroup(7), parquet.SkipPageBounds("text"))
	for _, text := range texts {
		r := row{Text: &text, Other: "other"}
		if text == "null" {
			r.Text = nil
		}
		if _, err := w.Write([]row{r}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// longTexts fill a block each.
func longTexts(n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = strings.Repeat(string(rune('a'+i%26)), blockBytes+i)
	}
	return texts
}

// openCorpus returns the table of the files in a folder.
func openCorpus(t testing.TB, dir string) *parquetio.Dataset {
	t.Helper()
	set, err := parquetio.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// mustBuild builds the store of a corpus and closes it with the test.
func mustBuild(t testing.TB, out, corpus string, tok Tokenizer, o Options) (*Store, Made) {
	t.Helper()
	if o.Column == "" {
		o.Column = "text"
	}
	s, made, err := Build(t.Context(), out, openCorpus(t, corpus), tok, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, made
}

// contents returns the files of a folder by name.
func contents(t testing.TB, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(data)
	}
	return files
}

// names returns the names in a folder.
func names(t testing.TB, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return strings.Join(list, " ")
}
