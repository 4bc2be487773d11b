package generate

import (
	"cmp"
	"context"
	"math"
	"slices"

	"t5train/model/kernel"
)

// choice is the next token of a row.
type choice struct {
	token   int32
	logProb float64 // by the model alone
	score   float64 // log-probability among the tokens that the options left
	none    bool    // the options left no token
}

// choose generates sequences that do not compete with each other: the most probable tokens, or sampled ones.
func (r *run) choose(ctx context.Context) ([][]Output, error) {
	o := r.options
	outputs := make([][]Output, len(r.inputs))
	var parents []int
	for i := range r.inputs {
		outputs[i] = make([]Output, max(1, o.NumReturnSequences))
		for n := range outputs[i] {
			r.rows = append(r.rows, r.start(i, n))
			parents = append(parents, i)
		}
	}
	if len(r.rows) > len(r.inputs) {
		r.decoder.reorder(parents)
	}
	choices := make([]choice, len(r.rows))
	for step := range o.MaxTokens {
		err := r.step(ctx, func(row int, s *scratch, logits []float32) { choices[row] = r.next(row, s, logits) })
		if err != nil {
			return nil, err
		}
		var kept []hypothesis
		parents = parents[:0]
		for row, h := range r.rows {
			c := choices[row]
			if math.IsNaN(c.logProb) {
				return nil, errDiverged
			}
			finished := false
			if !c.none {
				h.tokens = append(h.tokens, c.token)
				h.logProb += c.logProb
				h.score += c.score
				finished = slices.Contains(o.EOS, c.token)
			}
			last := finished || c.none || step == o.MaxTokens-1
			if r.watched(h, c, finished, last) || last {
				outputs[h.input][h.number] = r.output(h, finished)
				continue
			}
			kept = append(kept, h)
			parents = append(parents, row)
		}
		if len(kept) == 0 {
			break
		}
		if len(kept) < len(r.rows) {
			r.decoder.reorder(parents)
		}
		r.rows = kept
	}
	for _, o := range outputs {
		slices.SortStableFunc(o, func(a, b Output) int { return cmp.Compare(b.Score, a.Score) })
	}
	return outputs, nil
}

// watched tells Options.Watch about a choice, and reports whether that ends the sequence.
func (r *run) watched(h hypothesis, c choice, finished, last bool) bool {
	if r.options.Watch == nil {
		return false
	}
	if c.none {
		c.token, c.logProb = -1, 0
	}
	return r.options.Watch(Step{h.input, h.number, c.token, c.logProb, finished, last})
}

// next chooses the next token of a row by its logits, which it overwrites.
func (r *run) next(row int, s *scratch, logits []float32) choice {
	o, w := r.options, r.generator.workers
	if len(r.processors) == 0 && o.Sampling == nil {
		largest, best, z := kernel.LogSumExp(w, logits)
		return choice{token: int32(best), logProb: largest - z, score: largest - z}
	}
	s.scores = append(s.scores[:0], logits...)
	r.process(s.scores, row)
	var c choice
	if o.Sampling == nil {
		largest, best, z := kernel.LogSumExp(w, s.scores)
		c = choice{token: int32(best), score: largest - z, none: math.IsInf(largest, -1)}
	} else {
		o.Sampling.filter(w, &s.distribution, s.scores)
		if c.none = len(s.distribution.kept) == 0; !c.none {
			h := &r.rows[row]
			c.token, c.score = s.distribution.draw(o.Sampling.uniform(h.input, h.number, generated(h.tokens)))
		}
	}
	chosen := float64(logits[c.token])
	_, _, z := kernel.LogSumExp(w, logits)
	c.logProb = chosen - z
	return c
}
