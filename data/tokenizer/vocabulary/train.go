package vocabulary

import (
	"context"
	"errors"
	"fmt"

	"t5train/data/tokenizer/internal/spiece"
	"t5train/data/tokenizer/normalize"
)

// Result is a trained vocabulary.
type Result struct {
	Model  []byte // a SentencePiece model file
	Pieces int
	Chars  int // pieces of one character
	Units  int // different words, or lines where spaces do not divide
	Corpus Corpus

	LeftOut []Character // what CharacterCoverage leaves without a piece, the frequent ones first
}

// Character is a character of the normalised text.
type Character struct {
	Rune  rune
	Count int64 // occurrences
}

// Train trains a vocabulary on the lines of texts.
func Train(ctx context.Context, texts Texts, o Options) (Result, error) {
	r, err := train(ctx, texts, o)
	if err != nil {
		return Result{}, fmt.Errorf("train tokenizer: %w", err)
	}
	return r, nil
}

func train(ctx context.Context, texts Texts, o Options) (r Result, err error) {
	if err := o.Check(); err != nil {
		return Result{}, err
	}
	n, err := normalize.New(o.Normalization)
	if err != nil {
		return Result{}, err
	}
	c, corpus, err := countUnits(ctx, texts, &o, n)
	if err != nil {
		return Result{}, err
	}
	if corpus.Used == 0 {
		return Result{}, corpus.empty(o)
	}
	a := newAlphabet(c, o)
	meta := o.metaPieces()
	if least := len(a.chars) + len(meta); len(a.chars) == 0 {
		return Result{}, errors.New("the text has no characters that could become pieces: is it text?")
	} else if least > o.VocabSize {
		return Result{}, fmt.Errorf("vocabulary.vocab_size %d: the %d characters of the text and the %d special "+
			"pieces need %d: raise it, or lower vocabulary.character_coverage",
			o.VocabSize, len(a.chars), len(meta), least)
	}
	if c = a.mark(c); c.full { // ▅ takes more bytes than some characters
		return Result{}, tooMuch("4 GB", &o)
	}
	c.sort()
	r = Result{Chars: len(a.chars), Units: len(c.units), Corpus: corpus, LeftOut: a.leftOut}
	var found []spiece.Piece
	switch o.Kind {
	case Unigram:
		found, err = trainUnigram(ctx, c, a, &o, o.VocabSize-len(meta))
	case BPE:
		found, err = trainBPE(ctx, c, a, &o, o.VocabSize-len(meta))
	}
	if err != nil {
		return Result{}, err
	}
	r.Pieces = len(meta) + len(found)
	if r.Pieces < o.VocabSize && !o.SoftVocabLimit {
		return Result{}, fmt.Errorf("vocabulary.vocab_size %d: the text gives no more than %d pieces: ask for as "+
			"many or less, give more text, or say vocabulary.hard_vocab_limit=false",
			o.VocabSize, r.Pieces)
	}
	r.Model = marshal(o, n, append(meta, found...))
	return r, nil
}

// tooMuch says that the bits of a number do not suffice.
func tooMuch(limit string, o *Options) error {
	return fmt.Errorf("the text has more than %s of different %s: train on a sample of its lines "+
		"(vocabulary.sample_lines or vocabulary.max_text)", limit, o.UnitName())
}

// empty says why there is nothing to train on.
func (c Corpus) empty(o Options) error {
	switch c.Lines {
	case 0:
		return errors.New("the input holds no text: give other files or another column")
	case c.TooLong:
		return fmt.Errorf("each line of the text is longer than vocabulary.max_line_bytes, %d: raise it, or divide "+
			"the lines",
			o.MaxLineBytes)
	case c.Reserved:
		return errors.New("each line of the text holds ▅ (U+2585), which training uses itself: replace it")
	case c.Invalid:
		return errors.New("no line of the text is UTF-8: convert it, or name another column")
	}
	return fmt.Errorf("of %d lines of the text %d are longer than vocabulary.max_line_bytes, %d, %d hold ▅ (U+2585), "+
		"which training uses itself, and %d are no UTF-8: raise the limit, or correct the text",
		c.Lines, c.TooLong, o.MaxLineBytes, c.Reserved, c.Invalid)
}
