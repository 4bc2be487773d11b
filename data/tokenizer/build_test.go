package tokenizer_test

import (
	"math"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"t5train/data/tokenizer"
)

// The type numbers of sentencepiece_model.proto.
const (
	normalPiece = iota + 1
	unknownPiece
	controlPiece
	userPiece
	unusedPiece
	bytePiece
)

type testPiece struct {
	text  string
	score float32
	kind  uint64
}

// letters is a vocabulary in T5's order.
func letters() []testPiece {
	return []testPiece{
		{"<pad>", 0, controlPiece}, {"</s>", 0, controlPiece}, {"<unk>", 0, unknownPiece},
		{"▁", -2, normalPiece}, {"a", -3, normalPiece}, {"b", -3, normalPiece}, {"c", -3, normalPiece},
		{"ab", -4, normalPiece}, {"▁a", -4, normalPiece},
	}
}

// modelBytes writes a SentencePiece model file. trainer and normalizer hold varint settings by field number.
func modelBytes(pieces []testPiece, trainer, normalizer map[protowire.Number]uint64) []byte {
	var b []byte
	for _, p := range pieces {
		b = appendPieceField(b, p)
	}
	for i, settings := range []map[protowire.Number]uint64{trainer, normalizer} {
		var spec []byte
		for n, v := range settings {
			spec = protowire.AppendVarint(protowire.AppendTag(spec, n, protowire.VarintType), v)
		}
		b = protowire.AppendTag(b, protowire.Number(2+i), protowire.BytesType)
		b = protowire.AppendBytes(b, spec)
	}
	return b
}

func appendPieceField(b []byte, p testPiece) []byte {
	m := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), p.text)
	m = protowire.AppendFixed32(protowire.AppendTag(m, 2, protowire.Fixed32Type), math.Float32bits(p.score))
	m = protowire.AppendVarint(protowire.AppendTag(m, 3, protowire.VarintType), p.kind)
	return protowire.AppendBytes(protowire.AppendTag(b, 1, protowire.BytesType), m)
}

func t5(t testing.TB) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := tokenizer.T5()
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func newTokenizer(t testing.TB, raw []byte, o tokenizer.Options) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := tokenizer.New(raw, o)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}
