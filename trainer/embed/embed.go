package embed

import (
	"context"
	"errors"
	"fmt"
	"math"

	"t5train/checkpoints"
	"t5train/data"
	"t5train/data/task"
	"t5train/internal/floats"
	"t5train/model"
	"t5train/model/kernel"
	"t5train/model/op"
	"t5train/trainer/predict"
)

// Options say which vectors a text gets. What changes them is in madeBy too.
type Options struct {
	PerToken  bool // the state of each token, in place of one vector of the text
	Normalize bool // vectors of length 1; a sentence-transformers folder may ask for that itself
}

// Embedder makes vectors of texts with one encoder. It is not safe for concurrent use.
type Embedder struct {
	folder   *checkpoints.Folder
	spec     task.Spec
	network  model.Network[op.Matrix]
	modules  modules
	options  Options
	maxInput int
	adapters []*op.Adapter // of the texts of a call; nil: those of the model
}

// Adapted returns an embedder for one call whose texts have these adapters beside the model, nil for none. It computes
// in the memory of e, so that only one of the two may be in use.
func (e *Embedder) Adapted(adapters []*op.Adapter) *Embedder {
	own := *e
	own.adapters = adapters
	return &own
}

// Open returns the embedder of a checkpoint, a run or a folder of Hugging Face or of sentence-transformers.
func Open(path string, how predict.OpenOptions, o Options) (*Embedder, error) {
	folder, err := predict.OpenEncoder(path, how)
	if err != nil {
		return nil, err
	}
	return New(folder, how.Task, how.Limits.MaxInputLength, kernel.NewWorkers(how.Threads), o)
}

// New returns the embedder of a checkpoint that is open. asked corrects its task, and maxInput is the longest input in
// tokens, 0 that of the checkpoint. Several embedders may share a folder and workers.
func New(folder *checkpoints.Folder, asked task.Spec, maxInput int, w *kernel.Workers, o Options) (*Embedder, error) {
	var m modules
	if folder.Dir != "" { // it may be in memory alone
		var err error
		if m, err = readModules(folder.Dir, folder.Model.Config.DModel); err != nil {
			return nil, fmt.Errorf("open %s: %w", folder.Dir, err)
		}
	}
	if m.prompt != "" && asked.Prefix == nil {
		asked.Prefix = &m.prompt
	}
	spec, err := folder.PredictionTask(asked)
	if err != nil {
		return nil, err
	}
	if o.Normalize = o.Normalize || m.normalize; o.PerToken {
		m.dense = nil // which is for vectors of texts
	}
	return &Embedder{
		folder: folder, spec: spec, modules: m, options: o,
		network:  model.Network[op.Matrix]{Backend: op.NewEager(w)},
		maxInput: predict.FirstPositive(maxInput, m.maxLength, folder.Info.MaxInputLength, 512),
	}, nil
}

// Dimensions returns how many numbers the vector of a text has.
func (e *Embedder) Dimensions() int {
	if n := len(e.modules.dense); n > 0 {
		return e.modules.dense[n-1].out
	}
	return e.folder.Model.Config.DModel
}

// MaxInputLength returns the longest input in tokens, EOS included.
func (e *Embedder) MaxInputLength() int { return e.maxInput }

// Task returns the task whose form texts have.
func (e *Embedder) Task() task.Spec { return e.spec }

// Vectors are those of one text.
type Vectors struct {
	Embedding []float32   // of the text; nil where each token has its own
	IDs       []int32     // the tokens that the encoder read, EOS included
	Tokens    [][]float32 // of each of them, where Options.PerToken asks for them
	InputCut  bool        // the text was longer than the limit and lost its end
}

var errNotFinite = errors.New("embed: the encoder gives NaN or infinite states: its weights are damaged, or training " +
	"diverged: use another checkpoint")

// Embed returns the vectors of a batch of texts, which go into the model as they are: see [inputfile.FromText] of
// package predict for the prefix of a task. Rounding aside they do not depend on the batch.
func (e *Embedder) Embed(ctx context.Context, texts []string) ([]Vectors, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("embed: %w", err)
	}
	all := make([]Vectors, len(texts))
	if len(texts) == 0 {
		return all, nil
	}
	var tokens op.Ragged
	for i, text := range texts {
		all[i].IDs, all[i].InputCut = data.AppendText(nil, e.folder.Tokenizer, text, e.maxInput)
		tokens.Append(all[i].IDs...)
		if e.adapters != nil {
			tokens.Adapters = op.Repeat(tokens.Adapters, e.adapters[i], len(all[i].IDs))
		}
	}
	states := e.network.Encode(e.folder.Model, &tokens)
	for i := range all {
		if err := e.fill(&all[i], states.Slice(int(tokens.Offsets[i]), int(tokens.Offsets[i+1]))); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// fill makes the vectors of a text of its states [tokens, d_model].
func (e *Embedder) fill(v *Vectors, states op.Matrix) error {
	if !e.options.PerToken {
		v.Embedding = e.modules.project(mean(states))
		return e.finish(v.Embedding)
	}
	for t := range states.Rows {
		row := append([]float32(nil), states.Slice(t, t+1).Data...)
		if err := e.finish(row); err != nil {
			return err
		}
		v.Tokens = append(v.Tokens, row)
	}
	return nil
}

// finish normalizes a vector where that is asked for.
func (e *Embedder) finish(v []float32) error {
	if !floats.IsFinite(squares(v)) {
		return errNotFinite
	}
	if e.options.Normalize {
		Normalize(v)
	}
	return nil
}

// Normalize makes the length of a vector 1, as torch.nn.functional.normalize does: one of zeros stays as it is.
func Normalize(v []float32) {
	length := max(math.Sqrt(squares(v)), 1e-12)
	for i := range v {
		v[i] = float32(float64(v[i]) / length)
	}
}

func squares(v []float32) (sum float64) {
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return sum
}

// mean returns the mean of the rows.
func mean(states op.Matrix) []float32 {
	sums := make([]float64, states.Cols)
	for i, x := range states.Data {
		sums[i%states.Cols] += float64(x)
	}
	v := make([]float32, states.Cols)
	for i, sum := range sums {
		v[i] = float32(sum / float64(states.Rows))
	}
	return v
}
