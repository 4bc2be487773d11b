package tokenizer_test

import (
	"path/filepath"
	"slices"
	"testing"

	"t5train/data/tokenizer"
)

// The ids and texts were recorded from ByT5Tokenizer of transformers 5.24.
func TestByT5(t *testing.T) {
	tok := tokenizer.ByT5()
	for _, tt := range []struct {
		text    string
		ids     []int32
		skipped string
	}{
		{"", nil, ""},
		{"a<extra_id_0>b", []int32{100, 259, 101}, "ab"},
		{"a </s> b", []int32{100, 1, 101}, "ab"},
		{"a<extra_id_5> b <pad>x", []int32{100, 264, 35, 101, 0, 123}, "a bx"},
		{"é🦙", []int32{198, 172, 243, 162, 169, 156}, "é🦙"},
		{" <unk> x", []int32{2, 123}, "x"},
		{"a  <extra_id_1>  b", []int32{100, 35, 35, 260, 35, 35, 101}, "a    b"},
	} {
		if got := tok.Encode(tt.text); !slices.Equal(got, tt.ids) {
			t.Errorf("%q: got %v, want %v", tt.text, got, tt.ids)
		}
		if got := tok.Decode(tt.ids, true); got != tt.skipped {
			t.Errorf("%v: got %q, want %q", tt.ids, got, tt.skipped)
		}
	}
	if got := tok.Decode([]int32{3 + 0xc3, 3 + 0x28, 3 + 0xa9, 100, 383}, false); got != "(a<extra_id_124>" {
		t.Errorf("bytes that are no text: got %q", got)
	}
	if got := tok.Encode("\xff"); !slices.Equal(got, []int32{3 + 0xff}) {
		t.Errorf("a lone byte: got %v", got)
	}
	if last, ok := tok.Sentinel(124); tok.VocabSize() != 384 || !ok || last != 383 || tok.EOS() != 1 ||
		tok.Pad() != 0 || tok.Kind() != "bytes" {
		t.Errorf("got %d ids, last sentinel %d, eos %d, pad %d, kind %s", tok.VocabSize(), last, tok.EOS(), tok.Pad(),
			tok.Kind())
	}
	plain, err := tok.WithRules(tokenizer.SentencePiece)
	if err != nil {
		t.Fatal(err)
	}
	if got := plain.Encode("</s>"); !slices.Equal(got, []int32{63, 50, 118, 65}) {
		t.Errorf("seqio knows no special tokens in text: got %v", got)
	}
}

func TestByT5Files(t *testing.T) {
	for config, size := range map[string]int{
		`{"tokenizer_class": "ByT5Tokenizer"}`:                  384,
		`{"tokenizer_class": "ByT5Tokenizer", "extra_ids": 10}`: 269,
		// What transformers 5 writes.
		`{"tokenizer_class": "ByT5Tokenizer", "extra_ids": 0, "added_tokens_decoder": {"0": {"content": "<pad>"},
			"259": {"content": "<extra_id_0>", "special": true}, "260": {"content": "<extra_id_1>", "special": true}, "261": {"content": "<sep>"}}}`: 262,
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "config.json"), []byte(`{"model_type": "t5"}`))
		write(t, filepath.Join(dir, "tokenizer_config.json"), []byte(config))
		tok, err := tokenizer.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		files, err := tok.Files()
		if err != nil {
			t.Fatal(err)
		}
		again := t.TempDir()
		for _, f := range files {
			write(t, filepath.Join(again, f.Name), f.Data)
		}
		got, err := tokenizer.Load(again)
		if err != nil {
			t.Fatal(err)
		}
		for _, tok := range []*tokenizer.Tokenizer{tok, got} {
			if tok.Kind() != "bytes" || tok.VocabSize() != size {
				t.Errorf("%s: got %s with %d ids, want %d", config, tok.Kind(), tok.VocabSize(), size)
			}
		}
		if got, want := got.Encode("a<sep><extra_id_1>"), tok.Encode("a<sep><extra_id_1>"); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", config, got, want)
		}
	}
}

func FuzzByT5(f *testing.F) {
	for _, text := range seedTexts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { checkText(t, tokenizer.ByT5(), text) })
}
