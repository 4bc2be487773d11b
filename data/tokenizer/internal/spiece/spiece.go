// Package spiece reads SentencePiece model files.
package spiece

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// Space is U+2581, which stands for a space inside pieces.
const Space = "▁"

// Type is the enum SentencePiece.Type of sentencepiece_model.proto.
type Type uint8

// The types of pieces.
const (
	Normal  Type = 1
	Unknown Type = 2
	Control Type = 3
	User    Type = 4
	Unused  Type = 5
	Byte    Type = 6
)

// Piece is an entry of a vocabulary.
type Piece struct {
	Text  string
	Score float64 // log probability; for BPE the negated rank of the merge
	Type  Type
}

// Segments reports whether the piece can come out of text, or help to.
func (p Piece) Segments() bool { return p.Type == Normal || p.Type == User || p.Type == Unused }

// Model is a parsed model file: the fields of sentencepiece_model.proto that encoding needs.
type Model struct {
	Pieces []Piece
	Unk    int32 // the one piece of type unknown

	Kind         Kind
	ByteFallback bool
	SpaceSuffix  bool   // spaces end a word instead of starting it
	UnkSurface   string // what an unknown token decodes to

	Charsmap    []byte // compiled normalisation rules
	DummyPrefix bool   // a space is put before the text
	Squeeze     bool   // spaces at both ends go, runs of spaces become one
	Escape      bool   // spaces become ▁
}

// New returns a unigram model without pieces that has the defaults of sentencepiece_model.proto.
func New() Model {
	return Model{Kind: Unigram, Unk: -1, UnkSurface: " ⁇ ", DummyPrefix: true, Squeeze: true, Escape: true}
}

// Kind is the enum TrainerSpec.ModelType.
type Kind uint8

// The kinds that tokenizers have.
const (
	Unigram Kind = 1
	BPE     Kind = 2
	Bytes   Kind = 255 // not in the enum: ByT5 has no model file
)

func (k Kind) String() string {
	names := map[Kind]string{Unigram: "unigram", BPE: "bpe", 3: "word", 4: "char", Bytes: "bytes"}
	return cmp.Or(names[k], fmt.Sprintf("type %d", uint8(k)))
}

// Parse decodes and checks a model file. Charsmap is a part of raw.
func Parse(raw []byte) (Model, error) {
	m := New()
	var trainer, normalizer, denormalizer bool
	err := fields(raw, func(f field) error {
		switch {
		case f.is(1, protowire.BytesType):
			p, err := parsePiece(f.bytes)
			m.Pieces = append(m.Pieces, p)
			return err
		case f.is(2, protowire.BytesType):
			trainer = true
			return m.parseTrainer(f.bytes)
		case f.is(3, protowire.BytesType):
			normalizer = true
			return m.parseNormalizer(f.bytes)
		case f.is(5, protowire.BytesType):
			return fields(f.bytes, func(f field) error {
				denormalizer = denormalizer || f.is(2, protowire.BytesType) && len(f.bytes) > 0
				return nil
			})
		}
		return nil
	})
	switch {
	case err != nil:
		return m, fmt.Errorf("no SentencePiece model, or a damaged one: %w: copy or download it again", err)
	case len(m.Pieces) == 0:
		return m, errors.New("no SentencePiece model, or a damaged one: it holds no pieces")
	case !trainer || !normalizer:
		return m, errors.New("the SentencePiece model ends too early: it lacks its trainer or normalizer settings")
	case m.Kind != Unigram && m.Kind != BPE:
		return m, fmt.Errorf("the SentencePiece model is of kind %s: want unigram or bpe", m.Kind)
	case denormalizer:
		return m, errors.New("the SentencePiece model has denormalization rules, which are not supported: train it " +
			"without them")
	}
	return m, m.check()
}

func parsePiece(b []byte) (Piece, error) {
	p := Piece{Type: Normal}
	err := fields(b, func(f field) error {
		switch {
		case f.is(1, protowire.BytesType):
			p.Text = string(f.bytes)
		case f.is(2, protowire.Fixed32Type):
			p.Score = float64(math.Float32frombits(uint32(f.num)))
		case f.is(3, protowire.VarintType):
			p.Type = Type(min(f.num, math.MaxUint8))
		}
		return nil
	})
	return p, err
}

