package generate

import (
	"cmp"
	"context"
	"math"
	"slices"

	"t5train/model/kernel"
)

// beamSearch is the search for the sequences of one input.
type beamSearch struct {
	options  *Options
	rows     []int    // of the decoder: its unfinished sequences, the best first
	finished []Output // the best so far, at most Beams, the best first
}

// continuation is a row with one more token.
type continuation struct {
	row     int
	token   int32
	logProb float64 // of the sequence, by the model alone
	score   float64 // the same as the options change it
}

// search is the beam search of transformers 5. Each step takes, of all continuations of an input's sequences, the best
// Beams·(1 + tokens that end a sequence), so that Beams of them continue whatever ends. Of those that end, the first
// Beams count; the best of them stay in a pool of their own.
func (r *run) search(ctx context.Context) ([][]Output, error) {
	o := r.options
	searches := make([]beamSearch, len(r.inputs))
	for i := range searches {
		searches[i] = beamSearch{options: o, rows: []int{i}}
		r.rows = append(r.rows, r.start(i, 0))
	}
	best := make([][]continuation, len(r.inputs)*o.Beams) // of each row
	for step := range o.MaxTokens {
		err := r.step(ctx, func(row int, s *scratch, logits []float32) {
			best[row] = r.continuations(row, s, logits, best[row][:0])
		})
		if err != nil {
			return nil, err
		}
		var kept []hypothesis
		var parents []int
		for i := range searches {
			b := &searches[i]
			var all []continuation
			for _, row := range b.rows {
				all = append(all, best[row]...)
			}
			for _, c := range all {
				if math.IsNaN(c.logProb) {
					return nil, errDiverged
				}
			}
			// of equals the first, that is, the one of the better sequence
			slices.SortStableFunc(all, func(x, y continuation) int { return cmp.Compare(y.score, x.score) })
			unfinished := b.take(r, all[:min(len(all), o.candidates())], step)
			b.rows = nil
			for _, c := range unfinished {
				b.rows = append(b.rows, len(kept))
				kept = append(kept, r.rows[c.row].with(c))
				parents = append(parents, c.row)
			}
		}
		if len(kept) == 0 {
			break
		}
		r.decoder.reorder(parents)
		r.rows = kept
	}
	outputs := make([][]Output, len(searches))
	for i, b := range searches {
		outputs[i] = b.finished[:min(len(b.finished), max(1, o.NumReturnSequences))]
	}
	return outputs, nil
}

// candidates is how many continuations of an input a step looks at.
func (o *Options) candidates() int { return o.Beams * (1 + len(o.EOS)) }

// with returns the hypothesis with one more token.
func (h hypothesis) with(c continuation) hypothesis {
	h.tokens = append(slices.Clip(h.tokens), c.token)
	h.logProb, h.score = c.logProb, c.score
	return h
}

// continuations appends the best continuations of a row, by its logits, which it overwrites, best first. One whose
// log-probability is NaN reports that the model diverged.
func (r *run) continuations(row int, s *scratch, logits []float32, to []continuation) []continuation {
	o, w, h := r.options, r.generator.workers, &r.rows[row]
	if len(r.processors) == 0 {
		s.best = kernel.TopK(w, logits, o.candidates(), s.best[:0])
		_, _, z := kernel.LogSumExp(w, logits)
		if math.IsNaN(z) {
			return append(to, continuation{logProb: z})
		}
		for _, b := range s.best {
			p := float64(b.Value) - z
			to = append(to, continuation{row, b.Index, h.logProb + p, h.score + p})
		}
		return to
	}
	// The processors want log-probabilities here.
	s.scores = append(s.scores[:0], logits...)
	_, _, z := kernel.LogSumExp(w, s.scores)
	if math.IsNaN(z) {
		return append(to, continuation{logProb: z})
	}
	for i, v := range logits {
		s.scores[i] = v - float32(z)
	}
	r.process(s.scores, row)
	s.best = kernel.TopK(w, s.scores, o.candidates(), s.best[:0])
	for _, b := range s.best {
		to = append(to, continuation{row, b.Index, h.logProb + float64(logits[b.Index]) - z,
			h.score + float64(b.Value)})
	}
	return to
}

// take adds the continuations that end to the pool and returns those that the search continues with, none if it is
// done.
func (b *beamSearch) take(r *run, best []continuation, step int) []continuation {
	o := b.options
	last := step == o.MaxTokens-1
	var unfinished []continuation
	for i, c := range best {
		ends := slices.Contains(o.EOS, c.token)
		if (ends || last) && i < o.Beams {
			b.add(r.output(r.rows[c.row].with(c), ends))
		}
		if !ends && !last && len(unfinished) < o.Beams {
			unfinished = append(unfinished, c)
		}
	}
	if len(best) == 0 && len(b.finished) == 0 { // the options leave nothing: what there is ends here
		for _, row := range b.rows {
			b.add(r.output(r.rows[row], false))
		}
	}
	if len(unfinished) == 0 || b.done(unfinished[0].score, step+1) {
		return nil
	}
	return unfinished
}

// add puts a sequence into the pool, after equals.
func (b *beamSearch) add(out Output) {
	at := len(b.finished)
	for at > 0 && b.finished[at-1].Score < out.Score {
		at--
	}
	b.finished = slices.Insert(b.finished, at, out)
	b.finished = b.finished[:min(len(b.finished), b.options.Beams)]
}

// done reports whether the search is over when the best unfinished sequence has this number of tokens and this score.
func (b *beamSearch) done(best float64, tokens int) bool {
	o := b.options
	if len(b.finished) < o.Beams {
		return false
	}
	switch o.EarlyStopping {
	case Early:
		return true
	case Never:
		if o.favoursLong() { // then more tokens may cost nothing, and its best score is at the limit
			tokens = o.MaxTokens
		}
	}
	return o.score(best, tokens) <= b.finished[len(b.finished)-1].Score
}
