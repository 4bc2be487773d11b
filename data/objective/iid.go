package objective

import (
	"fmt"
	"math"
	"slices"
)

// IIDOptions are the settings of i.i.d. denoising.
type IIDOptions struct {
	Input   int     // most input tokens of an example, EOS and Prefix included
	Density float64 // probability of a token to become noise, above 0 and below 1; T5's baseline: 0.15
	Prefix  []int32 // put in front of the inputs
}

// IID is denoising with noise that is drawn for each token by itself; noise that adjoins is one span (the objective
// iid_15_u_u). Should a chunk draw more spans than there are sentinels, which NewIID makes rare, the text behind the
// last one stays.
type IID struct {
	options IIDOptions
	vocab   Vocabulary
	lengths Lengths
	below   uint64 // density in 2^-53
}

// NewIID returns the objective, or an error if its chunks would often need more spans than there are sentinels.
func NewIID(o IIDOptions, v Vocabulary) (*IID, error) {
	if err := o.check(v); err != nil {
		return nil, fmt.Errorf("i.i.d. denoising: %w", err)
	}
	o.Prefix = slices.Clone(o.Prefix)
	tokens := o.Input - len(o.Prefix) - 1
	return &IID{
		options: o, vocab: v, below: uint64(math.Round(o.Density * (1 << 53))),
		// No run takes more room on either side than it has tokens.
		lengths: Lengths{Tokens: tokens, Inputs: o.Input, Targets: tokens + 1},
	}, nil
}

func (o IIDOptions) check(v Vocabulary) error {
	if err := v.check(); err != nil {
		return err
	}
	if !(o.Density > 0 && o.Density < 1) {
		return fmt.Errorf("noise density %g, want more than 0 and less than 1", o.Density)
	}
	if least := len(o.Prefix) + 2; o.Input < least {
		return fmt.Errorf("%d input tokens, want at least %d: a prefix of %d, a token and EOS", o.Input, least,
			len(o.Prefix))
	}
	// A span begins where noise follows a token that stays: with probability pq, and not at two places in a row.
	tokens, pq := float64(o.Input-len(o.Prefix)-1), o.Density*(1-o.Density)
	mean := tokens * pq
	deviation := math.Sqrt(tokens * pq * (1 - 3*pq))
	if often := math.Ceil(mean + 3*deviation + 1); often > float64(v.Sentinels) {
		return fmt.Errorf("%g tokens x density %g x %g = %.1f spans on average and up to %g, but the vocabulary has "+
			"%d sentinels: want fewer input tokens or a lower density",
			tokens, o.Density, 1-o.Density, mean, often, v.Sentinels)
	}
	return nil
}

// Lengths returns what an example takes at most.
func (o *IID) Lengths() Lengths { return o.lengths }

// Append makes an example.
func (o *IID) Append(key Key, chunk, inputs, targets []int32) (moreInputs, moreTargets []int32) {
	o.lengths.check(chunk)
	draw := key.draw()
	c := corruption{first: o.vocab.FirstSentinel, rest: chunk, inputs: append(inputs, o.options.Prefix...),
		targets: targets}
	run, inNoise := 0, false // the run that ends at the present token
	for range chunk {
		noise := draw.Uint64()>>11 < o.below
		switch {
		case noise && !inNoise && int(c.nonNoiseSpans)+1 < o.vocab.Sentinels:
			c.addNonNoise(run)
			run, inNoise = 0, true
		case !noise && inNoise:
			c.addNoise(run)
			run, inNoise = 0, false
		}
		run++
	}
	if inNoise {
		c.addNoise(run)
	} else {
		c.addNonNoise(run)
	}
	return append(c.inputs, o.vocab.EOS), append(c.targets, o.vocab.EOS)
}
