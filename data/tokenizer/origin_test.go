package tokenizer_test

import (
	"fmt"
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"t5train/data/tokenizer"
)

// ancestors are the vocabularies that the pieces of a new one come from.
func ancestors(t *testing.T) map[string]*tokenizer.Tokenizer {
	t.Helper()
	var bytes, ranked []testPiece
	for b := range 256 {
		bytes = append(bytes, testPiece{fmt.Sprintf("<0x%02X>", b), 0, bytePiece})
	}
	for i, text := range []string{"bc", "ab"} {
		ranked = append(ranked, testPiece{text, -1 - float32(i), normalPiece})
	}
	fallback := map[protowire.Number]uint64{35: 1}
	return map[string]*tokenizer.Tokenizer{
		"T5":       t5(t),
		"ByT5":     tokenizer.ByT5(),
		"letters":  newTokenizer(t, modelBytes(letters(), nil, nil), tokenizer.Options{ExtraIDs: 2}),
		"fallback": newTokenizer(t, modelBytes(append(letters(), bytes...), fallback, nil), tokenizer.Options{}),
		"BPE": newTokenizer(t, modelBytes(append(letters()[:7], ranked...), map[protowire.Number]uint64{3: 2},
			nil), tokenizer.Options{}),
	}
}

func TestOrigins(t *testing.T) {
	old := ancestors(t)
	// Behind the letters: a word, what stands inside of one, blanks, characters that few have, a byte, symbols.
	added := []testPiece{
		{"▁the", -1, normalPiece}, {"ung", -2, normalPiece}, {"▁a▁b", -3, normalPiece}, {"ж", -4, normalPiece}, {"aж",
			-5, normalPiece},
		{"ﬁ", -6, normalPiece}, {"[x]", 0, userPiece}, {"<mask>", 0, controlPiece},
	}
	heir := newTokenizer(t, modelBytes(append(letters(), added...), nil, nil), tokenizer.Options{ExtraIDs: 3})
	heir, err := heir.WithRules(tokenizer.Transformers) // its sentinels have no ▁, as those of old
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		old, piece string
		kind       tokenizer.OriginKind
		pieces     []string
	}{
		{"T5", "<pad>", tokenizer.Role, []string{"<pad>"}},
		{"T5", "</s>", tokenizer.Role, []string{"</s>"}},
		{"T5", "<unk>", tokenizer.Role, []string{"<unk>"}},
		{"T5", "<extra_id_2>", tokenizer.Role, []string{"<extra_id_2>"}},
		{"T5", "▁the", tokenizer.Shared, []string{"▁the"}},
		{"T5", "ung", tokenizer.Shared, []string{"ung"}},
		{"T5", "▁a▁b", tokenizer.Cut, []string{"▁", "a", "▁", "b"}},
		{"T5", "ж", tokenizer.Untranslatable, nil},
		{"T5", "aж", tokenizer.Cut, []string{"a"}},
		{"T5", "ﬁ", tokenizer.Cut, []string{"f", "i"}}, // T5's normalisation comes first
		{"T5", "[x]", tokenizer.Cut, []string{"[", "x", "]"}},
		{"T5", "<mask>", tokenizer.Untranslatable, nil},

		{"letters", "ab", tokenizer.Shared, []string{"ab"}},
		{"letters", "ung", tokenizer.Untranslatable, nil},
		{"letters", "<extra_id_1>", tokenizer.Role, []string{"<extra_id_1>"}},
		{"letters", "<extra_id_2>", tokenizer.Cut, []string{"<extra_id_0>", "<extra_id_1>"}},

		{"ByT5", "▁a▁b", tokenizer.Cut, []string{"<0x20>", "<0x61>", "<0x20>", "<0x62>"}},
		{"ByT5", "ж", tokenizer.Cut, []string{"<0xD0>", "<0xB6>"}},
		{"ByT5", "<extra_id_0>", tokenizer.Role, []string{"<extra_id_0>"}},

		{"fallback", "ж", tokenizer.Cut, []string{"<0xD0>", "<0xB6>"}},
		{"fallback", "<extra_id_0>", tokenizer.Untranslatable, nil},

		{"BPE", "▁a▁b", tokenizer.Cut, []string{"▁", "a", "▁", "b"}},
		{"BPE", "aж", tokenizer.Cut, []string{"a"}},
	} {
		id, ok := heir.ID(tt.piece)
		if !ok {
			t.Fatalf("no piece %q", tt.piece)
		}
		o := heir.Origins(old[tt.old])[id]
		var pieces []string
		for _, id := range o.IDs {
			pieces = append(pieces, old[tt.old].Piece(id))
		}
		if o.Kind != tt.kind || !slices.Equal(pieces, tt.pieces) {
			t.Errorf("%s of %s: got kind %d, %q, want %d, %q", tt.piece, tt.old, o.Kind, pieces, tt.kind, tt.pieces)
		}
	}
}

// Bytes come from the characters that they are, and from bytes.
func TestOriginsOfBytes(t *testing.T) {
	old := ancestors(t)
	origins := func(name string) func(b int) []int32 {
		all := tokenizer.ByT5().Origins(old[name])
		return func(b int) []int32 { return all[3+b].IDs }
	}
	space, _ := old["letters"].ID("▁")
	a, _ := old["letters"].ID("a")
	for b, want := range map[int][]int32{' ': {space}, 'a': {a}, 'Z': nil, 0xc3: nil} {
		if got := origins("letters")(b); !slices.Equal(got, want) {
			t.Errorf("byte %#x of letters: got %v, want %v", b, got, want)
		}
	}
	for _, b := range []int{' ', 'a', 0xc3} {
		want, _ := old["fallback"].ID(fmt.Sprintf("<0x%02X>", b))
		if got := origins("fallback")(b); !slices.Equal(got, []int32{want}) {
			t.Errorf("byte %#x: got %v, want %d", b, got, want)
		}
	}
}

// A vocabulary is its own origin, piece by piece.
func TestOriginsOfTheSame(t *testing.T) {
	for name, tok := range ancestors(t) {
		for id, o := range tok.Origins(tok) {
			if !slices.Equal(o.IDs, []int32{int32(id)}) || o.Kind != tokenizer.Role && o.Kind != tokenizer.Shared {
				t.Fatalf("%s: token %d comes from %v, kind %d", name, id, o.IDs, o.Kind)
			}
		}
	}
}
