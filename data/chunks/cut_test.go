package chunks

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"t5train/data"
)

var _ data.Chunks = (*Cut)(nil)

// cut is what a Cut must give, made the long way.
func cut(documents [][]int32, split Split, length int) [][]int32 {
	group := 1
	if split == Concat {
		group = groupDocuments
	}
	var chunks [][]int32
	for len(documents) > 0 {
		var text []int32
		for range min(group, len(documents)) {
			text = append(text, documents[0]...)
			documents = documents[1:]
		}
		for len(text) > 0 {
			n := min(length, len(text))
			chunks = append(chunks, text[:n])
			text = text[n:]
		}
	}
	return chunks
}

func TestPieces(t *testing.T) {
	tok := newByteTokenizer()
	for _, documents := range []int{1, 2, 127, 128, 129, 300} {
		chance := rand.New(rand.NewPCG(7, uint64(documents)))
		texts, ids := make([]string, documents), make([][]int32, documents)
		bytes := 0
		for i := range texts {
			n := 1 + chance.IntN(9)
			if chance.IntN(10) == 0 {
				n *= 40
			}
			texts[i] = strings.Repeat(string(rune('a'+i%26)), n)
			ids[i] = tok.ids(texts[i])
			bytes += len(texts[i])
		}
		corpus := t.TempDir()
		writeCorpus(t, filepath.Join(corpus, "a.parquet"), texts...)
		s, _ := mustBuild(t, t.TempDir(), corpus, tok, Options{})
		for _, split := range []Split{Concat, Document} {
			for _, length := range []int{1, 3, 7, 64, 568, 1 << 30} {
				t.Run(fmt.Sprintf("%d documents/%s/%d", documents, split, length), func(t *testing.T) {
					chunks, err := s.Cut(split, length)
					if err != nil {
						t.Fatal(err)
					}
					var got [][]int32
					sum := 0
					for i := range chunks.Len() {
						chunk := chunks.Chunk(i, []int32{-1})
						if chunk[0] != -1 {
							t.Fatalf("chunk %d is not appended", i)
						}
						got = append(got, chunk[1:])
						if d := chunks.Document(i); split == Document && !strings.HasPrefix(texts[d],
							string(rune(chunk[1]-tok.ids("a")[0]+'a'))) {
							t.Errorf("chunk %d is of document %d", i, d)
						}
						if chunks.Bytes(i) != len(chunk)-1 { // a byte of text is a token here
							t.Errorf("chunk %d of %d tokens stands for %d bytes", i, len(chunk)-1, chunks.Bytes(i))
						}
						sum += chunks.Bytes(i)
					}
					if want := cut(ids, split, length); !reflect.DeepEqual(got, want) {
						t.Errorf("got %v, want %v", got, want)
					}
					if sum != bytes {
						t.Errorf("the chunks stand for %d bytes, want %d", sum, bytes)
					}
				})
			}
		}
	}
}

// TestPieces_Bytes divides documents with more bytes than tokens.
func TestPieces_Bytes(t *testing.T) {
	corpus := t.TempDir()
	writeCorpus(t, filepath.Join(corpus, "a.parquet"), "a b c d e  ", "f      ") // 5 tokens of 11 bytes, 1 of 7
	s, _ := mustBuild(t, t.TempDir(), corpus, newByteTokenizer(), Options{})
	for _, c := range []struct {
		split Split
		want  []int
	}{
		{Concat, []int{4, 4, 10}}, // 2/5 of 11, 4/5 of 11, all of 18, each less what is before
		{Document, []int{4, 4, 3, 7}},
	} {
		chunks, err := s.Cut(c.split, 2)
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for i := range chunks.Len() {
			got = append(got, chunks.Bytes(i))
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.split, got, c.want)
		}
	}
}

func TestPieces_Errors(t *testing.T) {
	s := &Store{}
	if _, err := s.Cut("halves", 5); err == nil || !strings.Contains(err.Error(),
		`split is "halves", want concat or document`) {
		t.Errorf("got error %v", err)
	}
	if _, err := s.Cut(Concat, 0); err == nil || !strings.Contains(err.Error(),
		"chunks of 0 tokens, want at least 1") {
		t.Errorf("got error %v", err)
	}
	chunks, err := s.Cut(Concat, 5)
	if err != nil || chunks.Len() != 0 {
		t.Fatalf("an empty store has %d chunks, %v", chunks.Len(), err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a chunk that is not there did not panic")
		}
	}()
	chunks.Chunk(0, nil)
}

func BenchmarkPiece(b *testing.B) {
	corpus := b.TempDir()
	chance := rand.New(rand.NewPCG(1, 1))
	texts := make([]string, 5000)
	for i := range texts {
		texts[i] = strings.Repeat("a", 1+chance.IntN(4000))
	}
	writeCorpus(b, filepath.Join(corpus, "a.parquet"), texts...)
	s, _ := mustBuild(b, b.TempDir(), corpus, newByteTokenizer(), Options{})
	for _, split := range []Split{Concat, Document} {
		b.Run(string(split), func(b *testing.B) {
			chunks, err := s.Cut(split, 568)
			if err != nil {
				b.Fatal(err)
			}
			var ids []int32
			tokens := 0
			b.ReportAllocs()
			for b.Loop() {
				ids = chunks.Chunk(chance.IntN(chunks.Len()), ids[:0])
				tokens += len(ids)
			}
			b.ReportMetric(float64(tokens)/b.Elapsed().Seconds()/1e6, "Mtokens/s")
		})
	}
}
