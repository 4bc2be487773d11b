package tokenizer_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"t5train/data/tokenizer"
)

func Example() {
	tok, err := tokenizer.T5()
	if err != nil {
		fmt.Println(err)
		return
	}
	ids := tok.Encode("translate English to German: That is good.")
	fmt.Println(ids)
	fmt.Println(tok.Decode(append(ids, tok.EOS()), true))
	// Output:
	// [13959 1566 12 2968 10 466 19 207 5]
	// translate English to German: That is good.
}

// The ids were recorded from transformers 5.23 and from SentencePiece 0.2.3 with seqio's sentinels.
func TestT5Encode(t *testing.T) {
	hf := t5(t)
	seqio := newTokenizer(t, hf.Model(), tokenizer.Options{ExtraIDs: 100, Rules: tokenizer.SentencePiece})
	tests := []struct {
		name, text string
		hf, seqio  []int32
	}{
		{"empty", "", nil, nil},
		{"blanks", " \t\n\u3000", nil, nil},
		{"sentinel then punctuation", "<extra_id_0>. Hello", []int32{32099, 3, 5, 8774}, []int32{32099, 5, 8774}},
		{
			"sentinel inside a word", "a<extra_id_0>b",
			[]int32{3, 9, 32099, 3, 115}, []int32{3, 9, 2, 25666, 834, 23, 26, 834, 632, 3155, 115},
		},
		{
			"end of sequence in text", "hello </s>",
			[]int32{21820, 1}, []int32{21820, 3, 2, 87, 7, 3155},
		},
		{"special by normalisation", "\uFF1Cpad\uFF1E", []int32{3, 0}, []int32{3, 2, 5612, 3155}},
		{"accent on a ligature", "\uFB01\u0301", []int32{361}, []int32{361, 2}},
		{"next line splits", "x\u0085y", []int32{3, 226, 3, 63}, []int32{3, 226, 2, 63}},
		{"unknown run is one token", "\U0001F680\U0001F44B x", []int32{3, 2, 3, 226}, []int32{3, 2, 3, 226}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := hf.Encode(tt.text); !slices.Equal(got, tt.hf) {
				t.Errorf("transformers: got %v, want %v", got, tt.hf)
			}
			if got := seqio.Encode(tt.text); !slices.Equal(got, tt.seqio) {
				t.Errorf("seqio: got %v, want %v", got, tt.seqio)
			}
		})
	}
}

// Appending the pieces to the file, as seqio does, must equal the option.
func TestSeqioSentinelsEqualUserDefinedPieces(t *testing.T) {
	raw := slices.Clone(t5(t).Model())
	for n := 99; n >= 0; n-- {
		raw = appendPieceField(raw, testPiece{fmt.Sprintf("▁<extra_id_%d>", n), 0, userPiece})
	}
	inFile := newTokenizer(t, raw, tokenizer.Options{})
	option := newTokenizer(t, t5(t).Model(), tokenizer.Options{ExtraIDs: 100, Rules: tokenizer.SentencePiece})
	if inFile.Rules() != tokenizer.SentencePiece || inFile.VocabSize() != option.VocabSize() {
		t.Fatalf("got rules %s and %d ids, want %s and %d", inFile.Rules(), inFile.VocabSize(), option.Rules(),
			option.VocabSize())
	}
	for _, text := range []string{"<extra_id_0>. Hello", "a <extra_id_0> b <extra_id_1><extra_id_2> c", "x"} {
		a, b := inFile.Encode(text), option.Encode(text)
		if !slices.Equal(a, b) {
			t.Errorf("%q: got %v from the file, %v by option", text, a, b)
		}
		if a, b := inFile.Decode(a, true), option.Decode(b, true); a != b {
			t.Errorf("%q: got %q from the file, %q by option", text, a, b)
		}
	}
}

func TestAccessors(t *testing.T) {
	tok := t5(t)
	if got := []int32{tok.Pad(), tok.EOS(), tok.Unk()}; !slices.Equal(got, []int32{0, 1, 2}) {
		t.Errorf("pad, eos, unk: got %v, want [0 1 2]", got)
	}
	if tok.VocabSize() != 32100 || tok.ExtraIDs() != 100 || tok.Kind() != "unigram" ||
		tok.Rules().String() != "transformers" {
		t.Errorf("got %d ids, %d extra, %s, %s", tok.VocabSize(), tok.ExtraIDs(), tok.Kind(), tok.Rules())
	}
	if id, ok := tok.Sentinel(0); id != 32099 || !ok {
		t.Errorf("first sentinel: got %d %v, want 32099", id, ok)
	}
	if id, ok := tok.Sentinel(100); ok {
		t.Errorf("sentinel 100 of 0..99: got %d", id)
	}
	if id, ok := tok.ID("▁the"); !ok || tok.Piece(id) != "▁the" {
		t.Errorf("▁the: got id %d %v, back %q", id, ok, tok.Piece(id))
	}
	for _, id := range []int32{-1, 32100, 1<<31 - 1} {
		if got := tok.Piece(id); got != "<unk>" {
			t.Errorf("piece %d: got %q, want <unk>", id, got)
		}
	}
}

