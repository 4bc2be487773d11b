package generate

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Options say how Generate chooses tokens. The zero value with MaxTokens set takes the most probable token each time.
//
// The options that change what a token is worth apply in the order of transformers 5: RepetitionPenalty, NoRepeatNgram,
// EncoderNoRepeatNgram, BadWords, MinTokens, Allowed, Prefix, ForcedEOS, Suppress; then those of Sampling.
type Options struct {
	MaxTokens int // the most tokens of an output, EOS included; at least 1
	MinTokens int // tokens that come before EOS may

	// sequences that a beam search keeps for each input, at most 1024; 0 and 1 are no beam search
	Beams int
	// sequences returned for each input, at most Beams, or as many as are to be sampled, at most 1024; 0 is 1
	NumReturnSequences int

	// LengthPenalty is the p of a sequence's score, (sum of log p)/length^p with EOS in the length; nil is 1. Above 0
	// it favours long sequences. LengthNormAlpha, if not 0, is the exponent of T5's own ((5+length)/6)^LengthNormAlpha
	// instead: T5 used 0.6 for translation and summaries.
	LengthPenalty   *float64
	LengthNormAlpha float64
	EarlyStopping   EarlyStopping

	Sampling *Sampling // nil: the most probable tokens

	NoRepeatNgram        int // n: no n-gram of tokens comes twice in an output; 0 is off, 3 is usual
	EncoderNoRepeatNgram int // n: no n-gram of tokens of the input comes in its output; 0 is off
	// above 1: tokens of the output so far are less probable; 0 and 1 are none, 1.2 is usual
	RepetitionPenalty float64

	BadWords [][]int32 // sequences that no output holds; EOS alone is ignored
	Suppress []int32   // tokens that no output holds
	Prefix   []int32   // every output begins with these tokens

	ForcedEOS bool    // the last of MaxTokens tokens is EOS
	EOS       []int32 // tokens that end a sequence; nil is the model's, none is no end but the limit
	Start     *int32  // the token that the decoder starts with; nil is the model's
	Allowed   *Trie   // outputs are sequences of the trie; nil: any

	// Watch, if not nil, is told of each token of a greedy search or of sampling as soon as it is chosen, and ends its
	// sequence where it returns true. It is called by one goroutine. A beam search does not call it: which tokens are
	// those of its outputs is known at its end only.
	Watch func(Step) (end bool) `json:"-"`
}

// Step is a token that has been chosen.
type Step struct {
	Input, Number int     // position of the input, and of the sequence among those of the input
	Token         int32   // -1 where the options left none
	LogProb       float64 // by the model alone, in nats
	EOS           bool    // the token ends the sequence
	Last          bool    // no other one follows: EOS, the limit, or no token
}

// Bounds of numbers: beyond them scores overflow, and a mistake would look like a damaged model.
const (
	mostExponent = 10   // of lengths
	leastDivisor = 1e-6 // of logits
)

// mostSequences bounds the sequences of an input: each has keys and values of its own in every layer, so a mistake
// would take all memory.
const mostSequences = 1024

// EarlyStopping says when a beam search is done with an input: in all cases it needs Beams finished sequences first.
type EarlyStopping int

const (
	// Heuristic stops when the best unfinished sequence would be worse than all finished ones if it ended now
	// (early_stopping=False of transformers).
	Heuristic EarlyStopping = iota
	// Early stops at once (True).
	Early
	// Never stops only when no unfinished sequence can become better than the finished ones ("never").
	Never
)

// Sampling draws tokens by their probabilities. The filters apply in the order of the fields, each to what the others
// left, and leave at least one token; 0 turns one off.
type Sampling struct {
	Temperature float64 // divides the logits: below 1 favours probable tokens; above 0, 1 leaves them as they are
	TopK        int     // k: only the k most probable tokens, and those that are as probable as the last
	TopP        float64 // only the most probable tokens that together have this probability
	MinP        float64 // only tokens with this part of the largest probability
	// only tokens whose information is the closest to its mean, that together have this probability (Meister et al.
	// 2022)
	TypicalP float64
	Epsilon  float64 // only tokens with this probability (Hewitt et al. 2022)
	Eta      float64 // the same with less where the distribution is flat: min(Eta, sqrt(Eta)·e^-entropy)

	// Seed decides the draws together with the index of an input, the number of its sequence and the position of the
	// token, and nothing else does.
	Seed uint64
	// Indices are those of the inputs; nil is 0, 1, 2, ... Who generates for many inputs in batches says here which
	// ones a batch holds, so that results do not depend on the batches.
	Indices []int
}

// ForInputs returns the options for inputs with these indices among all that there are: what is sampled for them
// depends on those, and not on the batch that they are in.
func (o Options) ForInputs(indices []int) Options {
	if o.Sampling != nil {
		own := *o.Sampling
		own.Indices = indices
		o.Sampling = &own
	}
	return o
}

