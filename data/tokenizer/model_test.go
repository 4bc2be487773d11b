package tokenizer_test

import (
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"t5train/data/tokenizer"
)

func TestNewRefuses(t *testing.T) {
	with := func(p ...testPiece) []byte { return modelBytes(append(letters(), p...), nil, nil) }
	good := with()
	charsmap := func(b ...byte) []byte {
		spec := protowire.AppendBytes(protowire.AppendTag(nil, 2, protowire.BytesType), b)
		return protowire.AppendBytes(protowire.AppendTag(good[:len(good):len(good)], 3, protowire.BytesType), spec)
	}
	tests := []struct {
		name    string
		raw     []byte
		options tokenizer.Options
		want    string
	}{
		{"empty file", nil, tokenizer.Options{}, "holds no pieces"},
		{"text", []byte("hello, I am no model"), tokenizer.Options{}, "no SentencePiece model, or a damaged one"},
		{"cut inside a piece", good[:20], tokenizer.Options{}, "no SentencePiece model, or a damaged one"},
		{"no settings", good[:len(good)-4], tokenizer.Options{}, "ends too early"},
		{"word model", modelBytes(letters(), map[protowire.Number]uint64{3: 3}, nil), tokenizer.Options{},
			"of kind word: want unigram or bpe"},
		{"no unknown token", modelBytes(letters()[3:], nil, nil), tokenizer.Options{}, "no unknown token"},
		{"two unknown tokens", with(testPiece{"<u>", 0, unknownPiece}), tokenizer.Options{}, "both unknown tokens"},
		{"only special pieces", modelBytes(letters()[:3], nil, nil), tokenizer.Options{}, "only special pieces"},
		{"duplicate piece", with(testPiece{"ab", 0, normalPiece}), tokenizer.Options{},
			`pieces 7 and 9 of the vocabulary are both "ab"`},
		{"empty piece", with(testPiece{"", 0, normalPiece}), tokenizer.Options{}, "want non-empty UTF-8"},
		{"broken UTF-8", with(testPiece{"\xff", 0, normalPiece}), tokenizer.Options{}, "want non-empty UTF-8"},
		{"NaN score", with(testPiece{"x", float32(math.NaN()), normalPiece}), tokenizer.Options{},
			"want a finite number"},
		{"odd type", with(testPiece{"x", 0, 9}), tokenizer.Options{}, "type 9"},
		{"odd byte", with(testPiece{"<0xGG>", 0, bytePiece}), tokenizer.Options{}, "want a byte"},
		{"bytes missing", modelBytes(letters(), map[protowire.Number]uint64{35: 1}, nil), tokenizer.Options{},
			"no piece <0x00>"},
		{"short rules", charsmap(1, 2), tokenizer.Options{}, "normalization rules are damaged"},
		{"rules beyond the end", charsmap(255, 0, 0, 0, 1), tokenizer.Options{}, "normalization rules are damaged"},
		{"negative extra ids", good, tokenizer.Options{ExtraIDs: -1}, "got -1, want 0 to"},
		{"too many extra ids", good, tokenizer.Options{ExtraIDs: 1 << 30}, "want 0 to"},
		{"sentinels twice", with(testPiece{"<extra_id_0>", 0, userPiece}), tokenizer.Options{ExtraIDs: 1},
			"holds <extra_id_0> already"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tokenizer.New(tt.raw, tt.options)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want one with %q", err, tt.want)
			}
		})
	}
}

// A download that stopped anywhere before the settings at the file's end is an error, never a smaller vocabulary.
func TestNewRefusesTruncatedModel(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine alone: nothing for the race detector")
	}
	raw := t5(t).Model()
	for size := 0; size < len(raw)-16; size += 7919 {
		if _, err := tokenizer.New(raw[:size], tokenizer.Options{}); err == nil {
			t.Errorf("the first %d of %d bytes were accepted", size, len(raw))
		}
	}
}

// A model that transformers' T5 tokenizer cannot express follows SentencePiece.
func TestRulesOfUnusualModels(t *testing.T) {
	swapped := letters()
	swapped[0], swapped[2] = swapped[2], swapped[0]
	tests := []struct {
		name string
		raw  []byte
		want tokenizer.Rules
	}{
		{"like T5", modelBytes(letters(), nil, nil), tokenizer.Transformers},
		{"unknown token elsewhere", modelBytes(swapped, nil, nil), tokenizer.SentencePiece},
		{"no padding", modelBytes(letters()[1:], nil, nil), tokenizer.SentencePiece},
		{"user-defined symbol", modelBytes(append(letters(), testPiece{"<sep>", 0, userPiece}), nil, nil),
			tokenizer.SentencePiece},
		{"no dummy prefix", modelBytes(letters(), nil, map[protowire.Number]uint64{3: 0}), tokenizer.SentencePiece},
		{"blanks kept", modelBytes(letters(), nil, map[protowire.Number]uint64{4: 0}), tokenizer.SentencePiece},
		{"blanks as suffix", modelBytes(letters(), map[protowire.Number]uint64{24: 1}, nil), tokenizer.SentencePiece},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := newTokenizer(t, tt.raw, tokenizer.Options{}).Rules(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
