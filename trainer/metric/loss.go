package metric

import "math"

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
	return ratio(l.sum, float64(l.tokens))
}

// Result returns loss, the mean in nats; perplexity, e to the power of it (1 without tokens); and tokens.
func (l *Loss) Result() []Value {
	return []Value{
		{"loss", l.Mean()},
		{"perplexity", math.Exp(l.Mean())},
		{"tokens", float64(l.tokens)},
	}
}
