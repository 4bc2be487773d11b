package generate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"t5train/model"
	"t5train/model/kernel"
	"t5train/model/op"
)

// Generator decodes with one model. It is not safe for concurrent use.
type Generator struct {
	model    *model.T5
	adapters []*op.Adapter // of the inputs of a call; nil: those of the model
	*buffers
}

// buffers is what a generator computes with.
type buffers struct {
	workers *kernel.Workers
	eager   *op.Eager
	logits  []float32
	scratch sync.Pool // *scratch
}

// scratch is the memory in which a task chooses the token of a row.
type scratch struct {
	scores       []float32 // [vocab]
	best         []kernel.Candidate
	distribution distribution
}

// New returns a generator for m.
func New(m *model.T5, w *kernel.Workers) *Generator {
	g := &Generator{model: m, buffers: &buffers{workers: w, eager: op.NewEager(w)}}
	g.scratch.New = func() any { return new(scratch) }
	return g
}

// Adapted returns a generator whose calls have these adapters, one for each input, nil for none. It computes in the
// memory of g, so that only one of the two may be in use.
func (g *Generator) Adapted(adapters []*op.Adapter) *Generator {
	return &Generator{model: g.model, adapters: adapters, buffers: g.buffers}
}

// some returns the generator for some of the inputs of a call.
func (g *Generator) some(inputs []int) *Generator {
	if g.adapters == nil {
		return g
	}
	var own []*op.Adapter
	for _, i := range inputs {
		own = append(own, g.adapters[i])
	}
	return g.Adapted(own)
}

// isEmpty reports whether a model has no weights, or none to write texts with.
func isEmpty(m *model.T5) bool { return m == nil || m.LMHead == nil }

// Output is one generated sequence.
type Output struct {
	IDs []int32 // without the start token and without EOS

	// LogProb is the log-probability of the sequence by the model alone, EOS included, in nats: what
	// Generator.TargetLogProbs gives.
	LogProb float64
	// Score is the log-probability as the options change it, by Options.LengthPenalty: what a beam search ranks by.
	// There a forced token counts as certain and a banned one leaves the others as they are, as in transformers.
	// Without beams the probability of a token is its share of what the options left.
	Score float64
	// Finished says that EOS came before the limit of tokens. Otherwise the text is cut short: there, or where the
	// options left no token.
	Finished bool
}

// Generate generates sequences for each input: Options.NumReturnSequences of them, the best by their score first. A
// beam search gives fewer where the options leave fewer.
//
// Inputs are token ids that end in EOS. They need no order: inputs lie end to end without padding, each attends to its
// own tokens alone, and finished ones leave the batch. So short ones cost what they cost alone, whatever is beside
// them. Weights that are damaged or have diverged are an error: there is no most probable token.
func (g *Generator) Generate(ctx context.Context, inputs [][]int32, o Options) ([][]Output, error) {
	if isEmpty(g.model) {
		return nil, fmt.Errorf("generate: %w", model.ErrNoModel)
	}
	if o.EOS == nil {
		o.EOS = []int32{int32(g.model.Config.EOSTokenID)}
	}
	if err := o.Validate(g.model.Config.VocabSize); err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	if s := o.Sampling; s != nil && s.Indices != nil && len(s.Indices) != len(inputs) {
		return nil, fmt.Errorf("generate: Sampling has %d Indices for %d inputs, want one for each", len(s.Indices),
			len(inputs))
	}
	if len(inputs) == 0 {
		return nil, nil
	}
	d, err := g.start(inputs, min(16, o.MaxTokens))
	if err != nil {
		return nil, err
	}
	r := run{generator: g, decoder: d, options: &o, processors: o.processors(), inputs: inputs}
	if o.Beams > 1 {
		return r.search(ctx)
	}
	return r.choose(ctx)
}

// run is one call of Generate.
type run struct {
	generator  *Generator
	decoder    *decoder
	options    *Options
	processors []processor
	inputs     [][]int32
	rows       []hypothesis // of the decoder
}

// hypothesis is a sequence under construction.
type hypothesis struct {
	input, number int     // position of its input, and its own among the sequences of that
	tokens        []int32 // the start token first
	logProb       float64 // of the tokens, by the model alone
	score         float64 // the same as the options change it
}

