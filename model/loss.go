package model

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"t5train/model/kernel"
	"t5train/model/op"
)

// LossOptions configure LossGraph.
type LossOptions struct {
	Dropout        float32
	ZLoss          float32 // weight of logZ²
	LabelSmoothing float32
	VectorWeight   float32 // of Batch.Vectors beside the cross-entropy of a token; 0 leaves them out
	Gradients      bool    // differentiate: Run adds to the gradient of every parameter
	// compute each block again in the backward pass: a quarter more time, less memory, the same bits
	Recompute bool
}

// LossGraph computes the loss of batches and, if asked for, its gradients. It serves batches of any shape and is not
// safe for concurrent use.
type LossGraph struct {
	model   *T5
	batch   Batch     // of the run
	decoder op.Ragged // inputs
	totals  kernel.Totals
	program *op.Program
}

// LossGraph builds the graph from the embeddings to the cross-entropy.
func (m *T5) LossGraph(w *kernel.Workers, o LossOptions) (*LossGraph, error) {
	if m == nil || m.Shared == nil {
		return nil, fmt.Errorf("build model: %w", ErrNoModel)
	}
	for _, p := range m.Params {
		switch {
		case p.Frozen: // in any type
		case p.Int8 != nil:
			return nil, fmt.Errorf("build model: %w", ErrInt8)
		case p.Halves != nil:
			return nil, fmt.Errorf("build model: %w", ErrBFloat16)
		}
	}
	l := &LossGraph{model: m}
	g := op.NewGraph(w, op.GraphOptions{Dropout: o.Dropout, Recompute: o.Recompute})
	n := Network[*gorgonia.Node]{g}
	encoded := n.Encode(m, &l.batch.Inputs)
	hidden := n.Decode(m, &l.decoder, encoded, &l.batch.Inputs)
	loss := g.CrossEntropy(hidden, m.LMHead, &l.batch.Labels,
		op.LossOptions{Scale: m.Config.LogitScale(), ZLoss: o.ZLoss, LabelSmoothing: o.LabelSmoothing,
			Soft: &l.batch.Soft}, &l.totals)
	if o.VectorWeight > 0 {
		loss = g.VectorLoss(loss, encoded, &l.batch.Inputs, op.MeanOfRows, &l.batch.Vectors, o.VectorWeight, &l.totals)
		loss = g.VectorLoss(loss, hidden, &l.decoder, op.FirstRow, &l.batch.Vectors, o.VectorWeight, &l.totals)
	}
	var err error
	if o.Gradients {
		l.program, err = g.Compile(loss)
	} else {
		l.program, err = g.CompileForward()
	}
	if err != nil {
		return nil, fmt.Errorf("build model: %w", err)
	}
	return l, nil
}

// Run computes the loss of one batch and returns its sums; with gradients they are those of
// step.GradScale * Totals.Loss.
func (l *LossGraph) Run(b Batch, step op.Pass) (kernel.Totals, error) {
	if err := b.Check(l.model.Config.VocabSize); err != nil {
		return kernel.Totals{}, err
	}
	l.batch, l.decoder = b, l.model.Config.DecoderInputs(&b.Labels, l.decoder.IDs)
	if err := l.program.Run(step); err != nil {
		return kernel.Totals{}, fmt.Errorf("run model: %w", err)
	}
	return l.totals, nil
}

// Memory returns the bytes reserved for activations and their gradients, as the largest batch so far needed them.
func (l *LossGraph) Memory() int { return l.program.Memory() }

// Close frees the graph.
func (l *LossGraph) Close() error { return l.program.Close() }
