package trainer

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"t5train/configs"
	"t5train/data"
	"t5train/data/objective"
	"t5train/data/store"
	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/internal/random"
	"t5train/model/kernel"
)

// Pretrain trains a model, from random weights or from a checkpoint, on the text of parquet files by the objective of
// the configuration, or on a mixture of corpora and tasks. Everything else is as with [Finetune].
func Pretrain(ctx context.Context, config *configs.Config, o FinetuneOptions) (*Result, error) {
	if !config.Pretraining() {
		return nil, errors.New("pre-train: the configuration names no objective: set objective.name, such as span_corruption")
	}
	return train(ctx, config, o, readText)
}

// textPart is the name under which the corpus of data.train is read.
const textPart = "text"

// partsOf returns the parts of a mixture; data.train alone is a mixture of one.
func partsOf(d configs.Data) []configs.Part {
	if len(d.Mixture) > 0 {
		return d.Mixture
	}
	return []configs.Part{corpus(textPart, d.Train, d.TextColumn)}
}

// corpus is a part of plain text; column "" is found from the schema.
func corpus(name string, files []string, column string) configs.Part {
	p := configs.Part{Name: name, Train: files, Task: textPart}
	if column != "" {
		p.TextColumns = []string{column}
	}
	return p
}

// readText opens the token stores, makes those that are missing, and notes the objective in the bundle.
func readText(ctx context.Context, c *configs.Config, b *Bundle, was map[string]string, w *kernel.Workers, console *Console) (_ *material, err error) {
	o := objectiveOf(c)
	denoisers, err := o.denoisers(b.Tokenizer)
	if err != nil {
		return nil, err
	}
	r := &textReader{config: c, bundle: b, objective: o, denoisers: denoisers, was: was, threads: w.Threads(), console: console}
	r.say()
	if err := r.checkBudget(); err != nil {
		return nil, err
	}
	b.Info.Objective = &o
	b.Info.MaxInputLength, b.Info.MaxTargetLength = longest(denoisers)
	m := &material{}
	defer func() {
		if err != nil {
			m.close()
		}
	}()
	if err := r.readTrain(ctx, m); err != nil {
		return nil, err
	}
	if len(c.Data.Validation) == 0 {
		console.Say(noValidation)
		return m, nil
	}
	s, held, err := r.open(ctx, m, "data.validation", c.Data.Validation, forValidation, c.Data.TextColumn)
	if err != nil {
		if !errors.Is(err, errOtherData) {
			err = fmt.Errorf("read data.validation: %w", err)
		}
		return nil, err
	}
	warnShared(console, r.files, held)
	h, err := newHeldOutText(b, o, denoisers, s, heldOutOptions{limit: c.Data.MaxValidationExamples, batchSize: c.Eval.BatchSize, samples: c.Eval.Samples}, w)
	if err != nil {
		return nil, err
	}
	m.heldOut = h
	console.Say("validation: %s pieces of text", grouped(h.Len()))
	h.saySamples(console)
	if slices.ContainsFunc(h.parts, func(p heldOutPart) bool { return !p.pieces.sample.All() }) {
		m.note("data.validation, sample", sampleDigest(heldOutSeed))
	}
	return m, nil
}

// sampleDigest tells samples of a token store apart. A run of a version that took the first pieces has none.
func sampleDigest(seed uint64) string { return fmt.Sprintf("sample of seed %d", seed) }

// textReader reads what a run of pre-training trains on.
type textReader struct {
	config    *configs.Config
	bundle    *Bundle
	objective Objective
	denoisers []objective.Denoiser
	was       map[string]string // digests of what a run that goes on has trained on
	threads   int
	console   *Console
	files     []usedFile // to train on
}

// say tells what the objective makes of text.
func (r *textReader) say() {
	r.console.Say("objective: %s", r.objective.Name)
	for _, d := range r.denoisers {
		l, part := d.Objective.Lengths(), ""
		if len(r.denoisers) > 1 {
			part = fmt.Sprintf("%s, %.1f %% of the examples: ", d.Name, 100*d.Rate)
		}
		r.console.Say("  %s%d tokens of text make up to %d input and %d target tokens", part, l.Tokens, l.Inputs, l.Targets)
	}
}

// checkBudget makes sure that the longest example fits into a batch.
func (r *textReader) checkBudget() error {
	budget := r.config.Train.BatchTokens
	if budget == 0 {
		return nil
	}
	most := 0
	for _, d := range r.denoisers {
		l := d.Objective.Lengths()
		most = max(most, l.Inputs+l.Targets)
	}
	for _, p := range r.config.Data.Mixture {
		if p.Task != textPart {
			most = max(most, r.config.Data.MaxInputLength+r.config.Data.MaxTargetLength)
		}
	}
	if budget < most {
		return fmt.Errorf("train.batch_tokens: got %d, want >= %d, the input and target tokens of the longest example: raise it, or lower objective.input_length", budget, most)
	}
	return nil
}

// readTrain fills in what the run trains on.
func (r *textReader) readTrain(ctx context.Context, m *material) error {
	c := r.config
	seed := uint64(c.Train.Seed)
	var sources []data.Source
	for i, p := range partsOf(c.Data) {
		source, err := r.source(ctx, m, p, noiseSeed(seed, i))
		if err != nil {
			return r.inPart(p, err)
		}
		sources = append(sources, source)
	}
	if len(c.Data.Mixture) == 0 {
		m.train = sources[0]
		r.console.Say("train: %s pieces of text", grouped(m.train.Len()))
		return nil
	}
	mixture, err := mix(c, sources, r.console)
	if err != nil {
		return err
	}
	m.train = mixture
	return nil
}

