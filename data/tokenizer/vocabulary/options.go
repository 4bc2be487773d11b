package vocabulary

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"t5train/data/tokenizer/internal/spiece"
	"t5train/data/tokenizer/normalize"
)

// Kind is how a vocabulary cuts text.
type Kind string

// The kinds.
const (
	Unigram Kind = "unigram" // the most probable pieces (Kudo 2018), as T5
	BPE     Kind = "bpe"     // merges of neighbours, the most frequent first (Sennrich et al. 2016)
)

// Kinds lists the kinds.
func Kinds() []Kind { return []Kind{Unigram, BPE} }

// Options say what vocabulary to train. [Defaults] are those of spm_train, which T5 used, but for the two that it says.
type Options struct {
	Kind      Kind
	VocabSize int // pieces, <pad>, </s>, <unk> and the symbols below included; sentinels come on top

	Normalization     string  // one of [normalize.Names]
	CharacterCoverage float64 // part of all characters, the frequent ones, that become pieces: 0.98 to 1
	MaxPieceLength    int     // characters, 1 to 512

	SplitByUnicodeScript bool // no piece holds two scripts
	SplitByNumber        bool // digits are a script of their own
	SplitByWhitespace    bool // no piece continues after a space
	SplitDigits          bool // each digit is a piece

	ByteFallback   bool     // 256 pieces for the bytes of unknown characters
	ControlSymbols []string // ids that no text gives
	UserSymbols    []string // pieces that are always cut out of text
	NoText         []string // texts that no piece holds a part of, such as sentinels: like <pad> they are cut out
	SoftVocabLimit bool     // a text that gives less pieces than VocabSize is no error

	MaxLineBytes int    // longer lines are left out; 0: none
	SampleLines  int    // lines to train on, drawn at random; 0: all
	MaxTextBytes int64  // a longer text is sampled, line by line, down to about this size; 0: any size is read whole
	Seed         uint64 // which lines are drawn

	// Of unigram training.
	SeedPieces      int     // frequent substrings to start from
	ShrinkingFactor float64 // part of the pieces that a round of pruning keeps: 0.5 to 0.95
	SubIterations   int     // of expectation and maximization in a round: 1 to 10

	Threads int // 0 is all; changes the time, not the result

	// Progress, if not nil, is called with the current work, its unit, how much of it is done and its total (below
	// 0: not known); never by two goroutines at once.
	Progress func(what, unit string, done, total int64)
}

// Defaults returns the options of spm_train for a vocabulary of T5's kind. VocabSize is T5's (spm_train's is 8000), and
// spm_train has no MaxTextBytes.
func Defaults() Options {
	return Options{
		Kind: Unigram, VocabSize: 32000,
		Normalization: normalize.Names()[0], CharacterCoverage: 0.9995, MaxPieceLength: 16,
		SplitByUnicodeScript: true, SplitByNumber: true, SplitByWhitespace: true,
		MaxLineBytes: 4192, MaxTextBytes: 1 << 30, Seed: 1,
		SeedPieces: 1_000_000, ShrinkingFactor: 0.75, SubIterations: 2,
	}
}

// OptionError says which option is out of range, and what is wanted in its place. Messages name options as the flags of
// t5train tokenizer train.
type OptionError struct{ Option, Problem string }

func (e OptionError) Error() string { return "--" + e.Option + " " + e.Problem }

// Check reports the first option that is out of range as an [OptionError].
func (o Options) Check() error {
	wrong := func(option string, got, want any) error {
		return OptionError{option, fmt.Sprintf("%v: want %v", got, want)}
	}
	switch {
	case !slices.Contains(Kinds(), o.Kind):
		return wrong("type", o.Kind, "unigram or bpe")
	case !slices.Contains(normalize.Names(), o.Normalization):
		return wrong("normalization", o.Normalization, "one of "+strings.Join(normalize.Names(), ", "))
	case o.VocabSize < 1 || o.VocabSize > maxVocabSize:
		return wrong("vocab-size", o.VocabSize, fmt.Sprintf("1 to %d", maxVocabSize))
	case !(o.CharacterCoverage >= 0.98 && o.CharacterCoverage <= 1):
		return wrong("character-coverage", o.CharacterCoverage, "0.98 to 1")
	case o.MaxPieceLength < 1 || o.MaxPieceLength > 512:
		return wrong("max-piece-length", o.MaxPieceLength, "1 to 512")
	case o.MaxLineBytes < 0:
		return wrong("max-line-bytes", o.MaxLineBytes, "a positive number, or 0 for any length")
	case o.SampleLines < 0:
		return wrong("sample-lines", o.SampleLines, "a positive number, or 0 for all")
	case o.MaxTextBytes < 0:
		return wrong("max-text", o.MaxTextBytes, "a size, or 0 for any")
	case o.SeedPieces < 1 || o.SeedPieces > 5_000_000:
		return wrong("seed-pieces", o.SeedPieces, "1 to 5000000")
	case !(o.ShrinkingFactor >= 0.5 && o.ShrinkingFactor <= 0.95):
		return wrong("shrinking-factor", o.ShrinkingFactor, "0.5 to 0.95")
	case o.SubIterations < 1 || o.SubIterations > 10:
		return wrong("sub-iterations", o.SubIterations, "1 to 10")
	case o.Threads < 0 || o.Threads > maxThreads:
		return wrong("threads", o.Threads, fmt.Sprintf("1 to %d, or 0 for all", maxThreads))
	}
	if err := o.checkSymbols(); err != nil {
		return err
	}
	if n := len(o.metaPieces()); n >= o.VocabSize {
		return wrong("vocab-size", o.VocabSize,
			fmt.Sprintf("more than the %d pieces that are no text: <pad>, </s>, <unk>, symbols and bytes", n))
	}
	return nil
}

// maxVocabSize is far above any vocabulary; transformers and this project hold ids in 32 bits.
const maxVocabSize = 10_000_000

// maxThreads is more than any machine has processors. Each thread has memory of its own.
const maxThreads = 1024

func (o Options) checkSymbols() error {
	seen := map[string]bool{padText: true, eosText: true, unkText: true}
	if o.ByteFallback {
		for b := range 256 {
			seen[spiece.ByteText(b)] = true
		}
	}
	for i, s := range slices.Concat(o.ControlSymbols, o.UserSymbols) {
		option := "control-symbols"
		if i >= len(o.ControlSymbols) {
			option = "user-symbols"
		}
		switch {
		case s == "" || !utf8.ValidString(s) || strings.ContainsRune(s, 0):
			return OptionError{option, fmt.Sprintf("%q: want text", s)}
		case strings.ContainsFunc(s, unicode.IsSpace):
			return OptionError{option, fmt.Sprintf("%q: no text matches it: write ▁ (U+2581) for a space", s)}
		case seen[s]:
			return OptionError{option, fmt.Sprintf("%q: there is such a piece already: leave it out", s)}
		case len(s) >= maxSymbolBytes:
			return OptionError{option, fmt.Sprintf("%.20q...: want less than %d bytes", s, maxSymbolBytes)}
		}
		seen[s] = true
	}
	return nil
}

// maxSymbolBytes is the length at which SentencePiece refuses a piece: kMaxPieceSize of model_interface.cc.
const maxSymbolBytes = 8000

func (o Options) threads() int { return cmp.Or(o.Threads, runtime.GOMAXPROCS(0)) }

func (o Options) progress(what, unit string, done, total int64) {
	if o.Progress != nil {
		o.Progress(what, unit, done, total)
	}
}
