package decode

import (
	"context"
	"fmt"
	"slices"

	"t5train/model"
	"t5train/model/kernel"
)

// Score returns log p(target | input) in nats for each input and each target: the sum over the target's tokens. A target
// normally ends in EOS. Targets with a common beginning share the work for it. Damaged or diverged weights give NaN.
func (g *Generator) Score(ctx context.Context, inputs, targets [][]int32) ([][]float64, error) {
	if isEmpty(g.model) {
		return nil, fmt.Errorf("score: %w", model.ErrNoModel)
	}
	for _, t := range targets {
		if at := outside(t, g.model.Config.VocabSize); at >= 0 {
			return nil, fmt.Errorf("score targets: token %d is outside of the vocabulary of %d", t[at], g.model.Config.VocabSize)
		}
	}
	scores := make([][]float64, 0, len(inputs))
	for group := range slices.Chunk(inputs, max(1, scoreBranches/max(1, len(targets)))) {
		s, err := g.score(ctx, group, targets)
		if err != nil {
			return nil, err
		}
		scores = append(scores, s...)
	}
	return scores, nil
}

// scoreBranches bounds the branches that Score holds at once, where one input does not need more: each has keys and
// values of its own in every layer, so a hundred labels would multiply the memory of a batch by a hundred.
const scoreBranches = 512

// score is Score for inputs whose branches fit into memory together.
func (g *Generator) score(ctx context.Context, inputs, targets [][]int32) ([][]float64, error) {
	var all []int // an empty target is certain and needs no work
	longest := 0
	for t, target := range targets {
		if len(target) > 0 {
			all = append(all, t)
			longest = max(longest, len(target))
		}
	}
	d, err := g.start(inputs, longest)
	if err != nil {
		return nil, err
	}
	scores := make([][]float64, len(inputs))
	branches := make([]branch, len(inputs))
	ids := make([]int32, len(inputs))
	for i := range inputs {
		scores[i] = make([]float64, len(targets))
		branches[i] = branch{input: i, targets: all}
		ids[i] = int32(g.model.Config.DecoderStartTokenID)
	}
	for depth := 0; len(branches) > 0; depth++ {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("score targets: %w", err)
		}
		hidden := d.next(ids)
		likely := make([][]float64, len(branches)) // log-probabilities of the next token of each target of a branch
		g.eachRow(hidden, len(branches), func(row int, logits []float32) {
			wanted := make([]float64, len(branches[row].targets))
			for i, t := range branches[row].targets {
				wanted[i] = float64(logits[targets[t][depth]])
			}
			_, _, z := kernel.LogSumExp(g.workers, logits)
			for i := range wanted {
				wanted[i] -= z
			}
			likely[row] = wanted
		})
		var next []branch
		var parents []int
		ids = nil
		for row, b := range branches {
			byToken := make(map[int32]int) // token -> branch of next that continues with it
			for j, t := range b.targets {
				token := targets[t][depth]
				scores[b.input][t] += likely[row][j]
				if depth+1 == len(targets[t]) {
					continue
				}
				i, ok := byToken[token]
				if !ok {
					i = len(next)
					byToken[token] = i
					next = append(next, branch{input: b.input})
					parents = append(parents, row)
					ids = append(ids, token)
				}
				next[i].targets = append(next[i].targets, t)
			}
		}
		branches = next
		d.choose(parents)
	}
	return scores, nil
}

// branch is a common beginning of some targets, for one input.
type branch struct {
	input   int
	targets []int
}
