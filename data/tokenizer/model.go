package tokenizer

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// space is U+2581, which stands for a blank inside pieces.
const space = "▁"

// PieceType is the enum SentencePiece.Type of sentencepiece_model.proto.
type PieceType uint8

// The types of pieces.
const (
	NormalPiece  PieceType = 1
	UnknownPiece PieceType = 2
	ControlPiece PieceType = 3
	UserPiece    PieceType = 4
	UnusedPiece  PieceType = 5
	BytePiece    PieceType = 6
)

type piece struct {
	text  string
	score float64 // log probability; for BPE the negated rank of the merge
	kind  PieceType
}

// segments reports whether the piece can come out of text, or help to.
func (p piece) segments() bool {
	return p.kind == NormalPiece || p.kind == UserPiece || p.kind == UnusedPiece
}

// model is a parsed SentencePiece model file: the fields of sentencepiece_model.proto that encoding needs.
type model struct {
	pieces []piece
	unk    int32 // the one piece of type unknown

	kind         modelKind
	byteFallback bool
	spaceSuffix  bool   // blanks end a word instead of starting it
	unkSurface   string // what an unknown token decodes to

	charsmap    []byte // compiled normalisation rules, see charsmap.go
	dummyPrefix bool   // a blank is put before the text
	squeeze     bool   // blanks at both ends go, runs of blanks become one
	escape      bool   // blanks become ▁

	// What only a tokenizer.json or a tokenizer_config.json says.
	added    []addedToken // those of the pieces; nil: the control, unknown and user-defined ones
	late     []lateToken  // added behind the extra ids
	cleanUp  bool         // decoded text loses the blanks before its punctuation (clean_up_tokenization_spaces)
	pipeline *pipeline    // nil: the one of transformers' T5 tokenizer
}

// modelKind is the enum TrainerSpec.ModelType.
type modelKind uint8

const (
	unigram modelKind = 1
	bpe     modelKind = 2

	bytewise modelKind = 255 // not in the enum: ByT5 has no model file
)

func (k modelKind) String() string {
	switch k {
	case unigram:
		return "unigram"
	case bpe:
		return "bpe"
	case 3:
		return "word"
	case 4:
		return "char"
	case bytewise:
		return "bytes"
	}
	return fmt.Sprintf("type %d", uint8(k))
}

