package tokenizer_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/data/tokenizer"
)

// folder writes a spiece.model of letters() (9 pieces: ▁ is 3, a 4, b 5, c 6, ▁a 8) and the other files, and loads it.
func loadFolder(t testing.TB, files map[string]string) (*tokenizer.Tokenizer, error) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "spiece.model"), modelBytes(letters(), nil, nil))
	for name, content := range files {
		write(t, filepath.Join(dir, name), []byte(content))
	}
	return tokenizer.Load(dir)
}

const configFile, mapFile, addedFile = "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"

// Ids and texts of transformers 5.24 for files of such kinds (bench/check_folders.py compares them): where tokens are
// named, which ids they get, and whether they are special.
func TestSpecialTokensOfFolders(t *testing.T) {
	const text = "a <extra_id_0> b<X>c<Y>"
	const sentinels = `"<extra_id_0>", "<extra_id_1>"`
	for name, c := range map[string]struct {
		files   map[string]string
		ids     []int32
		skipped string
	}{
		"the list of older folders": {map[string]string{configFile: `{"extra_ids": 2, "additional_special_tokens": [` +
			sentinels + `, "<X>", "<Y>"]}`},
			[]int32{8, 10, 3, 5, 11, 3, 6, 12}, "a b c"},
		"the list of version 5": {map[string]string{configFile: `{"extra_ids": 2, "extra_special_tokens": [` +
			sentinels + `, "<X>", "<Y>"]}`},
			[]int32{8, 10, 3, 5, 11, 3, 6, 12}, "a b c"},
		"the order of the list": {map[string]string{configFile: `{"extra_ids": 2, "extra_special_tokens": ["<Y>", "<X>", ` +
			sentinels + `]}`},
			[]int32{8, 10, 3, 5, 12, 3, 6, 11}, "a b c"},
		"the list without sentinels": {map[string]string{configFile: `{"extra_ids": 2, "additional_special_tokens": ["<X>", "<Y>"]}`},
			[]int32{8, 3, 10, 3, 5, 11, 3, 6, 12}, "a <extra_id_0> b c"}, // text to transformers, though one token
		"named tokens": {map[string]string{configFile: `{"extra_ids": 2, "x_token": "<X>", "mask_token": {"content": "<Y>", "rstrip": true}}`},
			[]int32{8, 10, 3, 5, 12, 3, 6, 11}, "a b c"}, // roles come first
		"an object of names": {map[string]string{configFile: `{"extra_ids": 2, "extra_special_tokens": {"b": "<Y>", "a": "<X>"}}`},
			[]int32{8, 10, 3, 5, 12, 3, 6, 11}, "a b c"},
		"the map": {map[string]string{configFile: `{"extra_ids": 2}`,
			mapFile: `{"extra_special_tokens": [` + sentinels + `, "<X>", "<Y>"]}`},
			[]int32{8, 10, 3, 5, 11, 3, 6, 12}, "a b c"},
		"added_tokens.json": {map[string]string{configFile: `{"extra_ids": 2}`, addedFile: `{"<Y>": 12, "<X>": 11}`},
			[]int32{8, 10, 3, 5, 11, 3, 6, 12}, "a b<X> c<Y>"},
		"added_tokens.json, one special": {map[string]string{configFile: `{"extra_ids": 2, "extra_special_tokens": [` +
			sentinels + `, "<X>"]}`, addedFile: `{"<Y>": 12, "<X>": 11}`},
			[]int32{8, 10, 3, 5, 11, 3, 6, 12}, "a b c<Y>"},
		"the decoder outranks the map": {map[string]string{configFile: `{"extra_ids": 2, "added_tokens_decoder": {"11": {"content": "<X>"}, "12": {"content": "<Y>", "special": true}}}`,
			mapFile: `{"extra_special_tokens": ["<X>"]}`}, []int32{8, 10, 3, 5, 11, 3, 6, 12}, "a b<X> c"},
		"more in the list than in the decoder": {map[string]string{configFile: `{"extra_ids": 2, "added_tokens_decoder": {"11": {"content": "<X>"}},
			"extra_special_tokens": [` + sentinels + `, "<X>", "<Y>"]}`}, []int32{8, 10, 3, 5, 11, 3, 6, 12},
			"a b<X> c"},
		"twice": {map[string]string{configFile: `{"extra_ids": 2, "extra_special_tokens": [` + sentinels +
			`, "<X>", "<X>", "<Y>"]}`},
			[]int32{8, 10, 3, 5, 11, 3, 6, 12}, "a b c"},
	} {
		t.Run(name, func(t *testing.T) {
			tok, err := loadFolder(t, c.files)
			if err != nil {
				t.Fatal(err)
			}
			check := func(tok *tokenizer.Tokenizer) {
				t.Helper()
				if got := tok.Encode(text); !slices.Equal(got, c.ids) {
					t.Errorf("got %v, want %v", got, c.ids)
				}
				if got := strings.Join(strings.Fields(tok.Decode(c.ids, true)), " "); got != c.skipped {
					t.Errorf("decoded %q, want %q", got, c.skipped)
				}
			}
			check(tok)
			again := map[string]string{}
			files, err := tok.Files()
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				again[f.Name] = string(f.Data)
			}
			for _, without := range []string{"", "tokenizer.json"} {
				delete(again, without)
				if tok, err = loadFolder(t, again); err != nil {
					t.Fatal(err)
				}
				check(tok)
			}
		})
	}
}

