package generate

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"

	"t5train/model/kernel"
)

// TargetLogProbs returns log p(target | input) in nats for each input and each target: the sum over the target's
// tokens. A target normally ends in EOS. Targets with a common prefix share the work for it. Damaged or diverged
// weights give NaN.
func (g *Generator) TargetLogProbs(ctx context.Context, inputs, targets [][]int32) ([][]float64, error) {
	if err := g.checkTargets(inputs, targets); err != nil {
		return nil, err
	}
	wanted := slices.Repeat([][]int{every(targets)}, len(inputs))
	scores := make([][]float64, 0, len(inputs))
	for lo, hi := range fitting(wanted) {
		part := g
		if g.adapters != nil {
			part = g.Adapted(g.adapters[lo:hi])
		}
		d, err := part.descend(ctx, inputs[lo:hi], targets, wanted[lo:hi], nil)
		if err != nil {
			return nil, err
		}
		scores = append(scores, d.logProbs...)
	}
	return scores, nil
}

// Best returns the most probable target of each input, the first of equal ones, and its log-probability: what the
// largest of its scores says, for a fraction of the work. A prefix is at least as probable as what continues it, so
// that a target cannot win whose prefix is already less probable than another target. Damaged or diverged weights give
// NaN.
func (g *Generator) Best(ctx context.Context, inputs, targets [][]int32) (best []int, logProbs []float64, err error) {
	if len(targets) == 0 {
		return nil, nil, errors.New("find the best target: there are no targets")
	}
	if err := g.checkTargets(inputs, targets); err != nil {
		return nil, nil, err
	}
	best, logProbs = make([]int, len(inputs)), make([]float64, len(inputs))
	// One row an input, that of the most probable prefix, mostly leads to the best target, and shows that it is.
	d, err := g.descend(ctx, inputs, targets, slices.Repeat([][]int{every(targets)}, len(inputs)), likeliest)
	if err != nil {
		return nil, nil, err
	}
	var open []int // inputs for which another target may be more probable
	var wanted [][]int
	for i := range inputs {
		best[i], logProbs[i] = d.best(i)
		if rivals := d.rivals(i, logProbs[i]-rounding); len(rivals) > 0 {
			open, wanted = append(open, i), append(wanted, append(rivals, best[i]))
		}
	}
	for lo, hi := range fitting(wanted) {
		var some [][]int32
		for _, i := range open[lo:hi] {
			some = append(some, inputs[i])
		}
		d, err := g.some(open[lo:hi]).descend(ctx, some, targets, wanted[lo:hi], func(next []branch) []branch {
			return slices.DeleteFunc(next, func(b branch) bool {
				return b.logProb < logProbs[open[lo+b.input]]-rounding
			})
		})
		if err != nil {
			return nil, nil, err
		}
		for j, i := range open[lo:hi] {
			if target, logProb := d.best(j); target >= 0 {
				best[i], logProbs[i] = target, logProb
			}
		}
	}
	return best, logProbs, nil
}

// rounding is by how much the log-probability of one text may differ between two batches, in nats.
const rounding = 1e-3

// checkTargets makes sure that the embedding has a row for each token, and that each input has an adapter, if any has.
func (g *Generator) checkTargets(inputs, targets [][]int32) error {
	if err := checkAdapters(g.adapters, inputs); err != nil {
		return err
	}
	for _, t := range targets {
		if at := outside(t, g.model.Config.VocabSize); at >= 0 {
			return fmt.Errorf("score targets: token %d is outside of the vocabulary of %d", t[at],
				g.model.Config.VocabSize)
		}
	}
	return nil
}

// every returns the numbers of the targets that need work: an empty one is certain.
func every(targets [][]int32) []int {
	var all []int
	for t, target := range targets {
		if len(target) > 0 {
			all = append(all, t)
		}
	}
	return all
}

// scoreBranches bounds the branches that a descent holds at once, where one input does not need more: each has keys and
// values of its own in every layer, so a hundred labels would multiply the memory of a batch by a hundred.
const scoreBranches = 512

// fitting returns ranges of inputs whose targets fit into memory together.
func fitting(wanted [][]int) iter.Seq2[int, int] {
	return func(yield func(lo, hi int) bool) {
		for lo, hi := 0, 0; lo < len(wanted); lo = hi {
			for n := 0; hi < len(wanted) && (hi == lo || n+len(wanted[hi]) <= scoreBranches); hi++ {
				n += len(wanted[hi])
			}
			if !yield(lo, hi) {
				return
			}
		}
	}
}

