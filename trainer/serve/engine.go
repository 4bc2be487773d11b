package serve

import (
	"context"
	"errors"
	"iter"
	"net/http"

	"t5train/data/objective"
	"t5train/data/task"
	"t5train/trainer/embed"
	"t5train/trainer/predict/inputfile"
	"t5train/trainer/serve/progress"
	"t5train/trainer/serve/protocol"
	"t5train/trainer/serve/request"
)

// engine answers one request of a protocol.
type engine struct {
	served
	x *exchange
}

// Model implements protocol.Engine.
func (e engine) Model() protocol.Model {
	o, p := e.options, e.profile
	return protocol.Model{
		Name: e.called, Version: version(), Started: e.started, Task: p.task, DType: p.dtype,
		Dimensions: p.dimensions,
		Samples:    o.Generation.Sampling != nil, Beams: max(1, o.Generation.Beams),
		MaxInputs: o.MaxInputs, MaxInput: p.maxInput, MaxOutput: o.MaxOutputLength, MaxSequences: o.MaxBeams,
		Queue: o.Queue,
	}
}

// CheckKey implements protocol.Engine.
func (e engine) CheckKey(key string) error {
	if e.x.authorized || e.options.Keys.Has(key) {
		e.x.authorized = true
		return nil
	}
	return errKey
}

// Named implements protocol.Engine.
func (e engine) Named(name string) protocol.Engine {
	if m, ok := e.Server.named(name); ok {
		return engine{m, e.x}
	}
	return nil
}

// Names implements protocol.Engine.
func (e engine) Names() []string { return e.names() }

// decodes refuses to generate with an encoder.
func (s served) decodes() error {
	if s.profile.encoder {
		return request.New(http.StatusNotFound, "no_decoder",
			"the model is an encoder alone, which writes nothing: ask /v1/embeddings")
	}
	return nil
}

// generation is what a protocol asks for, with its job.
type generation struct {
	protocol.Generation
	job *job
}

// prepare checks what a protocol asks for, and makes a job of it. watched says that somebody wants to see its tokens.
func (e engine) prepare(g protocol.Generation, watched bool) (*generation, error) {
	if err := e.decodes(); err != nil {
		return nil, err
	}
	options, err := e.generateOptions(g.Options)
	if err != nil {
		return nil, err
	}
	inputs, err := e.inputsOf(e.profile.task, g, e.profile.maxInput)
	if err != nil {
		return nil, err
	}
	made := &generation{Generation: g, job: e.generateJob(g.Options, inputs, options)}
	if options.Beams <= 1 && (watched || g.Tokens || len(g.Stop) > 0) {
		tok := e.profile.tokenizer
		vocabulary := objective.VocabularyOf(tok)
		spans := make([]bool, len(inputs)) // as predict shows them
		for i, in := range inputs {
			spans[i] = objective.HasSentinel(vocabulary, tok.Encode(in.text))
		}
		made.job.watch = progress.New(len(inputs), max(1, options.NumReturnSequences),
			progress.Options{Tokenizer: tok, Spans: spans, Stop: g.Stop, KeepStop: g.KeepStop, Tokens: g.Tokens})
	}
	return made, nil
}

// inputsOf makes inputs of texts, by the rule of a task.
func (e engine) inputsOf(spec task.Spec, g protocol.Generation, limit int) ([]input, error) {
	made := make([]string, len(g.Inputs))
	for i, text := range g.Inputs {
		in, err := inputfile.FromText(spec, text)
		if err != nil {
			return nil, request.Invalid("%s: %v", g.Place(i), err)
		}
		made[i] = in.Text
	}
	return e.measure(made, limit, g.Truncate, func(i, tokens int) error {
		return request.New(http.StatusUnprocessableEntity, "context_length_exceeded",
			"%s has %d tokens, want at most %d: shorten it", g.Place(i), tokens, limit).Of(g.Name)
	})
}

// Generate implements protocol.Engine.
func (e engine) Generate(asked protocol.Generation) ([]protocol.Answer, error) {
	g, err := e.prepare(asked, false)
	if err != nil {
		return nil, err
	}
	results, err := e.run(e.x, g.job)
	if err != nil {
		return nil, err
	}
	answers := make([]protocol.Answer, len(results))
	for i, r := range results {
		answers[i].InputTokens = g.job.inputs[i].tokens
		if g.job.watch != nil {
			answers[i].Sequences = watched(g, i)
		} else {
			answers[i].Sequences = sequencesOf(g, r)
		}
		for _, s := range answers[i].Sequences {
			e.x.tokensOut += s.Count
		}
	}
	return answers, nil
}