// parseTrainer reads TrainerSpec. Its ids of <unk>, </s> and so on are not needed: the pieces show them.
func (m *Model) parseTrainer(b []byte) error {
	return fields(b, func(f field) error {
		switch {
		case f.is(3, protowire.VarintType):
			m.Kind = Kind(min(f.num, math.MaxUint8))
		case f.is(24, protowire.VarintType):
			m.SpaceSuffix = f.num != 0
		case f.is(35, protowire.VarintType):
			m.ByteFallback = f.num != 0
		case f.is(44, protowire.BytesType):
			m.UnkSurface = string(f.bytes)
		}
		return nil
	})
}

// parseNormalizer reads NormalizerSpec.
func (m *Model) parseNormalizer(b []byte) error {
	return fields(b, func(f field) error {
		switch {
		case f.is(2, protowire.BytesType):
			m.Charsmap = f.bytes
		case f.is(3, protowire.VarintType):
			m.DummyPrefix = f.num != 0
		case f.is(4, protowire.VarintType):
			m.Squeeze = f.num != 0
		case f.is(5, protowire.VarintType):
			m.Escape = f.num != 0
		}
		return nil
	})
}

// check finds the unknown piece and reports what no usable model holds.
func (m *Model) check() error {
	for i, p := range m.Pieces {
		switch {
		case p.Text == "" || !utf8.ValidString(p.Text):
			return fmt.Errorf("piece %d of the SentencePiece model is %q: want non-empty UTF-8 text", i, p.Text)
		case p.Type < Normal || p.Type > Byte:
			return fmt.Errorf("piece %d (%q) of the SentencePiece model has type %d: want 1 to 6", i, p.Text, p.Type)
		case math.IsNaN(p.Score) || math.IsInf(p.Score, 0):
			return fmt.Errorf("piece %d (%q) of the SentencePiece model has score %v: want a finite number", i, p.Text,
				p.Score)
		case p.Type == Byte && !IsByte(p.Text):
			return fmt.Errorf("piece %d of the SentencePiece model is %q: want a byte such as <0x0A>", i, p.Text)
		case p.Type != Unknown:
			continue
		case m.Unk >= 0:
			return fmt.Errorf("pieces %d and %d of the SentencePiece model are both unknown tokens: want one", m.Unk, i)
		}
		m.Unk = int32(i)
	}
	if m.Unk < 0 {
		return errors.New("the SentencePiece model has no unknown token: train it with unk_id=2")
	}
	return nil
}

// Wordwise reports whether ▁ stands at the beginning of pieces only.
func (m *Model) Wordwise() bool {
	return !slices.ContainsFunc(m.Pieces, func(p Piece) bool {
		return p.Segments() && strings.Contains(p.Text[1:], Space)
	})
}

// Sentinel returns the text of a sentinel of T5.
func Sentinel(n int) string { return fmt.Sprintf("<extra_id_%d>", n) }

// IsSentinel reports whether text is that of a sentinel.
func IsSentinel(text string) bool { return strings.HasPrefix(text, "<extra_id_") }

// IsByte reports whether text is that of a byte piece.
func IsByte(text string) bool {
	_, ok := ByteOf(text)
	return ok
}

// ByteText is the text of a byte piece.
func ByteText(b int) string { return fmt.Sprintf("<0x%02X>", b) }

// ByteOf is the inverse of ByteText.
func ByteOf(text string) (b byte, ok bool) {
	hex, isHex := strings.CutPrefix(text, "<0x")
	hex, isClosed := strings.CutSuffix(hex, ">")
	n, err := strconv.ParseUint(hex, 16, 8)
	return byte(n), isHex && isClosed && err == nil
}

// field is one field of a protobuf message: bytes for a length-delimited one, num for the others.
type field struct {
	number protowire.Number
	wire   protowire.Type
	bytes  []byte
	num    uint64
}

func (f field) is(n protowire.Number, t protowire.Type) bool { return f.number == n && f.wire == t }

// fields calls f for every field of message b. Groups are skipped, as a proto3 reader does with what it does not know.
func fields(b []byte, f func(field) error) error {
	for len(b) > 0 {
		number, wire, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		fd := field{number: number, wire: wire}
		switch wire {
		case protowire.VarintType:
			fd.num, n = protowire.ConsumeVarint(b)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(b)
			fd.num = uint64(v)
		case protowire.BytesType:
			fd.bytes, n = protowire.ConsumeBytes(b)
		default:
			n = protowire.ConsumeFieldValue(number, wire, b)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		if err := f(fd); err != nil {
			return err
		}
	}
	return nil
}
