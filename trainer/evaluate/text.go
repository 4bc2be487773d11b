package evaluate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"t5train/checkpoints"
	"t5train/data"
	"t5train/data/chunks"
	"t5train/data/corpus"
	"t5train/data/dataset"
	"t5train/data/objective"
	"t5train/data/task"
	"t5train/internal/floats"
	"t5train/internal/mmap"
	"t5train/internal/ui"
	"t5train/model/generate"
	"t5train/model/kernel"
	"t5train/trainer/allreduce"
	"t5train/trainer/metric"
)

// TextSet evaluates a model on chunks of text by an objective. The examples are the same at each evaluation and for
// every run, whatever its seed: noise of seed 0 and epoch 0.
type TextSet struct {
	folder    *checkpoints.Folder
	loss      *generate.Loss
	Denoisers []DenoiserChunks
	vocab     objective.Vocabulary
	batchSize int
	filler    *spanFiller // nil without samples
	digest    string      // of the text
	group     *allreduce.Group
}

// DenoiserChunks are the chunks of text that one denoiser makes examples of.
type DenoiserChunks struct {
	Chunks corpus.Sampled
	source data.Source
}

// TextOptions configure NewTextSet.
type TextOptions struct {
	Limit     int // chunks, of all denoisers together; 0 is all
	BatchSize int // examples
	Samples   int // chunks that each evaluation shows
}

// NewTextSet returns the evaluation of a store. Of several denoisers each takes its part of one pass over the text.
func NewTextSet(folder *checkpoints.Folder, o objective.Config, denoisers []objective.Denoiser, s *chunks.Store,
	options TextOptions, w *kernel.Workers) (*TextSet, error) {
	h := &TextSet{folder: folder, loss: generate.NewLoss(folder.Model, w),
		vocab:     objective.VocabularyOf(folder.Tokenizer),
		batchSize: options.BatchSize, digest: filepath.Base(s.Dir())}
	for _, d := range denoisers {
		all, err := corpus.ChunksOf(o.Split, s, d)
		if err != nil {
			return nil, err
		}
		wanted := data.NewSample(all.Len(), options.Limit, dataset.HeldOutSeed).Len()
		size := max(1, int(math.Round(d.Rate*float64(wanted))))
		sampled := corpus.Sampled{All: all, Sample: data.NewSample(all.Len(), size, dataset.HeldOutSeed)}
		h.Denoisers = append(h.Denoisers, DenoiserChunks{sampled, data.NewCorrupted(sampled, d.Objective, 0)})
	}
	if options.Samples > 0 {
		h.filler = newSpanFiller(folder, denoisers, h.Denoisers, options.Samples, w)
	}
	return h, nil
}

// Len returns the number of examples.
func (h *TextSet) Len() int {
	n := 0
	for _, p := range h.Denoisers {
		n += p.Chunks.Len()
	}
	return n
}

// SaySamples notes which chunks are drawn.
func (h *TextSet) SaySamples(c ui.Sink) {
	for _, p := range h.Denoisers {
		dataset.SaySample(c, p.Chunks.Sample, int64(p.Chunks.All.Len()), "chunks", dataset.HeldOutSeed)
	}
}

// Best implements [Set].
func (h *TextSet) Best() string { return task.Loss }

// textTotals are sums over the examples of batches.
type textTotals struct {
	NLL             float64 // of one batch
	Tokens, Correct int
	Spans, Filled   int
	Examples, Text  int64 // text in bytes of UTF-8
}

// add adds the counts of another batch.
func (t *textTotals) add(o textTotals) {
	t.Correct, t.Spans, t.Filled = t.Correct+o.Correct, t.Spans+o.Spans, t.Filled+o.Filled
	t.Examples, t.Text = t.Examples+o.Examples, t.Text+o.Text
}