// Tokens that normalisation makes one are found as the first of them, and no command panics.
func TestAddedTokensWithOneNormalForm(t *testing.T) {
	charsmap := map[string]string{configFile: `{"extra_ids": 0, "added_tokens_decoder": {"9": {"content": "xy", "normalized": true},
		"10": {"content": "x", "normalized": true}, "11": {"content": "x", "normalized": true, "special": true}, "12": {"content": "q"}}}`}
	if _, err := loadFolder(t, charsmap); err == nil {
		t.Error("ids with a hole, since a token stands there twice: no error")
	}
	// Full-width letters become plain ones by T5's own rules.
	dir := t.TempDir()
	five, err := tokenizer.T5()
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "spiece.model"), five.Model())
	write(t, filepath.Join(dir, configFile), []byte(`{"extra_ids": 100, "added_tokens_decoder": {
		"32100": {"content": "Ｑz", "normalized": true}, "32101": {"content": "Qz", "normalized": true},
		"32102": {"content": "\n", "normalized": true}, "32103": {"content": "\t", "normalized": true}}}`))
	tok, err := tokenizer.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := tok.Encode("Qz"); !slices.Equal(got, []int32{32100}) {
		t.Errorf("got %v, want the first of the two", got)
	}
	if got := tok.Decode([]int32{32100, 32101}, true); got != "QzQz" {
		t.Errorf("decoded %q, want normal forms", got)
	}
}

// A piece of the vocabulary that is an added token too is found in raw text, with the flags that its file gives it.
func TestAddedTokenOfThePieces(t *testing.T) {
	tok, err := loadFolder(t, map[string]string{configFile: `{"extra_ids": 0, "added_tokens_decoder": {"5": {"content": "b", "special": true}}}`})
	if err != nil {
		t.Fatal(err)
	}
	ids := tok.Encode("abc")
	if want := []int32{8, 5, 3, 6}; !slices.Equal(ids, want) {
		t.Errorf("got %v, want %v", ids, want)
	}
	if got := tok.Decode(ids, true); got != "a c" {
		t.Errorf("decoded %q, want the special token left out", got)
	}
}