// descent is what a walk from the first token of the targets to their last has found, by input and target.
type descent struct {
	logProbs [][]float64 // of the tokens that were fed: of a prefix where the walk left the target
	done     [][]bool    // the walk reached the target's end
}

// branch is a common prefix of some targets, for one input.
type branch struct {
	input   int
	targets []int
	logProb float64
	parent  int   // the row of the decoder that it continues
	token   int32 // with which
}

// descend scores the wanted targets of each input. keep, if not nil, returns which branches continue; those of an input
// are side by side.
func (g *Generator) descend(ctx context.Context, inputs, targets [][]int32, wanted [][]int,
	keep func([]branch) []branch) (*descent, error) {
	longest := 0
	for _, t := range targets {
		longest = max(longest, len(t))
	}
	decoder, err := g.start(inputs, longest)
	if err != nil {
		return nil, err
	}
	d := new(descent)
	var branches []branch
	for i := range inputs {
		d.logProbs, d.done = append(d.logProbs, make([]float64, len(targets))), append(d.done,
			make([]bool, len(targets)))
		for t := range targets {
			d.done[i][t] = len(targets[t]) == 0
		}
		branches = append(branches, branch{input: i, targets: wanted[i],
			token: int32(g.model.Config.DecoderStartTokenID)})
	}
	for depth := 0; len(branches) > 0; depth++ {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("score targets: %w", err)
		}
		ids := make([]int32, len(branches))
		for i, b := range branches {
			ids[i] = b.token
		}
		hidden := decoder.next(ids)
		likely := make([][]float64, len(branches)) // log-probabilities of the next token of each target of a branch
		g.eachRow(hidden, func(row int, logits []float32) {
			next := make([]float64, len(branches[row].targets))
			for i, t := range branches[row].targets {
				next[i] = float64(logits[targets[t][depth]])
			}
			_, _, z := kernel.LogSumExp(g.workers, logits)
			for i := range next {
				next[i] -= z
			}
			likely[row] = next
		})
		var next []branch
		for row, b := range branches {
			next = append(next, d.continued(b, row, targets, depth, likely[row])...)
		}
		if keep != nil {
			next = keep(next)
		}
		parents := make([]int, len(next))
		for i, b := range next {
			parents[i] = b.parent
		}
		branches = next
		decoder.reorder(parents)
	}
	return d, nil
}

// continued adds the log-probabilities of one more token of the targets of a branch, and returns the branches that
// continue it.
func (d *descent) continued(b branch, row int, targets [][]int32, depth int, likely []float64) []branch {
	var next []branch
	byToken := make(map[int32]int) // token -> branch of next that continues with it
	for j, t := range b.targets {
		token := targets[t][depth]
		d.logProbs[b.input][t] += likely[j]
		if depth+1 == len(targets[t]) {
			d.done[b.input][t] = true
			continue
		}
		i, ok := byToken[token]
		if !ok {
			i = len(next)
			byToken[token] = i
			next = append(next, branch{input: b.input, logProb: d.logProbs[b.input][t], parent: row, token: token})
		}
		next[i].targets = append(next[i].targets, t)
	}
	return next
}

// likeliest keeps the most probable branch of each input, the first of equal ones.
func likeliest(next []branch) []branch {
	kept := next[:0]
	for _, b := range next {
		switch last := len(kept) - 1; {
		case last < 0 || kept[last].input != b.input:
			kept = append(kept, b)
		case b.logProb > kept[last].logProb:
			kept[last] = b
		}
	}
	return kept
}

// best returns the most probable of the targets of an input that were reached, the first of equal ones; NaN for an
// input of which any log-probability is NaN.
func (d *descent) best(input int) (target int, logProb float64) {
	target, logProb = -1, math.Inf(-1)
	for t, v := range d.logProbs[input] {
		if math.IsNaN(v) {
			return t, v
		}
		if d.done[input][t] && (target < 0 || v > logProb) {
			target, logProb = t, v
		}
	}
	return target, logProb
}

// rivals returns the targets of an input that the walk left at a prefix of at least a log-probability.
func (d *descent) rivals(input int, atLeast float64) []int {
	var rivals []int
	for t, v := range d.logProbs[input] {
		if !d.done[input][t] && v >= atLeast {
			rivals = append(rivals, t)
		}
	}
	return rivals
}
