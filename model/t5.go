package model

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"t5train/model/kernel"
	"t5train/model/op"
)

// T5 is a T5ForConditionalGeneration: an embedding, two stacks and the lm_head.
type T5 struct {
	Config  Config
	Shared  *op.Param // [vocab_size, d_model]
	Encoder Stack
	Decoder Stack
	LMHead  *op.Param // [vocab_size, d_model]; Shared when tied

	Params []*op.Param // all of them, in the order of the modules

	params params
}

// New returns a model whose parameters are zeros.
func New(c Config) (*T5, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("build model: %w", err)
	}
	return build(c, params{}), nil
}

// build adds the parameters to p.
func build(c Config, p params) *T5 {
	m := &T5{Config: c, params: p}
	m.Shared = m.params.add("shared.weight", normal(1), c.VocabSize, c.DModel)
	m.Encoder = newStack(&m.params, "encoder", c, c.NumLayers, false)
	m.Decoder = newStack(&m.params, "decoder", c, c.NumDecoderLayers, true)
	m.LMHead = m.Shared
	if !c.TieWordEmbeddings {
		m.LMHead = m.params.add("lm_head.weight", truncated(inverseSqrt(c.DModel)), c.VocabSize, c.DModel)
	}
	m.Params = m.params.list
	return m
}

// Init draws all parameters by the rules of T5X; the same seed gives the same model.
func (m *T5) Init(seed uint64) { m.params.initialize(seed) }

// LossOptions configure LossGraph.
type LossOptions struct {
	Dropout        float32
	ZLoss          float32 // weight of logZ²
	LabelSmoothing float32
	Gradients      bool // differentiate: Run adds to the gradient of every parameter
	Recompute      bool // compute each block again in the backward pass: a quarter more time, less memory, the same bits
}

// LossGraph computes the loss of batches and, if asked for, its gradients. It serves batches of any shape and is for
// one goroutine at a time.
type LossGraph struct {
	model            *T5
	encoder, decoder op.Ragged
	labels           op.Ragged
	totals           kernel.Totals
	program          *op.Program
}

// LossGraph builds the graph from the embeddings to the cross-entropy.
func (m *T5) LossGraph(w *kernel.Workers, o LossOptions) (*LossGraph, error) {
	if m == nil || m.Shared == nil {
		return nil, fmt.Errorf("build model: %w", ErrNoModel)
	}
	if m.Int8() {
		return nil, fmt.Errorf("build model: %w", ErrInt8)
	}
	l := &LossGraph{model: m}
	g := op.NewGraph(w)
	hidden := l.hidden(g, o, nil)
	loss := g.CrossEntropy(hidden, g.Param(m.LMHead), g.Input("labels", &l.labels),
		op.LossOptions{Scale: m.Config.LogitScale(), ZLoss: o.ZLoss, LabelSmoothing: o.LabelSmoothing}, &l.totals)
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

// hidden adds encoder and decoder to g and returns the decoder's output; with capture set it is also given the
// encoder's.
func (l *LossGraph) hidden(g *op.Graph, o LossOptions, capture *[]float32) *gorgonia.Node {
	m := l.model
	shared := g.Param(m.Shared)
	encoder := m.Encoder.forward(g, shared, g.Input("input_ids", &l.encoder),
		stackInput{tokens: &l.encoder, dropout: o.Dropout, recompute: o.Recompute})
	if capture != nil {
		g.Capture(encoder, capture)
	}
	return m.Decoder.forward(g, shared, g.Input("decoder_input_ids", &l.decoder),
		stackInput{tokens: &l.decoder, encoder: encoder, encoderTokens: &l.encoder, dropout: o.Dropout, recompute: o.Recompute})
}

// Run computes the loss of one batch and returns its sums; with gradients they are those of
// step.GradScale * Totals.Loss.
func (l *LossGraph) Run(b Batch, step op.Step) (kernel.Totals, error) {
	if err := b.Check(l.model.Config.VocabSize); err != nil {
		return kernel.Totals{}, err
	}
	l.encoder = op.Ragged{IDs: b.EncoderIDs, Offsets: b.EncoderOffsets, Hidden: b.EncoderHidden}
	l.decoder = op.Ragged{IDs: b.DecoderIDs, Offsets: b.DecoderOffsets, Hidden: b.DecoderHidden}
	l.labels = op.Ragged{IDs: b.Labels, Offsets: b.DecoderOffsets}
	if err := l.program.Run(step); err != nil {
		return kernel.Totals{}, fmt.Errorf("run model: %w", err)
	}
	return l.totals, nil
}

// Memory returns the bytes reserved for activations and their gradients, as the largest batch so far needed them.
func (l *LossGraph) Memory() int { return l.program.Memory() }

// Close frees the graph.
func (l *LossGraph) Close() error { return l.program.Close() }
