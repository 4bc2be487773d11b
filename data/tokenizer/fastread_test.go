package tokenizer_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"t5train/data/tokenizer"
)

// object is JSON that a test writes down.
type object = map[string]any

// fastFile is the tokenizer.json of letters, by the pipeline that T5's file has, with changes.
func fastFile(t testing.TB, changes object) []byte {
	t.Helper()
	token := func(id int, content string) object {
		return object{"id": id, "content": content, "special": true, "normalized": false, "lstrip": false,
			"rstrip": false, "single_word": false}
	}
	var vocab []any
	for _, p := range letters() {
		vocab = append(vocab, []any{p.text, p.score})
	}
	metaspace := object{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true}
	file := object{
		"version":       "1.0",
		"added_tokens":  []object{token(0, "<pad>"), token(1, "</s>"), token(2, "<unk>")},
		"normalizer":    nil,
		"pre_tokenizer": object{"type": "Sequence", "pretokenizers": []object{{"type": "WhitespaceSplit"}, metaspace}},
		"decoder":       metaspace,
		"model":         object{"type": "Unigram", "unk_id": 2, "vocab": vocab, "byte_fallback": false},
	}
	for key, value := range changes {
		file[key] = value
	}
	raw, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// loadFast loads a folder with a tokenizer.json and perhaps a config.json.
func loadFast(t testing.TB, raw []byte, config string) (*tokenizer.Tokenizer, error) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "tokenizer.json"), raw)
	if config != "" {
		write(t, filepath.Join(dir, "config.json"), []byte(config))
	}
	return tokenizer.Load(dir)
}

// What t5train writes as tokenizer.json is the same tokenizer, with and without the model file beside it.
func TestFastFileEqualsModelFile(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine alone: nothing for the race detector")
	}
	tok := t5(t)
	files, err := tok.Files()
	if err != nil {
		t.Fatal(err)
	}
	fast := files[slices.IndexFunc(files, func(f tokenizer.File) bool { return f.Name == "tokenizer.json" })].Data
	for _, config := range []string{"", `{"model_type": "t5"}`, `{"model_type": "umt5"}`} {
		got, err := loadFast(t, fast, config)
		if err != nil {
			t.Fatal(err)
		}
		if got.VocabSize() != 32100 || got.ExtraIDs() != 100 || got.EOS() != 1 || got.Pad() != 0 ||
			got.Rules() != tokenizer.Transformers {
			t.Errorf("%s: got %d ids, %d extra, eos %d, pad %d, %s", config, got.VocabSize(), got.ExtraIDs(), got.EOS(),
				got.Pad(), got.Rules())
		}
		for _, text := range append(seedTexts, english, "a<extra_id_0>b </s> <pad>c", "ﬁ ½ Ⅸ") {
			if got, want := got.Encode(text), tok.Encode(text); !slices.Equal(got, want) {
				t.Errorf("%q: got %v, want %v", text, got, want)
			}
		}
		seqio, err := got.WithRules(tokenizer.SentencePiece)
		if err != nil {
			t.Fatal(err)
		}
		if got := seqio.Encode("<extra_id_0>. Hello"); !slices.Equal(got, []int32{32099, 5, 8774}) {
			t.Errorf("seqio: got %v", got)
		}
	}
}