// watched returns the sequences of an input whose tokens were watched, the best first.
func watched(g *generation, input int) []protocol.Sequence {
	var sequences []protocol.Sequence
	for _, t := range g.job.watch.Tellers(input) {
		if d, ok := t.Next(); ok && d.Sequence != nil {
			sequences = append(sequences, *d.Sequence)
		}
	}
	progress.Best(sequences)
	return sequences
}

// sequencesOf returns the sequences that a model has answered with.
func sequencesOf(g *generation, a answer) []protocol.Sequence {
	sequences := make([]protocol.Sequence, len(a.generated.Sequences))
	for k, q := range a.generated.Sequences {
		s := protocol.Sequence{Count: q.Tokens, LogProb: q.LogProb, End: protocol.EOS}
		var stopped bool
		switch s.Text, stopped = progress.CutAt(q.Text, g.Stop, g.KeepStop); {
		case stopped:
			s.End = protocol.Stopped
		case q.Truncated:
			s.End = protocol.Length
		}
		sequences[k] = s
	}
	return sequences
}

// Stream implements protocol.Engine.
func (e engine) Stream(asked protocol.Generation) iter.Seq2[protocol.Delta, error] {
	return func(yield func(protocol.Delta, error) bool) {
		if err := e.stream(asked, func(d protocol.Delta) bool { return yield(d, nil) }); err != nil {
			yield(protocol.Delta{}, err)
		}
	}
}

// stream calls yield with the deltas of a generation until it returns false.
func (e engine) stream(asked protocol.Generation, yield func(protocol.Delta) bool) error {
	g, err := e.prepare(asked, true)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(e.x.Context())
	defer cancel(errStreamed) // what is left of the job is for nobody then
	if err := e.enqueue(ctx, e.x, g.job); err != nil {
		return err
	}
	send := func(d protocol.Delta) bool {
		d.InputTokens = g.job.inputs[d.Input].tokens
		if d.Sequence != nil {
			e.x.tokensOut += d.Sequence.Count
		}
		return yield(d)
	}
	if g.job.watch == nil {
		return e.whole(g, send)
	}
	var open []*progress.Teller
	for i := range g.job.inputs {
		open = append(open, g.job.watch.Tellers(i)...)
	}
	for ended := false; len(open) > 0; {
		select {
		case <-g.job.watch.Changed():
		case <-g.job.done:
			if g.job.err != nil {
				return g.job.err
			}
			if ended { // a second time, and still something is not told
				if err := context.Cause(e.x.Context()); err != nil { // the client has gone, so its sequences ended early
					return err
				}
				return errors.New("stream: a sequence has no end")
			}
			ended = true
		case <-ctx.Done():
			e.metrics.Abandoned.Add(e.queue.remove(g.job))
			return context.Cause(ctx)
		}
		left := open[:0]
		for _, t := range open {
			if d, ok := t.Next(); ok && !send(d) {
				return nil
			}
			if !t.Done() {
				left = append(left, t)
			}
		}
		open = left
	}
	e.x.queued = g.job.queued
	return nil
}

// errStreamed ends the context of a job whose stream is complete, or whose client is gone.
var errStreamed = errors.New("the stream has ended")

// whole yields the outputs of a beam search.
func (e engine) whole(g *generation, yield func(protocol.Delta) bool) error {
	results, err := e.await(g.job)
	if err != nil {
		return err
	}
	e.x.queued = g.job.queued
	for i, r := range results {
		for n, s := range sequencesOf(g, r) {
			if !yield(protocol.Delta{Input: i, Number: n, Text: s.Text, Sequence: &s}) {
				return nil
			}
		}
	}
	return nil
}

// Embed implements protocol.Engine.
func (e engine) Embed(g protocol.Generation) ([]protocol.Vector, error) {
	p := e.profile
	inputs, err := e.inputsOf(p.embedTask, g, p.maxEmbed)
	if err != nil {
		return nil, err
	}
	results, err := e.run(e.x, &job{key: "embed", inputs: inputs, rows: 1,
		compute: func(ctx context.Context, m model, b batch) ([]answer, error) {
			vectors, err := m.Embed(ctx, b.texts())
			answers := make([]answer, len(vectors))
			for i, v := range vectors {
				answers[i].vector = v.Embedding
			}
			return answers, err
		},
	})
	if err != nil {
		return nil, err
	}
	vectors := make([]protocol.Vector, len(results))
	for i, r := range results {
		if g.Normalize {
			embed.Normalize(r.vector)
		}
		vectors[i] = protocol.Vector{Values: r.vector, Tokens: inputs[i].tokens}
	}
	return vectors, nil
}
