package tokenizer_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"t5train/data/tokenizer"
)

// The vocabulary of T5 for another program has its sentinels as user-defined tokens, and its rules of normalization.
func TestUnigram(t *testing.T) {
	tok := t5(t)
	u, err := tok.Unigram()
	if err != nil {
		t.Fatal(err)
	}
	if len(u.Entries) != tok.VocabSize() || !u.DummyPrefix || !u.Squeeze || len(u.Lost) > 0 || len(u.Charsmap) == 0 {
		t.Errorf("%d entries of %d, prefix %v, squeeze %v, lost %q, %d bytes of rules", len(u.Entries), tok.VocabSize(),
			u.DummyPrefix, u.Squeeze, u.Lost, len(u.Charsmap))
	}
	for id, want := range map[int]tokenizer.Entry{
		0: {Text: "<pad>", Type: 3}, 1: {Text: "</s>", Type: 3}, 2: {Text: "<unk>", Type: 2},
		32099: {Text: "<extra_id_0>", Type: 4},
	} {
		if got := u.Entries[id]; got.Text != want.Text || got.Type != want.Type {
			t.Errorf("token %d is %+v, want %+v", id, got, want)
		}
	}
	if e := u.Entries[100]; e.Type != 1 || e.Text != tok.Piece(100) || e.Score >= 0 {
		t.Errorf("token 100 is %+v", e)
	}
}

// What another program would do otherwise is named, and what it cannot do at all is an error.
func TestUnigramOfOtherModels(t *testing.T) {
	type settings = map[protowire.Number]uint64
	for want, raw := range map[string][]byte{
		"a character that no piece has becomes <unk>": modelBytes(bytePieces(), settings{35: 1}, nil),
		"of kind bpe, and not unigram":                modelBytes(letters(), settings{3: 2}, nil),
		"in front of a word":                          modelBytes(letters(), settings{24: 1}, nil),
	} {
		u, err := newTokenizer(t, raw, tokenizer.Options{}).Unigram()
		got := strings.Join(u.Lost, "; ")
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	tok := newTokenizer(t, modelBytes(bytePieces(), settings{35: 1}, nil), tokenizer.Options{ExtraIDs: 2})
	u, err := tok.Unigram()
	id, ok := tok.Sentinel(1)
	if err != nil || !ok || u.Entries[id].Text != "<extra_id_1>" { // ours has a space in front, as seqio's
		t.Errorf("a sentinel is %+v, %v, want <extra_id_1>", u.Entries[id], err)
	}
	if _, err := tokenizer.ByT5().Unigram(); err == nil || !strings.Contains(err.Error(), "ByT5") {
		t.Errorf("of bytes: got %v", err)
	}
}