// mostTokens is far beyond any output, and ends one that no EOS ends within hours.
const mostTokens = 1 << 20

// Validate reports everything that is wrong with o for a vocabulary of vocab tokens.
func (o Options) Validate(vocab int) error {
	return errors.Join(o.Problems(vocab, func(option Option) string { return option.Field })...)
}

// Problems returns what Validate reports, with the names of options that name gives.
func (o Options) Problems(vocab int, name func(Option) string) (errs []error) {
	names := make(map[string]string) // of the fields
	all := o
	if o.Sampling == nil {
		all.Sampling = &Sampling{Temperature: 1}
	}
	for _, option := range table {
		names[option.Field] = cmp.Or(name(option), option.Field)
		if err := option.check(&all, names[option.Field]); err != nil {
			errs = append(errs, err)
		}
	}
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	longest, prefix, allowed := names["MaxTokens"], names["Prefix"], names["Allowed"]
	beams, sampling, several := names["Beams"], names["Sampling"], names["NumReturnSequences"]
	check(o.MinTokens <= max(0, o.MaxTokens), "%s: want at most %s, %d", names["MinTokens"], longest, o.MaxTokens)
	switch {
	case o.Beams > 1:
		check(o.Sampling == nil, "%s is %d and %s is set: leave one of them out", beams, o.Beams, sampling)
		check(o.NumReturnSequences <= o.Beams, "%s is %d, want at most %s, %d: raise %s", several,
			o.NumReturnSequences, beams, o.Beams, beams)
	case o.Sampling == nil:
		check(o.NumReturnSequences <= 1, "%s is %d, but there is one most probable text: set %s or %s for several",
			several, o.NumReturnSequences, beams, sampling)
	}
	check(o.LengthPenalty == nil || o.LengthNormAlpha == 0, "%s is set and so is %s: leave one of them out",
		names["LengthPenalty"], names["LengthNormAlpha"])
	known := func(name string, tokens []int32) {
		for _, id := range tokens {
			if id < 0 || int(id) >= vocab {
				check(false, "%s has token %d, want 0 to %d: the vocabulary has %d tokens", name, id, vocab-1, vocab)
				return // one of a long list says enough
			}
		}
	}
	for i, word := range o.BadWords {
		check(len(word) > 0, "%s %d has no token: leave it out", names["BadWords"], i)
		known(names["BadWords"], word)
	}
	known(names["Suppress"], o.Suppress)
	known(prefix, o.Prefix)
	known("EOS", o.EOS)
	if o.Start != nil {
		known("Start", []int32{*o.Start})
	}
	check(len(o.Prefix) <= max(0, o.MaxTokens), "%s has %d tokens, want at most %s, %d", prefix, len(o.Prefix),
		longest, o.MaxTokens)
	check(!o.ForcedEOS || o.MaxTokens <= 0 || len(o.Prefix) < o.MaxTokens,
		"%s has %d tokens, which with ForcedEOS is at most %[3]s-1, %[4]d: raise %[3]s", prefix, len(o.Prefix),
		longest, o.MaxTokens-1)
	check(!o.ForcedEOS || o.EOS == nil || len(o.EOS) > 0, "ForcedEOS is set, but no token is EOS: leave it out, or "+
		"EOS at nil for the model's")
	for _, id := range o.Prefix {
		check(!slices.Contains(o.EOS, id), "%s holds EOS, token %d: leave it out", prefix, id)
	}
	if t := o.Allowed; t != nil {
		check(t.longest > 0, "%s holds no sequence, want at least one", allowed)
		check(t.longest <= o.MaxTokens, "%[3]s has a sequence of %[4]d tokens with its end, want at most %[1]s, "+
			"%[2]d: raise %[1]s", longest, o.MaxTokens, allowed, t.longest)
		check(t.longest == 0 || len(t.withPrefix(o.Prefix)) > 0,
			"%s holds no sequence that begins with %s: leave one of them out", allowed, prefix)
		errs = append(errs, t.check(o, allowed, vocab)...)
	}
	return errs
}

// score is the score of a sequence with a number of tokens, EOS included.
func (o *Options) score(logProb float64, tokens int) float64 {
	switch {
	case o.LengthNormAlpha != 0:
		// Wu et al. 2016, equation 14; T5 has no other term of it
		return logProb / math.Pow((5+float64(tokens))/6, o.LengthNormAlpha)
	case o.LengthPenalty != nil:
		return logProb / math.Pow(float64(tokens), *o.LengthPenalty)
	}
	return logProb / float64(tokens)
}

// favoursLong reports whether more tokens can make a score better.
func (o *Options) favoursLong() bool {
	return o.LengthNormAlpha > 0 || o.LengthNormAlpha == 0 && (o.LengthPenalty == nil || *o.LengthPenalty > 0)
}
