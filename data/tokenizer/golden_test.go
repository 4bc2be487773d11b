package tokenizer_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"t5train/data/tokenizer"
	"t5train/internal/golden"
)

// goldenCase is the case.json of the tokenizer group. Kind "tokenizer" was recorded from transformers (ids end in
// the end-of-sequence token, 100 extra ids), kind "sentencepiece" from SentencePiece itself.
type goldenCase struct {
	Kind  string
	Model string
	Size  int     `json:"vocab_size"`
	IDs   []int32 `json:"pad_eos_unk_bos"`
	Lines []struct {
		Text             string
		IDs              []int32
		IDsSentencePiece []int32 `json:"ids_sentencepiece"`
		Decoded          string
		Skipped          string  `json:"decoded_skip_special"`
		SentencePiece    *string `json:"decoded_sentencepiece"`
	}
}

func TestGoldenTokenizer(t *testing.T) {
	for _, dir := range golden.Cases(t, "tokenizer") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var c goldenCase
			golden.Read(t, dir, &c)
			raw, err := os.ReadFile(filepath.Join(dir, c.Model))
			if err != nil {
				t.Fatal(err)
			}
			if len(c.Lines) == 0 {
				t.Fatal("the case holds no lines")
			}
			plain, err := tokenizer.New(raw, tokenizer.Options{Rules: tokenizer.SentencePiece})
			if err != nil {
				t.Fatal(err)
			}
			if c.Kind == "tokenizer" {
				tok, err := tokenizer.New(raw, tokenizer.Options{ExtraIDs: tokenizer.DefaultExtraIDs})
				if err != nil {
					t.Fatal(err)
				}
				checkTransformers(t, tok, plain, c)
				return
			}
			checkSentencePiece(t, plain, c)
		})
	}
}

func checkTransformers(t *testing.T, tok, plain *tokenizer.Tokenizer, c goldenCase) {
	for _, l := range c.Lines {
		if got := append(tok.Encode(l.Text), tok.EOS()); !slices.Equal(got, l.IDs) {
			t.Errorf("encode %q: got %v, want %v", l.Text, got, l.IDs)
		}
		if got := tok.Decode(l.IDs, false); got != l.Decoded {
			t.Errorf("decode %v: got %q, want %q", l.IDs, got, l.Decoded)
		}
		if got := tok.Decode(l.IDs, true); got != l.Skipped {
			t.Errorf("decode %v without special tokens: got %q, want %q", l.IDs, got, l.Skipped)
		}
		// SentencePiece's ids are recorded only where they differ.
		want := l.IDsSentencePiece
		if want == nil {
			want = l.IDs[:len(l.IDs)-1]
		}
		got := plain.Encode(l.Text)
		if !slices.Equal(got, want) {
			t.Errorf("encode %q as SentencePiece: got %v, want %v", l.Text, got, want)
		}
		if text := plain.Decode(got, false); l.SentencePiece != nil && text != *l.SentencePiece {
			t.Errorf("decode %v as SentencePiece: got %q, want %q", got, text, *l.SentencePiece)
		}
	}
}

func checkSentencePiece(t *testing.T, tok *tokenizer.Tokenizer, c goldenCase) {
	if tok.VocabSize() != c.Size {
		t.Errorf("vocabulary: got %d pieces, want %d", tok.VocabSize(), c.Size)
	}
	if got := []int32{tok.Pad(), tok.EOS(), tok.Unk()}; len(c.IDs) >= 3 && !slices.Equal(got, c.IDs[:3]) {
		t.Errorf("pad, eos, unk: got %v, want %v", got, c.IDs[:3])
	}
	for _, l := range c.Lines {
		if got := tok.Encode(l.Text); !slices.Equal(got, l.IDs) {
			t.Errorf("encode %q: got %v, want %v", l.Text, got, l.IDs)
		}
		if got := tok.Decode(l.IDs, false); got != l.Decoded {
			t.Errorf("decode %v: got %q, want %q", l.IDs, got, l.Decoded)
		}
	}
}
