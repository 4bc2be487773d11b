package usage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"t5train/data/tokenizer"
)

// pieces is a vocabulary for tests: the end of a sequence, the unknown token, two bytes, then words.
type pieces []string

func (p pieces) AppendEncode(dst []int32, text string) []int32 {
	for _, word := range strings.Fields(text) {
		id := slices.Index(p, word)
		dst = append(dst, int32(max(id, 1)))
	}
	return dst
}

func (p pieces) Unk() int32               { return 1 }
func (p pieces) VocabSize() int           { return len(p) }
func (p pieces) Piece(id int32) string    { return p[id] }
func (p pieces) Structural(id int32) bool { return id == 0 }
func (p pieces) IsByte(id int32) bool     { return id == 2 || id == 3 }

// texts yields texts one by one.
func texts(all ...string) func(func(string) error) error {
	return func(yield func(string) error) error {
		for _, text := range all {
			if err := yield(text); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestMeasureUsage(t *testing.T) {
	first := pieces{"</s>", "<unk>", "0", "1", "a", "b", "long", "rare", "never", "longest"}
	second := pieces{"</s>", "<unk>", "0", "1", "a", "long"}
	u, err := Measure([]Vocabulary{first, second}, Options{Threads: 3, Show: 2}, texts(
		"a a a a b", "long  a rare", "é 0 x", "", "a a b long",
	))
	if err != nil {
		t.Fatal(err)
	}
	if u.Texts != 5 || u.Bytes != 9+12+6+10 || u.Characters != u.Bytes-1 || u.Words != 15 {
		t.Errorf("got %d texts, %d bytes, %d characters, %d words", u.Texts, u.Bytes, u.Characters, u.Words)
	}
	want := Use{
		Size: 10, Pieces: 8, Tokens: 15, TokensPerWord: 1, TokensPerByte: 15. / 37, BytesPerToken: 37. / 15,
		Unknown: 2, UnknownRate: 2. / 15, UnknownTexts: 1, UnknownCharacters: 2, ByteTokens: 1,
		MostUnknown: []Character{{"x", "U+0078", 1}, {"é", "U+00E9", 1}},
		Used:        5, Longest: []PieceCount{{"longest", 9, 0}, {"never", 8, 0}}, Rarest: []PieceCount{{"rare", 7, 1},
			{"0", 2, 1}},
		Unused: []PieceCount{{"never", 8, 0}, {"longest", 9, 0}},
		// of 15 tokens: a 7, b 2, long 2, rare 1, <0> 1, unknown 2
		Covers: []Cover{{50, 2}, {90, 0}, {99, 0}, {100, 0}},
		counts: []int64{7, 2, 2, 1, 1},
	}
	if got := u.Vocabularies[0]; !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := *u.Comparison; got != (Comparison{SharedPieces: 4, TokenRatio: 1, Equal: 5}) {
		t.Errorf("got %+v", got)
	}
	if shares := u.Vocabularies[0].Coverage(); shares[0] != 7./15 || shares[4] != 13./15 {
		t.Errorf("coverage %v", shares)
	}
}

// Counts do not depend on threads, and nothing is lost between blocks.
func TestMeasureUsageThreads(t *testing.T) {
	tok, err := tokenizer.T5()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for i := range 3 * blockTexts {
		all = append(all, fmt.Sprintf("row %d, Straße %d: %c", i*7919%1000, i, 'a'+rune(i%700)))
	}
	all = append(all, strings.Repeat("a long one ", blockBytes/4))
	var want *Report
	for _, threads := range []int{0, 1, 2, 5} {
		got, err := Measure([]Vocabulary{tok, tokenizer.ByT5()}, Options{Threads: threads, Show: 9},
			texts(all...))
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
			if want.Texts != int64(len(all)) || want.Comparison.Longer != want.Texts ||
				want.Vocabularies[0].Unknown == 0 || want.Vocabularies[1].ByteTokens != want.Bytes {
				t.Fatalf("got %+v", want)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%d threads: got %+v\nwant %+v", threads, got, want)
		}
	}
}

func TestMeasureUsageOfNothing(t *testing.T) {
	u, err := Measure([]Vocabulary{pieces{"</s>", "<unk>", "a"}}, Options{Show: 1}, texts())
	if err != nil || u.Texts != 0 || u.Vocabularies[0].TokensPerWord != 0 || u.Comparison != nil {
		t.Errorf("got %+v, %v", u, err)
	}
	raw, err := json.Marshal(u)
	if want := `"most_unknown":[],"byte_tokens":0,"used":0,"longest":[],"rarest":[],"unused":[]`; err != nil ||
		!strings.Contains(string(raw), want) {
		t.Errorf("got %s, %v, want empty lists in it", raw, err)
	}
	_, err = Measure([]Vocabulary{pieces{"</s>", "<unk>", "a"}}, Options{Threads: 2},
		func(func(string) error) error { return context.Canceled })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v", err)
	}
}
