package evaluate

import (
	"os"
	"runtime"
	"slices"
	"testing"

	"t5train/checkpoints"
	"t5train/data/chunks"
	"t5train/data/objective"
	"t5train/data/tokenizer"
	"t5train/internal/testrun"
)

func TestCountSpans(t *testing.T) {
	tok, err := tokenizer.T5()
	if err != nil {
		t.Fatal(err)
	}
	v := objective.VocabularyOf(tok)
	if v.FirstSentinel != 32099 || v.Sentinels != 100 || v.EOS != 1 {
		t.Fatalf("got %+v, want T5's vocabulary", v)
	}
	if upwards := objective.VocabularyOf(tokenizer.ByT5()); upwards.Sentinels != 0 || upwards.EOS != 1 {
		t.Errorf("ByT5's sentinels count upwards: got %+v, want none", upwards)
	}
	const s0, s1, eos = 32099, 32098, 1
	for _, test := range []struct {
		name          string
		target        []int32
		wrong         []int // places of tokens that are not predicted
		spans, filled int
	}{
		{"all right", []int32{s0, 5, 6, s1, 7, eos}, nil, 2, 2},
		{"a token", []int32{s0, 5, 6, s1, 7, eos}, []int{2}, 2, 1},
		{"the end of one", []int32{s0, 5, 6, s1, 7, eos}, []int{3}, 2, 1},
		{"the beginning does not count", []int32{s0, 5, 6, s1, 7, eos}, []int{0}, 2, 2},
		{"the end", []int32{s0, 5, 6, s1, 7, eos}, []int{5}, 2, 1},
		{"text that begins with noise", []int32{5, s0, 6, eos}, []int{0}, 2, 1},
		{"text that ends without noise", []int32{s0, 5, s1, eos}, nil, 1, 1},
		{"no sentinels", []int32{5, 6, eos}, nil, 0, 0},
	} {
		hits := make([]bool, len(test.target))
		for i := range hits {
			hits[i] = !slices.Contains(test.wrong, i)
		}
		if spans, filled := countSpans(v, test.target, hits); spans != test.spans || filled != test.filled {
			t.Errorf("%s: got %d of %d spans, want %d of %d", test.name, filled, spans, test.filled, test.spans)
		}
	}
}

// The tokens of an evaluation leave nothing behind, even if the process is killed while it computes.
func TestEvaluationTokens(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files in use cannot be removed")
	}
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	tok, err := checkpoints.OpenTokenizer("")
	if err != nil {
		t.Fatal(err)
	}
	s, remove, err := evaluationTokens(t.Context(), &checkpoints.Folder{Tokenizer: tok},
		Options{Data: []string{testrun.ValidationFile}, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("%v are left, %v", left, err)
	}
	pieces, err := s.Cut(chunks.Document, 100)
	if err != nil {
		t.Fatal(err)
	}
	if ids := pieces.Chunk(pieces.Len()-1, nil); len(ids) == 0 {
		t.Error("the last piece is empty")
	}
	if err := remove(); err != nil {
		t.Error(err)
	}
}
