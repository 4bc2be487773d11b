package embed

import (
	"context"
	"slices"

	"t5train/data/task"
	"t5train/trainer/predict"
	"t5train/trainer/predict/inputfile"
)

// Answer is the line of one input.
type Answer struct {
	Input     string      `json:"input"`
	Embedding []float32   `json:"embedding,omitempty"`
	Tokens    []string    `json:"tokens,omitempty"`           // their pieces
	States    [][]float32 `json:"token_embeddings,omitempty"` // of the tokens
	InputCut  bool        `json:"truncated_input,omitempty"`

	Kept inputfile.Kept `json:"-"` // columns of the input, whose fields follow that of the input
}

// Row is a row of parquet: of an input, or of one of its tokens.
type Row struct {
	Input     string    `parquet:"input,zstd"`
	Position  *int      `parquet:"position,optional"` // of a token, from 0
	Token     *string   `parquet:"token,optional,dict"`
	Embedding []float32 `parquet:"embedding,list"`
	InputCut  bool      `parquet:"truncated_input"`
}

// MarshalJSON implements json.Marshaler.
func (a Answer) MarshalJSON() ([]byte, error) {
	type plain Answer
	return predict.MarshalKept(plain(a), a.Input, a.Kept)
}

// Rows returns the rows of an answer.
func (a Answer) Rows() []Row {
	if a.Embedding != nil {
		return []Row{{Input: a.Input, Embedding: a.Embedding, InputCut: a.InputCut}}
	}
	var rows []Row
	for i := range a.States {
		rows = append(rows, Row{a.Input, &i, &a.Tokens[i], a.States[i], a.InputCut})
	}
	return rows
}

// madeBy is what decides about vectors besides the weights: see predict's.
type madeBy struct {
	Task           task.Spec        `json:"task"`
	MaxInputLength int              `json:"max_input_length"`
	PerToken       bool             `json:"per_token,omitempty"`
	Normalize      bool             `json:"normalize,omitempty"`
	Dense          []string         `json:"dense,omitempty"` // digests
	Keep           []inputfile.Keep `json:"keep,omitempty"`
}

func (e *Embedder) madeBy(keep []inputfile.Keep) madeBy {
	made := madeBy{Task: e.spec, MaxInputLength: e.maxInput, PerToken: e.options.PerToken,
		Normalize: e.options.Normalize, Keep: keep}
	for _, d := range e.modules.dense {
		made.Dense = append(made.Dense, d.digest)
	}
	return made
}

// File writes the vectors of inputs, in order. Of the options it reads BatchSize and Sink.
func (e *Embedder) File(ctx context.Context, in inputfile.Source, out predict.Output, o predict.FileOptions) error {
	if err := inputfile.Say(ctx, o.Sink, in.Path, in.Format); err != nil {
		return err
	}
	total, err := in.Count(ctx, e.spec.TextColumns)
	if err != nil {
		return err
	}
	made := e.madeBy(in.Keep)
	var cuts predict.Cuts
	err = predict.WriteAnswers(
		ctx,
		out,
		func() (predict.Job, error) { return predict.JobOf(e.folder, "embed", out.Format, made) },
		predict.Stream[inputfile.Input, Answer]{
			Read: func(yield func(inputfile.Input) error) error { return in.Read(ctx, e.spec, yield) },
			Answer: func(ctx context.Context, _ int64, batch []inputfile.Input) ([][]Answer, error) {
				answers, err := e.answers(ctx, batch, &cuts)
				return slices.Collect(slices.Chunk(answers, 1)), err
			},
			Total: total, BatchSize: o.BatchSize, Beginnings: inputfile.Input.Beginnings, What: "embed", Sink: o.Sink,
		},
		predict.FormsOf(in.Keep, Answer.Rows),
	)
	if err == nil {
		cuts.ReportInputs(o.Sink, e.maxInput)
	}
	return err
}

// answers returns the lines of a batch.
func (e *Embedder) answers(ctx context.Context, batch []inputfile.Input, cuts *predict.Cuts) ([]Answer, error) {
	texts := make([]string, len(batch))
	for i, in := range batch {
		texts[i] = in.Text
	}
	vectors, err := e.Embed(ctx, texts)
	if err != nil {
		return nil, err
	}
	answers := make([]Answer, len(batch))
	for i, v := range vectors {
		answers[i] = Answer{Input: batch[i].Shown, Embedding: v.Embedding, States: v.Tokens, InputCut: v.InputCut,
			Kept: batch[i].Kept}
		if cuts.Answered++; v.InputCut {
			cuts.Inputs++
		}
		for t := range v.Tokens {
			answers[i].Tokens = append(answers[i].Tokens, e.folder.Tokenizer.Piece(v.IDs[t]))
		}
	}
	return answers, nil
}
