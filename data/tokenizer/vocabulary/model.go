package vocabulary

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"t5train/data/tokenizer/internal/spiece"
	"t5train/data/tokenizer/normalize"
)

// The pieces that T5's vocabulary begins with: ids 0, 1 and 2. It has no token for the beginning of a sequence.
const (
	padText = "<pad>"
	eosText = "</s>"
	unkText = "<unk>"
)

const (
	padID = 0
	eosID = 1
	unkID = 2
)

// metaPieces lists the pieces that no training finds, in the order of their ids: as spm_train numbers them.
func (o Options) metaPieces() []spiece.Piece {
	pieces := []spiece.Piece{{Text: padText, Type: spiece.Control}, {Text: eosText, Type: spiece.Control},
		{Text: unkText, Type: spiece.Unknown}}
	for _, s := range o.ControlSymbols {
		pieces = append(pieces, spiece.Piece{Text: s, Type: spiece.Control})
	}
	for _, s := range o.UserSymbols {
		pieces = append(pieces, spiece.Piece{Text: s, Type: spiece.User})
	}
	if o.ByteFallback {
		for b := range 256 {
			pieces = append(pieces, spiece.Piece{Text: spiece.ByteText(b), Type: spiece.Byte})
		}
	}
	return pieces
}

// marshal returns the model file: ModelProto of sentencepiece_model.proto. Of the trainer's settings it records those
// that differ from the defaults there, and none that would make two files of the same vocabulary differ.
func marshal(o Options, n *normalize.Normalizer, pieces []spiece.Piece) []byte {
	var file message
	for _, p := range pieces {
		var m message
		m.bytes(1, p.Text)
		m.float(2, p.Score)
		if p.Type != spiece.Normal {
			m.varint(3, uint64(p.Type))
		}
		file.bytes(1, string(m))
	}
	file.bytes(2, string(trainerSpec(o, len(pieces))))

	var rules message
	rules.bytes(1, o.Normalization)
	rules.bytes(2, string(n.Rules.Raw()))
	file.bytes(3, string(rules))
	return file
}

func trainerSpec(o Options, size int) message {
	var m message
	kind := uint64(1)
	if o.Kind == BPE {
		kind = 2
	}
	m.varint(3, kind)
	m.varint(4, uint64(size))
	m.float(10, o.CharacterCoverage)
	m.varint(11, uint64(o.SampleLines))
	m.varint(14, uint64(o.SeedPieces))
	m.float(15, o.ShrinkingFactor)
	m.varint(17, uint64(o.SubIterations))
	maxLine := o.MaxLineBytes
	if maxLine == 0 {
		maxLine = math.MaxInt32 // a file without the number has the limit 4192
	}
	m.varint(18, uint64(maxLine))
	m.varint(20, uint64(o.MaxPieceLength))
	m.bool(21, o.SplitByUnicodeScript)
	m.bool(22, o.SplitByWhitespace)
	m.bool(23, o.SplitByNumber)
	m.bool(25, o.SplitDigits)
	for _, s := range o.ControlSymbols {
		m.bytes(30, s)
	}
	for _, s := range o.UserSymbols {
		m.bytes(31, s)
	}
	m.bool(33, !o.SoftVocabLimit)
	m.bool(35, o.ByteFallback)
	m.varint(40, unkID)
	m.varint(41, math.MaxUint64) // bos_id -1: none
	m.varint(42, eosID)
	m.varint(43, padID)
	return m
}

// message is a protobuf message that grows field by field.
type message []byte

func (m *message) varint(n protowire.Number, v uint64) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, n, protowire.VarintType), v)
}

func (m *message) bool(n protowire.Number, v bool) { m.varint(n, protowire.EncodeBool(v)) }

func (m *message) float(n protowire.Number, v float64) {
	*m = protowire.AppendFixed32(protowire.AppendTag(*m, n, protowire.Fixed32Type), math.Float32bits(float32(v)))
}

func (m *message) bytes(n protowire.Number, v string) {
	*m = protowire.AppendString(protowire.AppendTag(*m, n, protowire.BytesType), v)
}