// Evaluate returns the loss per target token in nats and its perplexity, the loss per byte of the text that the
// examples are made of, given and asked for together, in nats and in bits, the part of the target tokens that the model
// gives the largest probability when it has seen those before, and the share of the spans of which this is so for every
// token and for the end. It is an error if the loss is not finite.
func (h *TextSet) Evaluate(ctx context.Context, done func(n int64)) ([]metric.Value, []string, error) {
	var t textTotals
	var loss metric.Loss
	err := allreduce.Distribute(ctx, h.group,
		func(ctx context.Context, next func(compute func() (textTotals, error)) error) error {
			return h.eachDenoiser(ctx, func(sampled corpus.Sampled, read func() *data.Batch) error {
				return next(func() (textTotals, error) { return h.evaluate(sampled, read()) })
			})
		}, func(of textTotals) error {
			if !floats.IsFinite(of.NLL) {
				return fmt.Errorf("the loss is %g: %w", of.NLL, ErrDiverged)
			}
			t.add(of)
			loss.Add(of.NLL, int64(of.Tokens))
			done(t.Examples)
			return nil
		})
	if err != nil {
		return nil, nil, fmt.Errorf("evaluate: %w", err)
	}
	perByte := loss.Sum() / float64(max(1, t.Text))
	values := append([]metric.Value{{Name: task.Examples, Value: float64(t.Examples)}}, loss.Result()...)
	values = append(values,
		metric.Value{Name: task.LossPerByte, Value: perByte},
		metric.Value{Name: task.BitsPerByte, Value: perByte / math.Ln2},
		metric.Value{Name: task.Bytes, Value: float64(t.Text)},
		metric.Value{Name: task.TokenAccuracy, Value: float64(t.Correct) / float64(loss.Tokens())})
	if t.Spans > 0 {
		values = append(values, metric.Value{Name: task.SpanAccuracy, Value: float64(t.Filled) / float64(t.Spans)})
	}
	if h.filler == nil || !h.group.First() {
		return values, nil, nil
	}
	if h.group.Size() > 1 {
		ctx = context.WithoutCancel(ctx) // the other ranks continue
	}
	shown, err := h.filler.show(ctx)
	return values, shown, err
}

// eachDenoiser is eachBatch for the batches of all denoisers, with the chunks that their examples are made of.
func (h *TextSet) eachDenoiser(ctx context.Context,
	f func(sampled corpus.Sampled, read func() *data.Batch) error) error {
	for _, p := range h.Denoisers {
		err := eachBatch(ctx, p.source, h.batchSize, func(read func() *data.Batch) error { return f(p.Chunks, read) })
		if err != nil {
			return err
		}
	}
	return nil
}

// EachBatch implements [Set].
func (h *TextSet) EachBatch(ctx context.Context, f func(*data.Batch) error) error {
	return h.eachDenoiser(ctx, func(_ corpus.Sampled, read func() *data.Batch) error { return f(read()) })
}

func (h *TextSet) SetGroup(g *allreduce.Group) { h.group = g }

// evaluate returns the totals of a batch.
func (h *TextSet) evaluate(sampled corpus.Sampled, batch *data.Batch) (textTotals, error) {
	totals, err := h.loss.Run(batch.Batch)
	if err != nil {
		return textTotals{}, err
	}
	t := textTotals{NLL: totals.NLL, Tokens: totals.Tokens, Correct: totals.Correct, Examples: int64(batch.Sequences())}
	for s, i := range batch.Index {
		from, to := batch.Labels.Offsets[s], batch.Labels.Offsets[s+1]
		spans, filled := countSpans(h.vocab, batch.Labels.IDs[from:to], totals.Hits[from:to])
		t.add(textTotals{Spans: spans, Filled: filled, Text: int64(sampled.Bytes(i))})
	}
	return t, nil
}

// countSpans returns the spans of a target and how many of them are predicted exactly: each token, and the sentinel or
// EOS that ends the span. A target without sentinels has none.
func countSpans(v objective.Vocabulary, target []int32, hits []bool) (spans, filled int) {
	tokens, right, sentinels := 0, true, 0
	for i, id := range target {
		right = right && hits[i]
		sentinel := objective.IsSentinel(v, id)
		if !sentinel && id != v.EOS {
			tokens++
			continue
		}
		if sentinel {
			sentinels++
		}
		if tokens > 0 {
			spans++
			if right {
				filled++
			}
		}
		tokens, right = 0, true
	}
	if sentinels == 0 {
		return 0, 0
	}
	return spans, filled
}

