package tokenizer_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/data/tokenizer"
)

const trimmedText = "The quick brown fox sagt \"Guten Tag\" to 7 éléphants, 世界 <extra_id_3> and <pad> it 10,000 times."

// piecesOf returns the pieces of a text.
func piecesOf(tok *tokenizer.Tokenizer, text string) []string {
	var pieces []string
	for _, id := range tok.Encode(text) {
		pieces = append(pieces, tok.Piece(id))
	}
	return pieces
}

// trimmed returns a tokenizer with what a text uses.
func trimmed(t testing.TB, tok *tokenizer.Tokenizer, text string) *tokenizer.Tokenizer {
	t.Helper()
	ids := tok.Encode(text)
	small, err := tok.Trim(func(id int32) bool { return slices.Contains(ids, id) })
	if err != nil {
		t.Fatal(err)
	}
	return small
}

// A trimmed vocabulary writes the text as before, from each of the files of its folder.
func TestTrim(t *testing.T) {
	fast := filepath.Join(t.TempDir(), "tokenizer.json")
	for _, f := range files(t, t5(t)) {
		if f.Name == "tokenizer.json" {
			write(t, fast, f.Data)
		}
	}
	fromFast, err := tokenizer.Load(fast)
	if err != nil {
		t.Fatal(err)
	}
	for name, tok := range map[string]*tokenizer.Tokenizer{"spiece.model": t5(t), "tokenizer.json": fromFast,
		"seqio": newTokenizer(t, t5(t).Model(), tokenizer.Options{ExtraIDs: 100, Rules: tokenizer.SentencePiece})} {
		t.Run(name, func(t *testing.T) {
			want := piecesOf(tok, trimmedText)
			small := trimmed(t, tok, trimmedText)
			dir := t.TempDir()
			for _, f := range files(t, small) {
				write(t, filepath.Join(dir, f.Name), f.Data)
			}
			paths := []string{dir}
			for _, file := range []string{"spiece.model", "tokenizer.json"} {
				if _, err := os.Stat(filepath.Join(dir, file)); err == nil {
					paths = append(paths, filepath.Join(dir, file))
				}
			}
			if len(paths) < 2 {
				t.Fatalf("only %v is there", paths)
			}
			for _, path := range paths {
				got, err := tokenizer.Load(path)
				if err != nil {
					t.Fatal(err)
				}
				if pieces := piecesOf(got, trimmedText); !slices.Equal(pieces, want) {
					t.Errorf("%s writes %q, want %q", path, pieces, want)
				}
				if n := got.VocabSize(); n != small.VocabSize() || n > tok.VocabSize()/8 {
					t.Errorf("%s: %d tokens, want %d", path, n, small.VocabSize())
				}
				for n := range 100 {
					if id, ok := got.Sentinel(n); !ok || int(id) != got.VocabSize()-1-n {
						t.Errorf("%s: sentinel %d is %d of %d tokens", path, n, id, got.VocabSize())
					}
				}
				if got.Pad() != 0 || got.EOS() != 1 || got.Unk() != 2 {
					t.Errorf("%s: special tokens %d %d %d", path, got.Pad(), got.EOS(), got.Unk())
				}
			}
			for id := range int32(tok.VocabSize()) {
				if _, ok := small.ID(tok.Piece(id)); len([]rune(tok.Piece(id))) == 1 && !ok {
					t.Errorf("the character %q is gone", tok.Piece(id))
				}
			}
		})
	}
	for _, kind := range []string{"BPE", "ByT5"} {
		_, err := ancestors(t)[kind].Trim(func(int32) bool { return true })
		if err == nil || !strings.Contains(err.Error(), "only unigram has pieces that can be left out") {
			t.Errorf("%s: got error %v", kind, err)
		}
	}
}

func files(t *testing.T, tok *tokenizer.Tokenizer) []tokenizer.File {
	t.Helper()
	list, err := tok.Files()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// What a text uses is enough for it, in any vocabulary.
func FuzzTrim(f *testing.F) {
	for _, raw := range seedModels() {
		f.Add(raw, "a b[X]é\xff", 2)
	}
	f.Fuzz(func(t *testing.T, raw []byte, text string, extraIDs int) {
		tok, err := tokenizer.New(raw, tokenizer.Options{ExtraIDs: extraIDs})
		if err != nil || tok.Kind() != "unigram" {
			return
		}
		small := trimmed(t, tok, text)
		again, err := tokenizer.New(small.Model(), tokenizer.Options{ExtraIDs: extraIDs, Rules: small.Rules()})
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("%q", piecesOf(tok, text))
		if got := fmt.Sprintf("%q", piecesOf(small, text)); got != want {
			t.Errorf("%q: trimmed %s, want %s", text, got, want)
		}
		if got := fmt.Sprintf("%q", piecesOf(again, text)); got != want && tok.Rules() == again.Rules() {
			t.Errorf("%q: read again %s, want %s", text, got, want)
		}
	})
}
