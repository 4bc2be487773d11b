package generate

import (
	"math"
	"slices"
)

// processor changes x [vocab], the score of each token as the next one: logits, or log-probabilities in a beam search.
// tokens are those of the decoder so far, the start token first, input those of the encoder.
type processor func(x []float32, tokens, input []int32)

var never = float32(math.Inf(-1)) // the score of a token that must not come

// processors returns what the options ask for, in the order of transformers 5: a forced token outdoes what comes before
// it and not what comes after.
func (o *Options) processors() []processor {
	var all []processor
	if p := float32(o.RepetitionPenalty); p != 0 && p != 1 {
		all = append(all, func(x []float32, tokens, _ []int32) { penalize(x, tokens, p) })
	}
	if n := o.NoRepeatNgram; n > 0 {
		all = append(all, func(x []float32, tokens, _ []int32) { banNgrams(x, tokens, tokens, n) })
	}
	if n := o.EncoderNoRepeatNgram; n > 0 {
		all = append(all, func(x []float32, tokens, input []int32) { banNgrams(x, tokens, input, n) })
	}
	if len(o.BadWords) > 0 {
		all = append(all, func(x []float32, tokens, _ []int32) { o.banWords(x, tokens) })
	}
	if o.MinTokens > 0 {
		all = append(all, func(x []float32, tokens, _ []int32) {
			if generated(tokens) < o.MinTokens {
				ban(x, o.EOS)
			}
		})
	}
	if o.Allowed != nil {
		all = append(all, func(x []float32, tokens, _ []int32) { o.Allowed.restrict(x, tokens[1:]) })
	}
	if len(o.Prefix) > 0 {
		all = append(all, func(x []float32, tokens, _ []int32) {
			if n := generated(tokens); n < len(o.Prefix) {
				force(x, o.Prefix[n])
			}
		})
	}
	if o.ForcedEOS {
		all = append(all, func(x []float32, tokens, _ []int32) {
			if generated(tokens) == o.MaxTokens-1 {
				force(x, o.EOS[0])
			}
		})
	}
	if len(o.Suppress) > 0 {
		all = append(all, func(x []float32, _, _ []int32) { ban(x, o.Suppress) })
	}
	return all
}

// generated is how many of the decoder's tokens were generated: all but the start token.
func generated(tokens []int32) int { return len(tokens) - 1 }

func ban(x []float32, tokens []int32) {
	for _, id := range tokens {
		x[id] = never
	}
}

// force leaves one token, which is certain.
func force(x []float32, token int32) {
	fill(x, never)
	x[token] = 0
}

func fill(x []float32, value float32) {
	for i := range x {
		x[i] = value
	}
}

// penalize makes tokens that were there less probable (Keskar et al. 2019, section 4.1; the sign decides as in
// transformers).
func penalize(x []float32, tokens []int32, penalty float32) {
	penalized := make([]float32, len(tokens)) // apart, so that a token that came twice is penalized once
	for i, id := range tokens {
		if v := x[id]; v < 0 {
			penalized[i] = v * penalty
		} else {
			penalized[i] = v / penalty
		}
	}
	for i, id := range tokens {
		x[id] = penalized[i]
	}
}

// banNgrams bans every token that would make the end of tokens a sequence of n tokens that is in seen.
func banNgrams(x []float32, tokens, seen []int32, n int) {
	if len(tokens) < n-1 {
		return
	}
	end := tokens[len(tokens)-(n-1):]
	for i := range len(seen) - (n - 1) {
		if slices.Equal(seen[i:i+n-1], end) {
			x[seen[i+n-1]] = never
		}
	}
}

func (o *Options) banWords(x []float32, tokens []int32) {
	for _, word := range o.BadWords {
		before, last := word[:len(word)-1], word[len(word)-1]
		if len(before) == 0 && slices.Contains(o.EOS, last) {
			continue // or nothing would end
		}
		if n := len(tokens) - len(before); n >= 0 && slices.Equal(tokens[n:], before) {
			x[last] = never
		}
	}
}
