package objective

import (
	"fmt"
	"slices"
)

// PrefixLMOptions are the settings of prefix language modelling.
type PrefixLMOptions struct {
	Input int // most input tokens of an example, EOS and Prefix included
	// Density is the part of the text that is to be predicted, on average, above 0 and at most 0.5. The prefix takes
	// from 1-2 Density of the text to all but its last token; with 0.5, from 1 token.
	Density float64
	Prefix  []int32 // put in front of the inputs
}

// PrefixLM gives the beginning of a text and asks for the rest (prefix_lm; random_prefix_noise_mask).
type PrefixLM struct {
	options PrefixLMOptions
	vocab   Vocabulary
	lengths Lengths
}

// NewPrefixLM returns the objective. It needs no sentinels.
func NewPrefixLM(o PrefixLMOptions, v Vocabulary) (*PrefixLM, error) {
	if err := v.check(); err != nil {
		return nil, fmt.Errorf("prefix language modelling: %w", err)
	}
	if !(o.Density > 0 && o.Density <= 0.5) {
		return nil, fmt.Errorf("prefix language modelling: density %g, want more than 0 and at most 0.5", o.Density)
	}
	tokens := o.Input - len(o.Prefix)
	if tokens < 2 {
		return nil, fmt.Errorf("prefix language modelling: %d input tokens, want at least %d: a prefix of %d, a "+
			"token and EOS", o.Input, len(o.Prefix)+2, len(o.Prefix))
	}
	o.Prefix = slices.Clone(o.Prefix)
	p := &PrefixLM{options: o, vocab: v}
	p.lengths = Lengths{Tokens: tokens, Inputs: o.Input, Targets: tokens - p.shortest(tokens) + 1}
	return p, nil
}

// shortest returns the least tokens that are given of a text of at least 2.
func (p *PrefixLM) shortest(tokens int) int {
	return max(round((1-2*p.options.Density)*float64(tokens-1)), 1)
}

// Lengths returns what an example takes at most.
func (p *PrefixLM) Lengths() Lengths { return p.lengths }

// Append makes an example. A text of one token is all to be predicted.
func (p *PrefixLM) Append(key Key, chunk, inputs, targets []int32) (moreInputs, moreTargets []int32) {
	p.lengths.check(chunk)
	given := 0
	if n := len(chunk); n > 1 {
		draw, shortest := key.draw(), p.shortest(n)
		given = shortest + int(draw.Below(uint64(n-shortest)))
	}
	inputs = append(append(inputs, p.options.Prefix...), chunk[:given]...)
	return append(inputs, p.vocab.EOS), append(append(targets, chunk[given:]...), p.vocab.EOS)
}

// LM is plain language modelling: the whole text is to be predicted, from inputs of nothing but EOS (the objective lm).
type LM struct {
	eos     int32
	lengths Lengths
}

// NewLM returns the objective for targets of at most some tokens, EOS included.
func NewLM(target int, v Vocabulary) (*LM, error) {
	if err := v.check(); err != nil {
		return nil, fmt.Errorf("language modelling: %w", err)
	}
	if target < 2 {
		return nil, fmt.Errorf("language modelling: %d target tokens, want at least 2: a token and EOS", target)
	}
	return &LM{eos: v.EOS, lengths: Lengths{Tokens: target - 1, Inputs: 1, Targets: target}}, nil
}

// Lengths returns what an example takes at most.
func (l *LM) Lengths() Lengths { return l.lengths }

// Append makes an example.
func (l *LM) Append(_ Key, chunk, inputs, targets []int32) (moreInputs, moreTargets []int32) {
	l.lengths.check(chunk)
	return append(inputs, l.eos), append(append(targets, chunk...), l.eos)
}
