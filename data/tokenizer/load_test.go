package tokenizer_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/data/tokenizer"
)

func TestLoad(t *testing.T) {
	plain := modelBytes(letters(), nil, nil)
	own := modelBytes(append(letters(), testPiece{"▁<extra_id_0>", 0, userPiece}), nil, nil)
	tests := []struct {
		name, config string
		raw          []byte
		extra        int
		rules        tokenizer.Rules
	}{
		{"no configuration", "", plain, 100, tokenizer.Transformers},
		{"configuration without extra ids", `{"tokenizer_class": "T5Tokenizer"}`, plain, 100, tokenizer.Transformers},
		{"extra ids", `{"extra_ids": 7}`, plain, 7, tokenizer.Transformers},
		{"none", `{"extra_ids": 0}`, plain, 0, tokenizer.Transformers},
		{"seqio", `{"t5train_rules": "sentencepiece"}`, plain, 100, tokenizer.SentencePiece},
		{"sentinels in the vocabulary", `{"extra_ids": 100}`, own, 0, tokenizer.SentencePiece},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "spiece.model"), tt.raw)
			if tt.config != "" {
				write(t, filepath.Join(dir, "tokenizer_config.json"), []byte(tt.config))
			}
			for _, path := range []string{dir, filepath.Join(dir, "spiece.model")} {
				tok, err := tokenizer.Load(path)
				if err != nil {
					t.Fatal(err)
				}
				if tok.ExtraIDs() != tt.extra || tok.Rules() != tt.rules {
					t.Errorf("got %d extra ids, %s; want %d, %s", tok.ExtraIDs(), tok.Rules(), tt.extra, tt.rules)
				}
			}
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"empty folder", nil, "holds no spiece.model"},
		{"damaged model", map[string]string{"spiece.model": "\x0a\xff"}, "no SentencePiece model, or a damaged one"},
		{"damaged configuration", map[string]string{
			"spiece.model": string(modelBytes(letters(), nil, nil)), "tokenizer_config.json": "{",
		}, "tokenizer_config.json: no valid JSON"},
		{"text for a number", map[string]string{
			"spiece.model": string(modelBytes(letters(), nil, nil)), "tokenizer_config.json": `{"extra_ids": "many"}`,
		}, "extra_ids"},
		{"unknown rules", map[string]string{
			"spiece.model": string(modelBytes(letters(), nil,
				nil)), "tokenizer_config.json": `{"t5train_rules": "mine"}`,
		}, `want "transformers" or "sentencepiece"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, content := range tt.files {
				write(t, filepath.Join(dir, name), []byte(content))
			}
			_, err := tokenizer.Load(dir)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Count(err.Error(), dir) != 1 {
				t.Errorf("got error %v, want one with %q that names the folder once", err, tt.want)
			}
		})
	}
	if _, err := tokenizer.Load(filepath.Join(t.TempDir(), "none")); err == nil ||
		!strings.Contains(err.Error(), "no such file") {
		t.Errorf("missing path: got error %v", err)
	}
}

// A checkpoint folder gives back the tokenizer that wrote it.
func TestFilesRoundTrip(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine alone: nothing for the race detector")
	}
	for _, o := range []tokenizer.Options{
		{ExtraIDs: 100}, {ExtraIDs: 3}, {}, {ExtraIDs: 100, Rules: tokenizer.SentencePiece},
	} {
		tok := newTokenizer(t, t5(t).Model(), o)
		files, err := tok.Files()
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		var names []string
		for _, f := range files {
			write(t, filepath.Join(dir, f.Name), f.Data)
			names = append(names, f.Name)
		}
		if fast := slices.Contains(names, "tokenizer.json"); fast != (o.Rules == tokenizer.Transformers) {
			t.Errorf("%+v: got files %v", o, names)
		}
		again, err := tokenizer.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		if again.VocabSize() != tok.VocabSize() || again.Rules() != tok.Rules() {
			t.Errorf("%+v: got %d ids, %s; want %d, %s", o, again.VocabSize(), again.Rules(), tok.VocabSize(),
				tok.Rules())
		}
		text := "a <extra_id_0> b</s>"
		if got, want := again.Encode(text), tok.Encode(text); !slices.Equal(got, want) {
			t.Errorf("%+v: got %v, want %v", o, got, want)
		}
	}
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// Text stands in tokenizer.json as the tokenizers library writes it: < is no \u003c.
func TestFastFileIsPlain(t *testing.T) {
	files, err := t5(t).Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Name == "tokenizer.json" && (bytes.Contains(f.Data, []byte(`\u003c`)) ||
			!bytes.Contains(f.Data, []byte(`"</s>"`))) {
			t.Errorf("%s has escapes in it: %.300s", f.Name, f.Data)
		}
	}
}
