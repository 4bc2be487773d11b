// Package metric measures predictions as they come: one call of Add each, one of Result at the end. Values are those of
// the tools that a field compares itself by, on their scales:
//
//	from 0 to 1     scikit-learn (zero_division=0) for classes, rouge_score, SQuAD's evaluate-v1.1.py, seqeval
//	from 0 to 100   sacrebleu: BLEU, chrF and TER
//	from -1 to 1    correlations, as scipy has them
//
// [Classification], [Regression] and [Tagging] take classes, numbers and tag sequences, those of package texts take
// texts. All of them keep a few numbers of each example, from which [Bootstrap] computes confidence intervals: they are
// [Sampled].
package metric

import (
	"math"

	"t5train/data/task"
)

// Value is one number of a result.
type Value struct {
	Name  string
	Value float64
}

// Loss averages the negative log-likelihood of tokens. The zero value is ready to use.
type Loss struct {
	sum    float64
	tokens int64
}

// Add counts tokens whose negative log-likelihoods, in nats, add up to sum: for a batch with a mean loss
// that is the mean times the tokens.
func (l *Loss) Add(sum float64, tokens int64) {
	l.sum += sum
	l.tokens += tokens
}

// Sum is the negative log-likelihood of all tokens in nats.
func (l *Loss) Sum() float64 { return l.sum }

// Tokens is the number of tokens.
func (l *Loss) Tokens() int64 { return l.tokens }

// Mean is the mean negative log-likelihood of a token in nats; 0 without tokens.
func (l *Loss) Mean() float64 {
	return Ratio(l.sum, float64(l.tokens))
}

// Result returns loss, the mean in nats; perplexity, e to the power of it (1 without tokens); and tokens.
func (l *Loss) Result() []Value {
	return []Value{
		{task.Loss, l.Mean()},
		{task.Perplexity, math.Exp(l.Mean())},
		{task.Tokens, float64(l.tokens)},
	}
}