func TestDecode(t *testing.T) {
	hf := t5(t)
	sp := newTokenizer(t, hf.Model(), tokenizer.Options{Rules: tokenizer.SentencePiece})
	tests := []struct {
		name string
		tok  *tokenizer.Tokenizer
		ids  []int32
		skip bool
		want string
	}{
		{"nothing", hf, nil, false, ""},
		{"specials show", hf, []int32{32099, 3, 5, 8774, 1}, false, "<extra_id_0> . Hello</s>"},
		{"specials skipped", hf, []int32{32099, 3, 5, 8774, 1, 0}, true, ". Hello"},
		{"out of range is unknown", hf, []int32{71, -5, 40000}, false, "A<unk><unk>"},
		{"out of range skipped", hf, []int32{71, -5, 40000}, true, "A"},
		{"control tokens are invisible", sp, []int32{71, 1, 71, 0}, false, "A A"},
		{"unknown", sp, []int32{3, 2, 9}, false, " ⁇ a"},
		{"leading blanks go", sp, []int32{3, 3, 9}, false, "a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.tok.Decode(tt.ids, tt.skip); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestRoundTrip(t *testing.T) {
	tok := t5(t)
	for _, text := range []string{
		"The quick brown fox jumps over the lazy dog.",
		"Prices rose by 3.5% (from $1,200 to $1,242) in 2019!",
		"Der Hund läuft über die Straße; où est la bibliothèque?",
		"\"Quotes\", 'apostrophes' and -- dashes: all/of\\them.",
	} {
		if got := tok.Decode(tok.Encode(text), false); strings.ReplaceAll(got, "<unk>", "\\") != text {
			t.Errorf("got %q, want %q", got, text)
		}
	}
}

func TestByteFallback(t *testing.T) {
	tok := newTokenizer(t, modelBytes(bytePieces(), map[protowire.Number]uint64{35: 1}, nil), tokenizer.Options{})
	ids := tok.Encode("aé")
	if want := []int32{8, 9 + 0xC3, 9 + 0xA9}; !slices.Equal(ids, want) {
		t.Fatalf("got %v, want %v", ids, want)
	}
	if got := tok.Decode(ids, true); got != "aé" {
		t.Errorf("got %q, want aé", got)
	}
	if got := tok.Decode(ids[:2], true); got != "a\uFFFD" {
		t.Errorf("half a character: got %q, want a\uFFFD", got)
	}
}

// Scores of BPE pieces are ranks: bc merges before ab.
func TestBPE(t *testing.T) {
	pieces := append(letters()[:7], testPiece{"bc", -1, normalPiece}, testPiece{"ab", -2, normalPiece},
		testPiece{"abc", -3, unusedPiece}, testPiece{"[ab]", 0, userPiece})
	tok := newTokenizer(t, modelBytes(pieces, map[protowire.Number]uint64{3: 2}, nil), tokenizer.Options{})
	if tok.Kind() != "bpe" || tok.Rules() != tokenizer.SentencePiece {
		t.Fatalf("got kind %s, rules %s", tok.Kind(), tok.Rules())
	}
	tests := []struct {
		name, text string
		want       []string
	}{
		{"best merge first", "abb", []string{"▁", "ab", "b"}},
		{"unused piece falls apart", "abc", []string{"▁", "a", "bc"}},
		{"user-defined symbol stays whole", "a[ab]b", []string{"▁", "a", "[ab]", "b"}},
		{"unknown run", "xyz a", []string{"▁", "<unk>", "▁", "a"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, id := range tok.Encode(tt.text) {
				got = append(got, tok.Piece(id))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestConcurrentUse(t *testing.T) {
	tok := t5(t)
	text := "Many goroutines share <extra_id_0> one tokenizer, naïvely."
	want := tok.Encode(text)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				ids := tok.Encode(text)
				if !slices.Equal(ids, want) {
					t.Errorf("got %v, want %v", ids, want)
					return
				}
				tok.Decode(ids, true)
			}
		})
	}
	wg.Wait()
}

func TestAppendEncodeKeepsWhatIsThere(t *testing.T) {
	tok := t5(t)
	got := tok.AppendEncode([]int32{7, 2}, "\U0001F680")
	if want := []int32{7, 2, 3, 2}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