// evaluateText is Evaluate by the objective that a checkpoint was pre-trained with.
func evaluateText(ctx context.Context, folder *checkpoints.Folder, o Options) ([]metric.Value, error) {
	h, done, err := newTextEvaluation(ctx, folder, o)
	if done != nil {
		defer done()
	}
	if err := o.Group.Agree(err); err != nil {
		return nil, err
	}
	if err := o.Group.Same(map[string]string{"text": h.digest, "number of examples": strconv.Itoa(h.Len()),
		"batch size": strconv.Itoa(o.BatchSize)}); err != nil {
		return nil, err
	}
	h.SetGroup(o.Group)
	progress := ui.Start(o.Sink, "evaluate", "examples", int64(h.Len()))
	defer progress.Stop()
	var values []metric.Value
	err = mmap.Guard(func() error {
		values, _, err = h.Evaluate(ctx, progress.Set)
		return err
	})
	return values, err
}

// newTextEvaluation reads what evaluateText works with, which is there until done is called.
func newTextEvaluation(ctx context.Context, folder *checkpoints.Folder, o Options) (h *TextSet, done func(),
	err error) {
	if len(o.Task.TextColumns) > 1 {
		return nil, nil, fmt.Errorf("evaluate: got %d text columns, want one: the checkpoint is pre-trained on plain "+
			"text",
			len(o.Task.TextColumns))
	}
	if keys := o.ofTasks(); len(keys) > 0 {
		return nil, nil, fmt.Errorf("evaluate: the checkpoint is pre-trained on plain text, and its objective says "+
			"all about inputs and targets: leave out %s, or name a task with task.name", strings.Join(keys, ", "))
	}
	denoisers, err := folder.Info.Objective.Denoisers(folder.Tokenizer)
	if err != nil {
		return nil, nil, fmt.Errorf("evaluate: %w", err)
	}
	ui.Say(o.Sink, "objective", "%s, as in pre-training", folder.Info.Objective.Name)
	s, remove, err := evaluationTokens(ctx, folder, o)
	if err != nil {
		return nil, nil, err
	}
	done = func() {
		_ = s.Close() // it was read only
		_ = remove()  // what is left of a temporary folder is for the system
	}
	h, err = NewTextSet(folder, *folder.Info.Objective, denoisers, s,
		TextOptions{Limit: o.MaxExamples, BatchSize: o.BatchSize}, kernel.NewWorkers(o.Threads))
	if err == nil {
		h.SaySamples(o.Sink)
	}
	return h, done, err
}

// evaluationTokens opens the tokens of the data in o.Tokens, or else in a temporary folder, which remove removes. Where
// files in use can be removed, that is done at once, so that nothing of the text stays behind when the process is
// killed.
func evaluationTokens(ctx context.Context, folder *checkpoints.Folder, o Options) (s *chunks.Store, remove func() error,
	err error) {
	options := corpus.TokensOptions{Data: o.Data, TextColumn: corpus.Column(o.Task.TextColumns), Output: o.Tokens,
		Threads: o.Threads, Sink: o.Sink, Wanted: dataset.ForEvaluation}
	if o.Tokens != "" {
		s, err = corpus.OpenTokens(ctx, folder.Tokenizer, options)
		return s, func() error { return nil }, err
	}
	if options.Output, err = os.MkdirTemp("", "t5train-tokens-"); err != nil {
		return nil, nil, fmt.Errorf("evaluate: %w", err)
	}
	options.Temporary = true
	s, err = corpus.OpenTokens(ctx, folder.Tokenizer, options)
	remove = func() error { return os.RemoveAll(options.Output) }
	removeErr := remove() // fails where files in use stay, which is tried again
	if err != nil {
		return nil, nil, errors.Join(err, removeErr)
	}
	return s, remove, nil
}

// ofTasks returns the keys of the options that are set and say nothing about plain text.
func (o Options) ofTasks() (keys []string) {
	t := o.Task
	for _, k := range []struct {
		key string
		set bool
	}{
		{"task.prefix", t.Prefix != nil}, {"task.labels", len(t.LabelTexts) > 0}, {"task.template", t.Template != ""},
		{"task.source_language", t.SourceLanguage != ""}, {"task.target_language", t.TargetLanguage != ""},
		{"task.label_column", t.LabelColumn != ""}, {"task.target_column", t.TargetColumn != ""},
		{"task.target_template", t.TargetTemplate != ""}, {"task.metrics", len(t.Metrics) > 0},
		{"evaluate.max_input_length", o.MaxInputLength > 0}, {"evaluate.max_target_length", o.MaxTargetLength > 0},
	} {
		if k.set {
			keys = append(keys, k.key)
		}
	}
	return keys
}
