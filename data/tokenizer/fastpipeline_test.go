package tokenizer_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"t5train/data/tokenizer"
)

// folderOf writes what a checkpoint folder carries.
func folderOf(t *testing.T, tok *tokenizer.Tokenizer) (dir string, names []string) {
	t.Helper()
	files, err := tok.Files()
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	for _, f := range files {
		write(t, filepath.Join(dir, f.Name), f.Data)
		names = append(names, f.Name)
	}
	return dir, names
}

// readJSON reads a JSON file.
func readJSON(t *testing.T, path string, to any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, to); err != nil {
		t.Fatal(err)
	}
}

// bytePieces are letters and the pieces of all bytes.
func bytePieces() []testPiece {
	pieces := letters()
	for b := range 256 {
		pieces = append(pieces, testPiece{fmt.Sprintf("<0x%02X>", b), 0, bytePiece})
	}
	return pieces
}

// TestFilesOfBytes reads the tokenizer.json of a model with byte fallback, without its spiece.model.
func TestFilesOfBytes(t *testing.T) {
	tok := newTokenizer(t, modelBytes(bytePieces(), map[protowire.Number]uint64{35: 1}, nil),
		tokenizer.Options{ExtraIDs: 2})
	dir, _ := folderOf(t, tok)
	same, err := tokenizer.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	fast, err := tokenizer.Load(filepath.Join(dir, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	if same.ExtraIDs() != 2 || fast.ExtraIDs() != 2 || fast.VocabSize() != tok.VocabSize() {
		t.Errorf("got %d and %d extra ids and %d tokens, want 2, 2 and %d", same.ExtraIDs(), fast.ExtraIDs(),
			fast.VocabSize(), tok.VocabSize())
	}
	for _, text := range []string{"ab c", "  a  bé日 ", "", "abab"} {
		ids := tok.Encode(text)
		for name, other := range map[string]*tokenizer.Tokenizer{"the folder": same, "tokenizer.json": fast} {
			if got := other.Encode(text); !slices.Equal(got, ids) {
				t.Errorf("%q: %s gives %v, want %v", text, name, got, ids)
			}
			if got, want := other.Decode(ids, true), tok.Decode(ids, true); got != want {
				t.Errorf("%q: %s decodes %q, want %q", text, name, got, want)
			}
		}
	}
	sentinel, _ := tok.Sentinel(0)
	if got := fast.Encode("a <extra_id_0>"); !slices.Contains(got, sentinel) {
		t.Errorf("a <extra_id_0>: got %v, want %d in it", got, sentinel)
	}
}

// TestFilesOfBPE holds the merges to all ways to divide a piece, the best piece first.
func TestFilesOfBPE(t *testing.T) {
	pieces := append(letters()[:7], testPiece{"bc", -1, normalPiece}, testPiece{"ab", -2, normalPiece},
		testPiece{"abc", -3, normalPiece},
		testPiece{"[x]", 0, userPiece})
	dir, names := folderOf(t, newTokenizer(t, modelBytes(pieces, map[protowire.Number]uint64{3: 2}, nil),
		tokenizer.Options{ExtraIDs: 1}))
	if want := []string{"special_tokens_map.json", "spiece.model", "tokenizer.json",
		"tokenizer_config.json"}; !slices.Equal(slices.Sorted(slices.Values(names)), want) {
		t.Errorf("got files %v, want %v", names, want)
	}
	var file struct {
		Added []struct {
			ID      int
			Content string
			Special bool
		} `json:"added_tokens"`
		PreTokenizer struct {
			Scheme string `json:"prepend_scheme"`
			Split  bool
		} `json:"pre_tokenizer"`
		Model struct {
			Type   string
			Unk    string `json:"unk_token"`
			Fuse   bool   `json:"fuse_unk"`
			Vocab  map[string]int
			Merges [][2]string
		}
	}
	readJSON(t, filepath.Join(dir, "tokenizer.json"), &file)
	m := file.Model
	if m.Type != "BPE" || m.Unk != "<unk>" || !m.Fuse || len(m.Vocab) != 12 || m.Vocab["<extra_id_0>"] != 11 ||
		m.Vocab["abc"] != 9 {
		t.Errorf("got model %+v", m)
	}
	if want := [][2]string{{"b", "c"}, {"a", "b"}, {"a", "bc"}, {"ab", "c"}}; !slices.Equal(m.Merges, want) {
		t.Errorf("got merges %v, want %v", m.Merges, want)
	}
	if file.PreTokenizer.Scheme != "first" || !file.PreTokenizer.Split {
		t.Errorf("got pre-tokenizer %+v, want one that splits and leaves the text behind a symbol alone",
			file.PreTokenizer)
	}
	special := map[string]bool{}
	for _, a := range file.Added {
		special[a.Content] = a.Special
	}
	if s, ok := special["[x]"]; !ok || s || !special["</s>"] || !special["<extra_id_0>"] {
		t.Errorf("got added tokens %v", special)
	}
	var config struct {
		Class string `json:"tokenizer_class"`
	}
	readJSON(t, filepath.Join(dir, "tokenizer_config.json"), &config)
	if config.Class != "PreTrainedTokenizerFast" {
		t.Errorf("got class %s, want one that follows tokenizer.json", config.Class)
	}
	if _, err := tokenizer.Load(dir); err != nil {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(dir, "spiece.model")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Join(dir, "tokenizer.json")} {
		if _, err := tokenizer.Load(path); err == nil ||
			!strings.Contains(err.Error(), "BPE is read from spiece.model alone: name that file") {
			t.Errorf("%s: got error %v, want one that names spiece.model", path, err)
		}
	}
}

// TestFilesOfOtherModels has no tokenizer.json where the library could not follow it.
func TestFilesOfOtherModels(t *testing.T) {
	for name, raw := range map[string][]byte{
		"blanks end words": modelBytes(letters(), map[protowire.Number]uint64{24: 1}, nil),
		"blanks stay":      modelBytes(letters(), nil, map[protowire.Number]uint64{4: 0}),
		"an unused piece":  modelBytes(append(letters(), testPiece{"bc", -5, unusedPiece}), nil, nil),
		"no space in front": modelBytes(letters(), map[protowire.Number]uint64{3: 2},
			map[protowire.Number]uint64{3: 0}),
	} {
		if _, names := folderOf(t, newTokenizer(t, raw, tokenizer.Options{})); slices.Contains(names,
			"tokenizer.json") {
			t.Errorf("%s: there is a tokenizer.json", name)
		}
	}
}

// Pieces that continue after a space are no model for transformers' T5 tokenizer, which splits there.
func TestPiecesOverBlanks(t *testing.T) {
	tok := newTokenizer(t, modelBytes(append(letters(), testPiece{"a▁b", -1, normalPiece}), nil, nil),
		tokenizer.Options{})
	if tok.Rules() != tokenizer.SentencePiece {
		t.Errorf("got rules of %s", tok.Rules())
	}
	if ids := tok.Encode("a b"); !slices.Equal(ids, []int32{3, 9}) {
		t.Errorf("got %v, want [3 9]", ids)
	}
}
