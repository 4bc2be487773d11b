package objective

import (
	"fmt"
	"slices"
	"sort"

	"t5train/internal/random"
)

// SpanOptions are the settings of span corruption.
type SpanOptions struct {
	// Input is the most input tokens of an example, EOS and Prefix included; T5: 512.
	Input int
	// Density is the part of the text that becomes noise, above 0 and at most 0.99; T5: 0.15.
	Density float64
	// Mean is the mean length of a span of noise in tokens, at least 1; T5: 3.
	Mean float64
	// FinalSentinel ends the targets with one more sentinel, as in the paper's figure 2. The released code, whose
	// models everybody uses, has none.
	FinalSentinel bool
	// Prefix is put in front of the inputs, such as the mode token of UL2.
	Prefix []int32
}

// SpanCorruption is T5's objective: spans of text are taken out, a sentinel stands for each, and the model says what
// was there (Raffel et al. 2020, section 3.1.4; span_corruption).
type SpanCorruption struct {
	options SpanOptions
	vocab   Vocabulary
	lengths Lengths
}

// NewSpanCorruption returns the objective, or an error if its chunks need more spans than there are sentinels.
func NewSpanCorruption(o SpanOptions, v Vocabulary) (*SpanCorruption, error) {
	if err := o.check(v); err != nil {
		return nil, fmt.Errorf("span corruption: %w", err)
	}
	o.Prefix = slices.Clone(o.Prefix)
	return &SpanCorruption{options: o, vocab: v, lengths: o.lengths()}, nil
}

func (o SpanOptions) check(v Vocabulary) error {
	if err := v.check(); err != nil {
		return err
	}
	// Beyond 0.99 a single example would take the text of hundreds. The negation is for NaN.
	if !(o.Density > 0 && o.Density <= 0.99) {
		return fmt.Errorf("noise density %g, want more than 0 and at most 0.99", o.Density)
	}
	if !(o.Mean >= 1) {
		return fmt.Errorf("mean span length %g, want at least 1", o.Mean)
	}
	if least := len(o.Prefix) + 3; o.Input < least {
		return fmt.Errorf("%d input tokens, want at least %d: a prefix of %d, a token, a sentinel and EOS", o.Input,
			least, len(o.Prefix))
	}
	if needs := o.sentinels(); needs > v.Sentinels {
		tokens := o.lengths().Tokens
		noise, spans := noiseCounts(tokens, o.Density, o.Mean)
		closing := ""
		if o.FinalSentinel {
			closing = " and a final sentinel"
		}
		return fmt.Errorf("%d input tokens take %d tokens of text; %d x density %g = %d tokens of noise; %d / mean "+
			"length %g = %d spans%s, but the vocabulary has %d sentinels: "+
			"want at most %d input tokens, longer spans or a lower density", o.Input, tokens, tokens, o.Density,
			noise, noise,
			o.Mean, spans, closing, v.Sentinels, o.inputFor(v.Sentinels))
	}
	return nil
}

// sentinels returns the number of sentinels that the longest chunk needs.
func (o SpanOptions) sentinels() int {
	_, spans := noiseCounts(o.lengths().Tokens, o.Density, o.Mean)
	if o.FinalSentinel {
		spans++
	}
	return spans
}

// inputFor returns the largest Input, up to the present one, that needs no more than some sentinels.
func (o SpanOptions) inputFor(sentinels int) int {
	return sort.Search(o.Input, func(i int) bool {
		shorter := o
		shorter.Input = i + 1
		return shorter.sentinels() > sentinels
	})
}

// lengths returns the lengths of an example of the longest chunk. SpanLengths counts no span where little text rounds
// to none; as there is always one, the original cuts such an example, and here its chunk is shorter.
func (o SpanOptions) lengths() Lengths {
	l := Lengths{}
	l.Tokens, _ = SpanLengths(o.Input-len(o.Prefix), o.Density, o.Mean)
	for {
		noise, spans := noiseCounts(l.Tokens, o.Density, o.Mean)
		l.Inputs, l.Targets = len(o.Prefix)+l.Tokens-noise+spans+1, noise+spans+1
		if o.FinalSentinel {
			l.Targets++
		}
		if l.Inputs <= o.Input || l.Tokens <= 1 {
			return l
		}
		l.Tokens--
	}
}

// SpanLengths returns how many tokens of text fill an input of some tokens, EOS included, and how many targets they
// make (random_spans_helper): 568 and 114 for 512 input tokens, density 0.15 and mean span length 3.
// Settings that [NewSpanCorruption] refuses have no lengths: they are 0.
func SpanLengths(input int, density, mean float64) (tokens, targets int) {
	if !(density > 0 && density < 1 && mean >= 1) || input < 1 {
		return 0, 0
	}
	lengths := func(tokens int) (inputs, targets int) {
		noise := round(float64(tokens) * density)
		spans := round(float64(noise) / mean)
		return tokens - noise + spans + 1, noise + spans + 1
	}
	tokens = input - 1
	for {
		if longer, _ := lengths(tokens + 1); longer > input {
			break
		}
		tokens++
	}
	inputs, targets := lengths(tokens)
	if density == 0.5 && targets > inputs { // "to get the targets length to be equal to the inputs length"
		tokens, targets = tokens-1, targets-1
	}
	return tokens, targets
}

// noiseCounts returns the tokens of noise in a chunk of text and the spans that they make (random_spans_noise_mask).
// A span has a token before it, so there are never more spans than tokens that stay.
func noiseCounts(tokens int, density, mean float64) (noise, spans int) {
	tokens = max(tokens, 2)
	noise = min(max(round(float64(tokens)*density), 1), tokens-1)
	spans = max(round(float64(noise)/mean), 1)
	return noise, min(spans, tokens-noise)
}

// Lengths returns what an example takes at most.
func (s *SpanCorruption) Lengths() Lengths { return s.lengths }

// Append makes an example. Its noise and its spans are as many as its length wants; every way to divide the noise into
// spans, and the rest into what stands before them, is equally likely. A text of one token, too short for noise, stays.
func (s *SpanCorruption) Append(key Key, chunk, inputs, targets []int32) (moreInputs, moreTargets []int32) {
	s.lengths.check(chunk)
	noise, spans := noiseCounts(len(chunk), s.options.Density, s.options.Mean)
	draw := key.draw()
	c := corruption{first: s.vocab.FirstSentinel, rest: chunk, inputs: append(inputs, s.options.Prefix...),
		targets: targets}
	nonNoiseLengths := composition{rest: max(len(chunk), 2) - noise, parts: spans}
	noiseLengths := composition{rest: noise, parts: spans}
	for range spans {
		c.addNonNoise(nonNoiseLengths.next(&draw))
		c.addNoise(noiseLengths.next(&draw))
	}
	if s.options.FinalSentinel {
		c.targets = append(c.targets, c.first-c.nonNoiseSpans)
	}
	return append(c.inputs, s.vocab.EOS), append(c.targets, s.vocab.EOS)
}

// composition divides a number into parts of at least 1, every way equally likely, and gives one part after the other.
type composition struct {
	rest, parts int // what is left to divide, and into how many parts; parts <= rest
}

// next returns the next part. Of the rest-1 places between the units of the rest, parts-1 are the ends of parts:
// sampling without replacement, place by place (Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S).
func (c *composition) next(draw *random.Draw) int {
	part := c.rest
	if c.parts > 1 {
		part = 1
		for draw.Below(uint64(c.rest-part)) >= uint64(c.parts-1) {
			part++
		}
	}
	c.rest -= part
	c.parts--
	return part
}