func TestCleanUpTokenizationSpaces(t *testing.T) {
	five, err := tokenizer.T5()
	if err != nil {
		t.Fatal(err)
	}
	for config, want := range map[string]string{`{"clean_up_tokenization_spaces": true}`: "It's,n't. end!"} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "spiece.model"), five.Model())
		write(t, filepath.Join(dir, configFile), []byte(config))
		tok, err := tokenizer.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		if got := tok.Decode(tok.Encode("It 's , n't . end !"), true); got != want {
			t.Errorf("%s: got %q, want %q", config, got, want)
		}
		files, err := tok.Files()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(files[0].Data), `"clean_up_tokenization_spaces": true`) {
			t.Errorf("%s: written as %s", config, files[0].Data)
		}
	}
}

func TestLoadRefusesSettings(t *testing.T) {
	for config, want := range map[string]string{
		`{"eos_token": "<end>"}`: `eos_token is "<end>", which is not supported: want "</s>"`,
		`{"unk_token": null}`:    `unk_token is "", which is not supported: want "<unk>"`,
		`{"split_special_tokens": true}`: "split_special_tokens is true, which " +
			"is not supported",
		`{"tokenizer_class": "LlamaTokenizer"}`: `tokenizer_class is "LlamaTokenizer", by which`,
		`{"extra_special_tokens": "<X>"}`: "extra_special_tokens is \"<X>\": " +
			"want tokens",
		`{"extra_special_tokens": [5]}`: "extra_special_tokens is [5]: want " +
			"tokens",
		`{"eos_token": 5}`: "eos_token is 5: want tokens",
		`{"extra_ids": 0, "added_tokens_decoder": {"9": {"lstrip": true}}}`:    "want an object with content",
		`{"extra_ids": 0, "added_tokens_decoder": {"9": "<X>"}}`:               "want an object with content",
		`{"extra_ids": 0, "added_tokens_decoder": {"9": {"content": "b"}}}`:    `added token "b" has id 9, but the vocabulary has it as 5`,
		`{"extra_ids": 0, "added_tokens_decoder": {"5": {"content": "<X>"}}}`:  `added token "<X>" has id 5, which is "b" in the vocabulary`,
		`{"extra_ids": 0, "added_tokens_decoder": {"10": {"content": "<X>"}}}`: "has id 10, want 9",
		`{"extra_ids": -1}`: "extra_ids is -1: want 0 to",
		"version https://git-lfs.github.com/spec/v1\n": configFile +
			": it is a git-lfs pointer",
	} {
		if _, err := loadFolder(t, map[string]string{configFile: config}); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", config, err, want)
		}
	}
}

func TestLoadNamesOtherFamilies(t *testing.T) {
	for file, want := range map[string]string{
		"merges.txt":      "a byte-level BPE vocabulary (vocab.json and merges.txt, as in CodeT5, FooTokenizer)",
		"vocab.txt":       "a WordPiece vocabulary",
		"tokenizer.model": "as in Pile-T5", "other.txt": "copy the files of the model",
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, configFile), []byte(`{"tokenizer_class": "FooTokenizer"}`))
		write(t, filepath.Join(dir, file), nil)
		if _, err := tokenizer.Load(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", file, err, want)
		}
	}
}

func FuzzFolder(f *testing.F) {
	f.Add(`{"extra_ids": 3, "additional_special_tokens": ["<X>", {"content": "b", "special": false}]}`,
		`{"pad_token": "<pad>"}`, `{"q": 12}`)
	f.Add(`{"added_tokens_decoder": {"109": {"content": "\n", "normalized": true}, "110": {"content": "\t", "normalized": true}}}`, `{}`, ``)
	f.Add(`{"extra_special_tokens": {"a": "b"}, "x_token": "c", "eos_token": null, "clean_up_tokenization_spaces": true}`,
		`[]`, `{"a": -1}`)
	f.Fuzz(func(t *testing.T, config, specialMap, added string) {
		if tok, err := loadFolder(t, map[string]string{configFile: config, mapFile: specialMap,
			addedFile: added}); err == nil {
			checkText(t, tok, "a b<X>c \n\tb</s>")
		}
	})
}