// The ids and texts were recorded from tokenizers 0.23.3.
func TestFastPipelines(t *testing.T) {
	sequence := func(key string, steps ...object) object { return object{"type": "Sequence", key: steps} }
	metaspace := func(scheme string, split bool) object {
		return object{"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split}
	}
	strip := object{"type": "Strip", "strip_left": false, "strip_right": true}
	runs := func(to string) object {
		return object{"type": "Replace", "pattern": object{"Regex": " {2,}"}, "content": to}
	}
	for _, tt := range []struct {
		name    string
		changes object
		text    string
		want    string // pieces
	}{
		{"words", object{}, "a  b ▁c ", "▁a ▁ b ▁ c"},
		{"strip and runs", object{"normalizer": sequence("normalizers", strip, runs("▁")),
			"pre_tokenizer": metaspace("always", true)}, "  a  b ▁c  ", "▁a ▁ b ▁ ▁ c"},
		{"runs to a space", object{"normalizer": sequence("normalizers", runs(" ")),
			"pre_tokenizer": metaspace("always", true)}, "  a  b  ", "▁a ▁ b ▁"},
		{"old file", object{"pre_tokenizer": object{"type": "Metaspace", "replacement": "▁", "str_rep": "▁",
			"add_prefix_space": true}}, "a b", "▁a ▁ b"},
		{"first", object{"pre_tokenizer": metaspace("first", true)}, "a</s>ab a", "▁a </s> ab ▁a"},
		{"never", object{"pre_tokenizer": metaspace("never", true), "decoder": metaspace("never", true)}, "a b",
			"a ▁ b"},
		{"whole", object{"pre_tokenizer": metaspace("always", false)}, "a ab", "▁a ▁ ab"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tok, err := loadFast(t, fastFile(t, tt.changes), "")
			if err != nil {
				t.Fatal(err)
			}
			var pieces []string
			for _, id := range tok.Encode(tt.text) {
				pieces = append(pieces, tok.Piece(id))
			}
			if got := strings.Join(pieces, " "); got != tt.want {
				t.Errorf("%q: got %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}

// For T5 and mT5 transformers replaces the pipeline of the file by its own.
func TestT5IgnoresThePipelineOfTheFile(t *testing.T) {
	raw := fastFile(t, object{"normalizer": object{"type": "Lowercase"}, "pre_tokenizer": object{"type": "ByteLevel"},
		"decoder": nil})
	for _, config := range []string{`{"model_type": "t5"}`, `{"model_type": "mt5"}`} {
		tok, err := loadFast(t, raw, config)
		if err != nil {
			t.Fatal(err)
		}
		if got := tok.Encode("A a"); !slices.Equal(got, []int32{3, 2, 8}) {
			t.Errorf("%s: got %v", config, got)
		}
	}
}

func TestAddedTokens(t *testing.T) {
	token := func(id int, content string, more object) object {
		o := object{"id": id, "content": content}
		for key, value := range more {
			o[key] = value
		}
		return o
	}
	raw := fastFile(t, object{"added_tokens": []object{
		token(0, "<pad>", object{"special": true}), token(1, "</s>", object{"special": true}), token(2, "<unk>",
			object{"special": true}),
		token(9, "<sep>", object{"special": true, "lstrip": true, "rstrip": true}), token(10, "xyz",
			object{"normalized": true}),
	}})
	tok, err := loadFast(t, raw, "")
	if err != nil {
		t.Fatal(err)
	}
	ids := tok.Encode("a <sep> bxyzc")
	if want := []int32{8, 9, 3, 5, 10, 3, 6}; !slices.Equal(ids, want) {
		t.Errorf("got %v, want %v", ids, want)
	}
	if got, want := tok.Decode(ids, true), "a bxyz c"; got != want {
		t.Errorf("decoded: got %q, want %q", got, want)
	}
	files, err := tok.Files()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range files {
		write(t, filepath.Join(dir, f.Name), f.Data)
	}
	again, err := tokenizer.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := again.Encode("a <sep> bxyzc"); !slices.Equal(got, ids) {
		t.Errorf("written and read: got %v, want %v", got, ids)
	}
}

// A folder of transformers 4 with spiece.model alone names its added tokens in tokenizer_config.json.
func TestAddedTokensBesideAModelFile(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "spiece.model"), modelBytes(letters(), nil, nil))
	write(t, filepath.Join(dir, "tokenizer_config.json"), []byte(
		`{"extra_ids": 1, "added_tokens_decoder": {"10": {"content": "<sep>", "special": true}, "9": {"content": "<extra_id_0>", "special": true}}}`))
	tok, err := tokenizer.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := tok.Encode("a<sep>b<extra_id_0>"), []int32{8, 10, 3, 5, 9}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// transformers' T5 tokenizer has no byte fallback, whatever mT5's model file says.
func TestClassDecidesAboutByteFallback(t *testing.T) {
	pieces := letters()
	for b := range 256 {
		pieces = append(pieces, testPiece{fmt.Sprintf("<0x%02X>", b), 0, bytePiece})
	}
	raw := modelBytes(pieces, map[protowire.Number]uint64{35: 1}, nil)
	for _, tt := range []struct {
		name, config string
		want         []int32
	}{
		{"no class", "{}", []int32{3, 9 + 0xc3, 9 + 0xa9}},
		{"mt5", `{"model_type": "mt5"}`, []int32{3, 2}},
		{"umt5", `{"model_type": "umt5"}`, []int32{3, 9 + 0xc3, 9 + 0xa9}},
		{"class", `{"tokenizer_class": "T5TokenizerFast"}`, []int32{3, 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "spiece.model"), raw)
			write(t, filepath.Join(dir, "config.json"), []byte(tt.config))
			tok, err := tokenizer.Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			if got := tok.Encode("é"); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestFastRefuses(t *testing.T) {
	model := func(changes object) object {
		m := object{"type": "Unigram", "unk_id": 0, "vocab": []any{[]any{"<unk>", 0}, []any{"a", -1}}}
		for key, value := range changes {
			m[key] = value
		}
		return object{"model": m, "added_tokens": []any{}}
	}
	for _, tt := range []struct {
		name    string
		changes object
		want    string
	}{
		{"BPE", model(object{"type": "BPE", "vocab": nil}), `of type "BPE": want Unigram`},
		{"no unknown token", model(object{"unk_id": nil}), "unk_id names no piece"},
		{"unknown token out of range", model(object{"unk_id": 2}), "unk_id names no piece"},
		{"triple", model(object{"vocab": []any{[]any{"a", 1, 2}}}), "want pairs of text and score"},
		{"empty piece", model(object{"vocab": []any{[]any{"", 1}}}), "piece 0 of the vocabulary is empty"},
		{"twice", model(object{"vocab": []any{[]any{"<unk>", 0}, []any{"a", -1}, []any{"a", -2}}}),
			`pieces 1 and 2 of the vocabulary are both "a"`},
		{"only special pieces", model(object{"vocab": []any{[]any{"<unk>", 0}}}), "only special pieces"},
		{"lower case", object{"normalizer": object{"type": "Lowercase"}}, "normalizer Lowercase is not supported"},
		{"replace", object{"normalizer": object{"type": "Replace", "pattern": object{"String": "x"}, "content": "y"}},
			`Replace of "x" is not supported`},
		{"order", object{"normalizer": object{"type": "Sequence",
			"normalizers": []object{{"type": "Strip"}, {"type": "Precompiled"}}}}, "order Precompiled, Strip, Replace"},
		{"byte level", object{"pre_tokenizer": object{"type": "ByteLevel"}},
			"pre-tokenizer ByteLevel is not supported"},
		{"no pre-tokenizer", object{"pre_tokenizer": nil}, "has no Metaspace"},
		{"other space", object{"pre_tokenizer": object{"type": "Metaspace", "replacement": "_"}},
			`writes a space as "_"`},
		{"other scheme", object{"pre_tokenizer": object{"type": "Metaspace", "replacement": "▁",
			"prepend_scheme": "often"}}, `prepend_scheme "often"`},
		{"decoder", object{"decoder": object{"type": "WordPiece"}}, "decoder WordPiece is not supported"},
		{"other text", object{"added_tokens": []object{{"id": 4, "content": "<sep>"}}},
			`added token "<sep>" has id 4, which is "a"`},
		{"hole", object{"added_tokens": []object{{"id": 10, "content": "<sep>"}}},
			`added token "<sep>" has id 10, want 9`},
		{"whole words", object{"added_tokens": []object{{"id": 9, "content": "<sep>", "single_word": true}}},
			"single_word"},
		{"empty token", object{"added_tokens": []object{{"id": 9, "content": ""}}}, "added token 9 is empty"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := loadFast(t, fastFile(t, tt.changes), "")
			if err == nil || !strings.Contains(err.Error(), tt.want) ||
				!strings.Contains(err.Error(), "tokenizer.json") {
				t.Errorf("got error %v, want one with %q that names the file", err, tt.want)
			}
		})
	}
	if _, err := loadFast(t, fastFile(t, model(nil)), `{"model_type": "t5"}`); err == nil ||
		!strings.Contains(err.Error(), "unk is 0: transformers' T5 tokenizer wants 2") {
		t.Errorf("got error %v", err)
	}
}

func FuzzFast(f *testing.F) {
	f.Add([]byte("{}"), "a")
	f.Add(fastFile(f, nil), "a b▁ c</s>")
	f.Add(fastFile(f, object{"normalizer": object{"type": "Sequence", "normalizers": []object{
		{"type": "Precompiled", "precompiled_charsmap": "BAAAAAEAAABBAA=="}, {"type": "Strip", "strip_right": true},
		{"type": "Replace", "pattern": object{"Regex": " {2,}"}, "content": "▁"},
	}}, "pre_tokenizer": object{"type": "Metaspace", "replacement": "▁", "split": false}}), "  a  é\xff ")
	f.Add(fastFile(f, object{"added_tokens": []object{{"id": 9, "content": "x", "normalized": true, "lstrip": true}}}),
		"a x")
	f.Fuzz(func(t *testing.T, raw []byte, text string) {
		for _, config := range []string{"", `{"model_type": "t5"}`} {
			tok, err := loadFast(t, raw, config)
			if err == nil {
				checkText(t, tok, text)
			}
		}
	})
}