// parseModel decodes and checks a model file. The defaults are those of sentencepiece_model.proto.
func parseModel(raw []byte) (*model, error) {
	m := &model{kind: unigram, unkSurface: " ⁇ ", dummyPrefix: true, squeeze: true, escape: true}
	var trainer, normalizer, denormalizer bool
	err := fields(raw, func(f field) error {
		switch {
		case f.is(1, protowire.BytesType):
			p, err := parsePiece(f.bytes)
			m.pieces = append(m.pieces, p)
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
		return nil, fmt.Errorf("no SentencePiece model, or a damaged one: %w: copy or download it again", err)
	case len(m.pieces) == 0:
		return nil, errors.New("no SentencePiece model, or a damaged one: it holds no pieces")
	case !trainer || !normalizer:
		return nil, errors.New("the SentencePiece model ends too early: it lacks its trainer or normalizer settings")
	case m.kind != unigram && m.kind != bpe:
		return nil, fmt.Errorf("the SentencePiece model is of kind %s: want unigram or bpe", m.kind)
	case denormalizer:
		return nil, errors.New("the SentencePiece model has denormalization rules, which are not supported: train it " +
			"without them")
	}
	return m, m.check()
}

func parsePiece(b []byte) (piece, error) {
	p := piece{kind: NormalPiece}
	err := fields(b, func(f field) error {
		switch {
		case f.is(1, protowire.BytesType):
			p.text = string(f.bytes)
		case f.is(2, protowire.Fixed32Type):
			p.score = float64(math.Float32frombits(uint32(f.num)))
		case f.is(3, protowire.VarintType):
			p.kind = PieceType(min(f.num, math.MaxUint8))
		}
		return nil
	})
	return p, err
}

// parseTrainer reads TrainerSpec. Its ids of <unk>, </s> and so on are not needed: the pieces tell them.
func (m *model) parseTrainer(b []byte) error {
	return fields(b, func(f field) error {
		switch {
		case f.is(3, protowire.VarintType):
			m.kind = modelKind(min(f.num, math.MaxUint8))
		case f.is(24, protowire.VarintType):
			m.spaceSuffix = f.num != 0
		case f.is(35, protowire.VarintType):
			m.byteFallback = f.num != 0
		case f.is(44, protowire.BytesType):
			m.unkSurface = string(f.bytes)
		}
		return nil
	})
}

// parseNormalizer reads NormalizerSpec.
func (m *model) parseNormalizer(b []byte) error {
	return fields(b, func(f field) error {
		switch {
		case f.is(2, protowire.BytesType):
			m.charsmap = f.bytes
		case f.is(3, protowire.VarintType):
			m.dummyPrefix = f.num != 0
		case f.is(4, protowire.VarintType):
			m.squeeze = f.num != 0
		case f.is(5, protowire.VarintType):
			m.escape = f.num != 0
		}
		return nil
	})
}

// check finds the unknown piece and reports what no usable model holds.
func (m *model) check() error {
	m.unk = -1
	for i, p := range m.pieces {
		switch {
		case p.text == "" || !utf8.ValidString(p.text):
			return fmt.Errorf("piece %d of the SentencePiece model is %q: want non-empty UTF-8 text", i, p.text)
		case p.kind < NormalPiece || p.kind > BytePiece:
			return fmt.Errorf("piece %d (%q) of the SentencePiece model has type %d: want 1 to 6", i, p.text, p.kind)
		case math.IsNaN(p.score) || math.IsInf(p.score, 0):
			return fmt.Errorf("piece %d (%q) of the SentencePiece model has score %v: want a finite number", i, p.text,
				p.score)
		case p.kind == BytePiece && !isByte(p.text):
			return fmt.Errorf("piece %d of the SentencePiece model is %q: want a byte such as <0x0A>", i, p.text)
		case p.kind != UnknownPiece:
			continue
		case m.unk >= 0:
			return fmt.Errorf("pieces %d and %d of the SentencePiece model are both unknown tokens: want one", m.unk, i)
		}
		m.unk = int32(i)
	}
	if m.unk < 0 {
		return errors.New("the SentencePiece model has no unknown token: train it with unk_id=2")
	}
	return nil
}

// fitsTransformers reports whether transformers' T5 tokenizer does justice to the model. It knows unigram only, splits
// at blanks and puts ▁ before every word whatever the model says, and knows no other symbols than its own.
func (m *model) fitsTransformers() bool {
	if m.byteFallback || !m.dummyPrefix || !m.squeeze || !m.escape || m.spaceSuffix {
		return false
	}
	for _, p := range m.pieces {
		if p.kind == UserPiece || p.kind == UnusedPiece {
			return false
		}
	}
	return m.opensInTransformers() && m.isWordwise()
}

// opensInTransformers reports whether transformers' T5 tokenizer opens the model at all, by its own rules. It takes
// <unk> to be 2.
func (m *model) opensInTransformers() bool {
	if m.kind != unigram || m.unk != 2 {
		return false
	}
	var eos, pad bool
	for _, p := range m.pieces {
		eos = eos || p.kind == ControlPiece && p.text == "</s>"
		pad = pad || p.kind == ControlPiece && p.text == "<pad>"
	}
	return eos && pad
}

// holdsSentinels reports whether <extra_id_0> is one of the pieces, as in mT5 and UMT5.
func (m *model) holdsSentinels() bool {
	for _, p := range m.pieces {
		if strings.TrimPrefix(p.text, space) == Sentinel(0) {
			return true
		}
	}
	return false
}

func isByte(text string) bool {
	_, ok := byteOf(text)
	return ok
}

// ByteText is the text of a byte piece.
func ByteText(b int) string { return fmt.Sprintf("<0x%02X>", b) }

// byteOf is the inverse of ByteText.
func byteOf(text string) (b byte, ok bool) {
	hex, isHex := strings.CutPrefix(text, "<0x")
	hex, isClosed := strings.CutSuffix(hex, ">")
	n, err := strconv.ParseUint(hex, 16, 8)
	return byte(n), isHex && isClosed && err == nil
}

// Sentinel returns the text of a sentinel.
func Sentinel(n int) string { return fmt.Sprintf("<extra_id_%d>", n) }

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