// start is the hypothesis without a token.
func (r *run) start(input, number int) hypothesis {
	first := int32(r.generator.model.Config.DecoderStartTokenID)
	if r.options.Start != nil {
		first = *r.options.Start
	}
	return hypothesis{input: input, number: number, tokens: []int32{first}}
}

// output returns a hypothesis that is done.
func (r *run) output(h hypothesis, finished bool) Output {
	ids := h.tokens[1:]
	score := r.options.score(h.score, max(1, len(ids)))
	if finished {
		ids = ids[:len(ids)-1]
	}
	return Output{IDs: ids, LogProb: h.logProb, Score: score, Finished: finished}
}

// step runs the decoder on the last token of each row and calls f with the logits that follow it, for several rows at
// once. f may overwrite the logits.
func (r *run) step(ctx context.Context, f func(row int, s *scratch, logits []float32)) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	ids := make([]int32, len(r.rows))
	for i, h := range r.rows {
		ids[i] = h.tokens[len(h.tokens)-1]
	}
	g := r.generator
	g.eachRow(r.decoder.next(ids), func(row int, logits []float32) {
		s := g.scratch.Get().(*scratch)
		defer g.scratch.Put(s)
		f(row, s, logits)
	})
	return nil
}

// process applies the options to the scores x of the next token of a row.
func (r *run) process(x []float32, row int) {
	h := &r.rows[row]
	for _, p := range r.processors {
		p(x, h.tokens, r.inputs[h.input])
	}
}

var errDiverged = errors.New("generate: the model gives NaN or infinite logits: its weights are damaged, or training " +
	"diverged: use another checkpoint")

// start runs the encoder and prepares the decoder, with room for a number of positions until it must grow.
func (g *Generator) start(inputs [][]int32, positions int) (*decoder, error) {
	tokens, err := ragged(inputs, g.adapters, g.model.Config.VocabSize)
	if err != nil {
		return nil, err
	}
	encoded := model.Network[op.Matrix]{Backend: g.eager}.Encode(g.model, &tokens)
	return newDecoder(g.model, g.eager.Beside(), encoded, tokens.Offsets, max(1, positions)), nil
}

// logitRows is how many rows have their logits in memory at once.
const logitRows = 64

// eachRow calls f with the logits [vocab] of each row of hidden, for several rows at once.
func (g *Generator) eachRow(hidden op.Matrix, f func(row int, logits []float32)) {
	vocab := g.model.Config.VocabSize
	for lo := 0; lo < hidden.Rows; lo += logitRows {
		n := min(logitRows, hidden.Rows-lo)
		g.logits = logits(g.eager, g.logits, g.model, hidden.Slice(lo, lo+n))
		g.workers.Run(n, func(i int) { f(lo+i, g.logits[i*vocab:(i+1)*vocab]) })
	}
}

// ragged lays inputs end to end, with their adapters, if they have some. An input without tokens, or with one that the
// embedding has no row for, is an error.
func ragged(inputs [][]int32, adapters []*op.Adapter, vocab int) (op.Ragged, error) {
	var r op.Ragged
	if err := checkAdapters(adapters, inputs); err != nil {
		return r, err
	}
	for i, in := range inputs {
		if len(in) == 0 {
			return r, fmt.Errorf("encode input %d: it has no token, want at least EOS", i)
		}
		if at := outside(in, vocab); at >= 0 {
			return r, fmt.Errorf("encode input %d: token %d at position %d is outside of the vocabulary of %d: does "+
				"the tokenizer belong to the model?", i, in[at], at, vocab)
		}
		r.Append(in...)
		if adapters != nil {
			r.Adapters = op.Repeat(r.Adapters, adapters[i], len(in))
		}
	}
	return r, nil
}

func checkAdapters(adapters []*op.Adapter, inputs [][]int32) error {
	if adapters != nil && len(adapters) != len(inputs) {
		return fmt.Errorf("encode: %d adapters for %d inputs, want one for each", len(adapters), len(inputs))
	}
	return nil
}

// outside returns the position of the first token that the embedding has no row for, -1 if there is none.
func outside(tokens []int32, vocab int) int {
	return slices.IndexFunc(tokens, func(id int32) bool { return id < 0 || int(id) >= vocab })
}
