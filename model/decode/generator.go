package decode

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"t5train/model"
	"t5train/model/kernel"
)

// Generator decodes with one model. It is for one goroutine at a time.
type Generator struct {
	model   *model.T5
	workers *kernel.Workers
	encoder *model.EncoderGraph
	logits  []float32
}

// New returns a generator for m.
func New(m *model.T5, w *kernel.Workers) (*Generator, error) {
	encoder, err := m.EncoderGraph(w)
	if err != nil {
		return nil, err
	}
	return &Generator{model: m, workers: w, encoder: encoder}, nil
}

// Close frees the generator.
func (g *Generator) Close() error { return g.encoder.Close() }

// Output is one generated sequence.
type Output struct {
	IDs      []int32 // without the start token and without EOS
	LogProb  float64 // of the sequence by the model alone, EOS included, in nats: what Score gives
	Score    float64 // what the sequences of an input are ranked by; see Options.LengthPenalty
	Finished bool    // EOS came before the limit of tokens; otherwise the text is cut short
}

// Generate generates sequences for each input, the best first: Options.Returned of them, or fewer where there are no more.
// Inputs are token ids that end in EOS. Finished sequences leave the batch. Weights that are damaged or have diverged are an
// error: there is no most probable token.
func (g *Generator) Generate(ctx context.Context, inputs [][]int32, o Options) ([][]Output, error) {
	if o.EOS == nil {
		o.EOS = []int32{int32(g.model.Config.EOSTokenID)}
	}
	if err := o.Validate(g.model.Config.VocabSize); err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	outputs, err := g.greedy(ctx, inputs, o.MaxTokens, true)
	if err != nil {
		return nil, err
	}
	all := make([][]Output, len(outputs))
	for i, out := range outputs {
		tokens := len(out.IDs)
		if out.Finished {
			tokens++
		}
		out.Score = o.score(out.LogProb, tokens)
		all[i] = []Output{out}
	}
	return all, nil
}

// GreedyExactly is greedy generation that goes on behind EOS, for measuring: every sequence has that many tokens.
func (g *Generator) GreedyExactly(inputs [][]int32, tokens int) ([]Output, error) {
	return g.greedy(context.Background(), inputs, tokens, false)
}

func (g *Generator) greedy(ctx context.Context, inputs [][]int32, maxTokens int, stopAtEOS bool) ([]Output, error) {
	if err := checkInputs(inputs); err != nil || len(inputs) == 0 {
		return nil, err
	}
	d, err := g.start(inputs, min(16, maxTokens))
	if err != nil {
		return nil, err
	}
	outputs := make([]Output, len(inputs))
	alive := make([]int, len(inputs)) // input of each row
	ids := make([]int32, len(inputs))
	for i := range inputs {
		alive[i], ids[i] = i, int32(g.model.Config.DecoderStartTokenID)
	}
	for range maxTokens {
		if len(alive) == 0 {
			break
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("generate: %w", err)
		}
		var rows []int
		hidden := d.next(ids)
		ids = ids[:0]
		broken := false
		g.eachRow(hidden, len(alive), nil, func(row int, r rowResult) {
			broken = broken || math.IsNaN(r.z)
			best := r.best
			out := &outputs[alive[row]]
			out.LogProb += r.largest - r.z
			if stopAtEOS && best == g.model.Config.EOSTokenID {
				out.Finished = true
				return
			}
			out.IDs = append(out.IDs, int32(best))
			ids = append(ids, int32(best))
			rows = append(rows, row)
		})
		if broken {
			return nil, errors.New("generate: the model gives NaN or infinite logits: its weights are damaged, or training diverged: use another checkpoint")
		}
		if len(rows) < len(alive) {
			for i, r := range rows {
				alive[i] = alive[r]
			}
			alive = alive[:len(rows)]
			d.choose(rows)
		}
	}
	return outputs, nil
}

// Score returns log p(target | input) in nats for each input and each target: the sum over the target's tokens. A target
// normally ends in EOS. Targets with a common beginning share the work for it. Damaged or diverged weights give NaN.
func (g *Generator) Score(inputs, targets [][]int32) ([][]float64, error) {
	if err := checkInputs(inputs); err != nil {
		return nil, err
	}
	for _, t := range targets {
		for _, id := range t {
			if id < 0 || int(id) >= g.model.Config.VocabSize {
				return nil, fmt.Errorf("score targets: token %d is outside of the vocabulary of %d", id, g.model.Config.VocabSize)
			}
		}
	}
	scores := make([][]float64, 0, len(inputs))
	for group := range slices.Chunk(inputs, max(1, scoreBranches/max(1, len(targets)))) {
		s, err := g.score(group, targets)
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
func (g *Generator) score(inputs, targets [][]int32) ([][]float64, error) {
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
		hidden := d.next(ids)
		var next []branch
		var parents []int
		ids = nil
		wanted := func(row int) []int32 {
			var tokens []int32
			for _, t := range branches[row].targets {
				tokens = append(tokens, targets[t][depth])
			}
			return tokens
		}
		g.eachRow(hidden, len(branches), wanted, func(row int, r rowResult) {
			b := branches[row]
			byToken := make(map[int32]int) // token -> branch of next that continues with it
			for j, t := range b.targets {
				token := targets[t][depth]
				scores[b.input][t] += r.logits[j] - r.z
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
		})
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

func checkInputs(inputs [][]int32) error {
	for i, in := range inputs {
		if len(in) == 0 {
			return fmt.Errorf("encode input %d: it has no token, want at least EOS", i)
		}
	}
	return nil
}

// start runs the encoder and prepares the decoder, with room for so many positions until it must grow.
func (g *Generator) start(inputs [][]int32, positions int) (*decoder, error) {
	offsets := []int32{0}
	var ids []int32
	for _, in := range inputs {
		ids = append(ids, in...)
		offsets = append(offsets, int32(len(ids)))
	}
	hidden, err := g.encoder.Run(ids, offsets)
	if err != nil {
		return nil, err
	}
	return newDecoder(g.model, g.workers, hidden, offsets, max(1, positions)), nil
}

// logitRows is how many rows have their logits in memory at once.
const logitRows = 64

// rowResult is what decoding needs of the logits of a row.
type rowResult struct {
	z       float64   // ln of the sum of their exponentials
	best    int       // position of the largest
	largest float64   // its value
	logits  []float64 // of the wanted tokens
}

// eachRow calls f in row order with the results of each row of hidden [rows, d_model]. wanted, if not nil, says for
// which tokens of a row the logits are needed.
func (g *Generator) eachRow(hidden []float32, rows int, wanted func(row int) []int32, f func(row int, r rowResult)) {
	vocab, dModel := g.model.Config.VocabSize, g.model.Config.DModel
	head := g.model.LMHead.Value
	results := make([]rowResult, min(rows, logitRows))
	for lo := 0; lo < rows; lo += logitRows {
		n := min(logitRows, rows-lo)
		g.logits = resize(g.logits, n*vocab)
		kernel.Gemm(g.workers, false, true, n, vocab, dModel, hidden[lo*dModel:], dModel, head, dModel, false, g.logits, vocab)
		g.workers.Run(n, func(i int) {
			logits, r := g.logits[i*vocab:(i+1)*vocab], rowResult{}
			if wanted != nil {
				for _, token := range wanted(lo + i) {
					r.logits = append(r.logits, float64(logits[token]))
				}
			}
			r.largest, r.best, r.z = kernel.LogSumExp(g.workers, logits)
			results[i] = r
		})
		for i := range n {
			f(lo+i, results[i])
		}
	}
}
