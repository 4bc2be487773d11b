package tokenizer

import (
	"errors"
	"fmt"
	"strings"

	"t5train/data/tokenizer/internal/hf"
	"t5train/data/tokenizer/internal/spiece"
)

// space is U+2581, which stands for a space inside pieces.
const space = spiece.Space

// ModelFile is the name that transformers gives a SentencePiece model file.
const ModelFile = "spiece.model"

// Sentinel returns the text of a sentinel.
func Sentinel(n int) string { return spiece.Sentinel(n) }

// model is a vocabulary: what a model file holds, with what only a tokenizer.json or a tokenizer_config.json says.
type model struct {
	spiece.Model

	added    []hf.Token // those of the pieces; nil: the control, unknown and user-defined ones
	late     []hf.Token // those that the model does not know: they get the next ids
	cleanUp  bool       // decoded text loses the spaces before its punctuation (clean_up_tokenization_spaces)
	pipeline *pipeline  // nil: the one of transformers' T5 tokenizer
}

// latePieces returns the pieces of the late tokens.
func (m *model) latePieces() []spiece.Piece {
	var list []spiece.Piece
	for _, a := range m.late {
		p := spiece.Piece{Text: a.Content, Type: spiece.User}
		if a.Special {
			p.Type = spiece.Control
		}
		list = append(list, p)
	}
	return list
}

// fitsTransformers reports whether transformers' T5 tokenizer does justice to the model. It knows unigram only, splits
// at spaces and puts ▁ before every word whatever the model says, and knows no other symbols than its own.
func (m *model) fitsTransformers() bool {
	if m.ByteFallback || !m.DummyPrefix || !m.Squeeze || !m.Escape || m.SpaceSuffix {
		return false
	}
	for _, p := range m.Pieces {
		if p.Type == spiece.User || p.Type == spiece.Unused {
			return false
		}
	}
	return m.opensInTransformers() && m.Wordwise()
}

// opensInTransformers reports whether transformers' T5 tokenizer opens the model at all, by its own rules. It takes
// <unk> to be 2.
func (m *model) opensInTransformers() bool {
	if m.Kind != spiece.Unigram || m.Unk != 2 {
		return false
	}
	var eos, pad bool
	for _, p := range m.Pieces {
		eos = eos || p.Type == spiece.Control && p.Text == "</s>"
		pad = pad || p.Type == spiece.Control && p.Text == "<pad>"
	}
	return eos && pad
}

// holdsSentinels reports whether <extra_id_0> is one of the pieces, as in mT5 and UMT5.
func (m *model) holdsSentinels() bool {
	for _, p := range m.Pieces {
		if strings.TrimPrefix(p.Text, space) == Sentinel(0) {
			return true
		}
	}
	return false
}

// Entry is a token as programs that know SentencePiece's unigram model list it.
type Entry struct {
	Text  string
	Score float32 // log probability
	Type  int32   // the enum SentencePiece.Type: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte
}

// Unigram is a vocabulary with its normalization, as far as SentencePiece's unigram model has them.
type Unigram struct {
	Entries     []Entry  // of all ids
	Charsmap    []byte   // compiled rules of normalization; empty: none
	DummyPrefix bool     // a space is put before the text
	Squeeze     bool     // spaces at both ends go, runs of spaces become one
	Lost        []string // what a tokenizer that knows no more than this does otherwise; none: nothing
}

// Unigram returns the vocabulary for another program. One that is not unigram, or has spaces elsewhere than in front of
// words, is an error.
func (t *Tokenizer) Unigram() (Unigram, error) {
	m := t.model
	switch {
	case t.isByT5():
		return Unigram{}, errors.New("its tokenizer is ByT5's, of bytes, and not unigram")
	case m.Kind != spiece.Unigram:
		return Unigram{}, fmt.Errorf("its tokenizer is of kind %s, and not unigram", m.Kind)
	case !m.Escape || m.SpaceSuffix:
		return Unigram{}, errors.New("its tokenizer does not write a space as ▁ in front of a word")
	}
	u := Unigram{Charsmap: m.Charsmap, DummyPrefix: m.DummyPrefix, Squeeze: m.Squeeze}
	for id, p := range t.pieces {
		u.Entries = append(u.Entries, Entry{t.fastText(int32(id)), float32(p.Score), int32(p.Type)})
	}
	if t.rules == Transformers {
		u.DummyPrefix, u.Squeeze = true, true
	}
	if t.bytes != nil {
		u.Lost = append(u.Lost, "a character that no piece has becomes <unk>, and not its bytes")
	}
	if t.pipeline != nil && (!t.pipeline.whitespaceSplit || t.pipeline.prepend != hf.PrependAlways) {
		u.Lost = append(u.Lost, "the rules of tokenizer.json for spaces give way to SentencePiece's")
	}
	if u.Squeeze && !u.DummyPrefix {
		u.Lost = append(u.Lost, "a text begins with a space")
	}
	return u, nil
}