// noiseSeed is the seed of the noise of a corpus by its number: piece i of one is not to have the gaps of piece i of
// another. The first has that of a run without a mixture.
func noiseSeed(seed uint64, corpus int) uint64 {
	if corpus == 0 {
		return seed
	}
	draw := random.New(seed, uint64(corpus))
	return draw.Uint64()
}

// source opens one part.
func (r *textReader) source(ctx context.Context, m *material, p configs.Part, seed uint64) (data.Source, error) {
	limit := r.config.Data.MaxTrainExamples
	if p.Task == textPart {
		s, files, err := r.open(ctx, m, r.key(p), p.Train, forTraining, column(p.TextColumns))
		if err != nil {
			return nil, err
		}
		r.files = append(r.files, files...)
		m.tokens += s.Manifest().Tokens
		return sourceOf(r.objective.Split, s, r.denoisers, func(pieces int) data.Sample {
			by := uint64(r.config.Train.Seed)
			sample := data.NewSample(pieces, limit, by)
			if !sample.All() {
				m.note("data.train, sample", sampleDigest(by))
			}
			saySample(r.console, sample, int64(pieces), "pieces of "+p.Name, by)
			return sample
		}, seed)
	}
	reader := rowsReader{r.config, r.bundle, r.threads, r.console}
	open, err := reader.open(ctx, taskData{part: p.Name, task: p.AsTask(), train: p.Train})
	if err != nil {
		return nil, err
	}
	read, err := reader.buildTrain(ctx, open, p.Name)
	if err != nil {
		return nil, err
	}
	info := &r.bundle.Info
	if info.Tasks == nil {
		info.Tasks = map[string]task.Spec{}
	}
	info.Tasks[p.Name], info.TaskMaxInput, info.TaskMaxTarget = read.spec, r.config.Data.MaxInputLength, r.config.Data.MaxTargetLength
	m.note(r.key(p), read.train.Digest())
	r.files = append(r.files, filesOf(open.train.Dataset, r.key(p), nil)...)
	return read.train, nil
}

// open opens the token store of what a key names, notes it in m, which closes it, and returns the files that it is of. Text
// that a run cannot go on with is not tokenized.
func (r *textReader) open(ctx context.Context, m *material, key string, patterns, wanted []string, column string) (*store.Store, []usedFile, error) {
	set, err := openData(patterns, wanted)
	if err != nil {
		return nil, nil, err
	}
	s, err := openTokens(ctx, set, r.bundle.Tokenizer, TokensOptions{
		Data: patterns, TextColumn: column, Output: tokensOf(r.config), Threads: r.threads, Console: r.console, expect: r.was[key],
	})
	if errors.Is(err, store.ErrOther) {
		return nil, nil, fmt.Errorf("resume: %s has other files than when the run began: their bytes decide, also where the same text was written anew: %w", key, errOtherData)
	}
	if err != nil {
		return nil, nil, err
	}
	if len(r.config.Data.Validation) == 0 {
		sayHeldOut(r.console, set)
	}
	m.closers = append(m.closers, s.Close)
	m.note(key, filepath.Base(s.Dir())) // it changes with what is in it
	return s, filesOf(set, key, s.Manifest().Files), nil
}

// tokensName is the folder of a run that holds its token stores, unless data.tokens names another one.
const tokensName = "tokens"

// tokensOf returns the folder of the token stores.
func tokensOf(c *configs.Config) string {
	if c.Data.Tokens != "" {
		return c.Data.Tokens
	}
	return filepath.Join(c.Output, tokensName)
}

// inPart says in which entry of a mixture something is wrong.
func (r *textReader) inPart(p configs.Part, err error) error {
	if len(r.config.Data.Mixture) == 0 || errors.Is(err, errOtherData) { // which says it
		return err
	}
	return fmt.Errorf("%s: %w (the columns of an entry are its own keys)", r.key(p), err)
}

// key says where a part stands in the configuration.
func (r *textReader) key(p configs.Part) string {
	if len(r.config.Data.Mixture) == 0 {
		return "data.train"
	}
	return partKey(p.Name)
}

// column returns the column of a corpus that names at most one, "" if it names none.
func column(columns []string) string {
	if len(columns) > 0 {
		return columns[0]
	}
	return ""
}

// checkText is Check for pre-training: every corpus and task has its columns, and the objective suits the tokenizer.
// tok is nil where the model has none that can be read.
func checkText(ctx context.Context, c *configs.Config, tok *tokenizer.Tokenizer, console *Console) (errs []error) {
	r := &textReader{config: c, objective: objectiveOf(c), console: console}
	for _, p := range partsOf(c.Data) {
		if err := r.checkPart(ctx, p, forTraining); err != nil {
			errs = append(errs, r.inPart(p, err))
		}
	}
	if len(c.Data.Validation) > 0 {
		if err := r.checkPart(ctx, corpus("validation", c.Data.Validation, c.Data.TextColumn), forValidation); err != nil {
			errs = append(errs, fmt.Errorf("data.validation: %w", err))
		}
	}
	if tok == nil {
		return errs
	}
	var err error
	if r.denoisers, err = r.objective.denoisers(tok); err == nil {
		err = r.checkBudget()
	}
	return append(errs, err)
}

func (r *textReader) checkPart(ctx context.Context, p configs.Part, wanted []string) error {
	if p.Task != textPart {
		table, err := openTable(p.Train, wanted, 0, 0)
		if err == nil {
			_, err = table.infer(ctx, taskOptions(p.AsTask()), r.console)
		}
		return err
	}
	set, err := openData(p.Train, wanted)
	if err != nil {
		return err
	}
	_, said, err := task.InferText(set.Columns(), column(p.TextColumns))
	if err != nil {
		return withConflicts(err, set)
	}
	r.console.Say("  %s: %s", p.Name, said)
	return nil
}
