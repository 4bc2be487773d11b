package setup

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/data"
	"t5train/data/chunks"
	"t5train/data/corpus"
	"t5train/data/dataset"
	"t5train/data/objective"
	"t5train/data/parquetio"
	"t5train/data/task"
	"t5train/data/task/infer"
	"t5train/data/tokenizer"
	"t5train/internal/random"
	"t5train/internal/ui"
	"t5train/model/kernel"
	"t5train/trainer/evaluate"
)

// readText opens the token stores, makes those that are missing, and notes the objective in the folder.
func readText(ctx context.Context, c *configs.Config, b *checkpoints.Folder, was map[string]string, w *kernel.Workers,
	sink ui.Sink) (_ *Datasets, err error) {
	o := c.Objective.Config(c.Data.Split)
	denoisers, err := o.Denoisers(b.Tokenizer)
	if err != nil {
		return nil, err
	}
	r := &textReader{config: c, folder: b, objective: o, denoisers: denoisers, was: was, threads: w.Threads(),
		sink: sink}
	r.say()
	if err := r.checkBudget(); err != nil {
		return nil, err
	}
	b.Info.Objective = &o
	b.Info.MaxInputLength, b.Info.MaxTargetLength = objective.Longest(denoisers)
	m := &Datasets{}
	defer func() {
		if err != nil {
			m.Close()
		}
	}()
	if err := r.readTrain(ctx, m); err != nil {
		return nil, err
	}
	if len(c.Data.Validation) == 0 {
		ui.Say(sink, "", noValidation)
		return m, nil
	}
	var s *chunks.Store
	var held []corpus.UsedFile
	set, err := dataset.OpenData(ctx, c.Data.Validation, dataset.ForValidation)
	if err == nil {
		s, held, err = r.open(ctx, m, "data.validation", set, c.Data.Validation, c.Data.TextColumn)
	}
	if err != nil {
		if !errors.Is(err, ErrOtherData) {
			err = fmt.Errorf("read data.validation: %w", err)
		}
		return nil, err
	}
	corpus.WarnShared(sink, r.files, held)
	h, err := evaluate.NewTextSet(b, o, denoisers, s, evaluate.TextOptions{Limit: c.Data.MaxValidationExamples,
		BatchSize: c.Eval.BatchSize, Samples: c.Eval.Samples}, w)
	if err != nil {
		return nil, err
	}
	m.HeldOut = h
	ui.Say(sink, "validation", "%s chunks of text", ui.Grouped(h.Len()))
	h.SaySamples(sink)
	if slices.ContainsFunc(h.Denoisers, func(p evaluate.DenoiserChunks) bool { return !p.Chunks.Sample.All() }) {
		m.AddDigest("data.validation, sample", sampleDigest(dataset.HeldOutSeed))
	}
	return m, nil
}

// sampleDigest tells samples of a token store apart. A run of a version that took the first chunks has none.
func sampleDigest(seed uint64) string { return fmt.Sprintf("sample of seed %d", seed) }

// textReader reads what a run of pre-training trains on.
type textReader struct {
	config    *configs.Config
	folder    *checkpoints.Folder
	objective objective.Config
	denoisers []objective.Denoiser
	was       map[string]string // digests of what a run that resumes has trained on
	threads   int
	sink      ui.Sink
	files     []corpus.UsedFile // to train on
}

// say tells what the objective makes of text.
func (r *textReader) say() {
	ui.Say(r.sink, "objective", "%s", r.objective.Name)
	for _, d := range r.denoisers {
		l, part := d.Objective.Lengths(), ""
		if len(r.denoisers) > 1 {
			part = fmt.Sprintf("%s, %.1f %% of the examples: ", d.Name, 100*d.Rate)
		}
		ui.Detail(r.sink, "", "%s%d tokens of text make up to %d input and %d target tokens", part, l.Tokens, l.Inputs,
			l.Targets)
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
		if p.Task.Name != textTask {
			most = max(most, r.config.Data.MaxInputLength+r.config.Data.MaxTargetLength)
		}
	}
	if budget < most {
		return fmt.Errorf("train.batch_tokens: got %d, want >= %d, the input and target tokens of the longest "+
			"example: raise it, or lower objective.input_length", budget, most)
	}
	return nil
}

// readTrain fills in what the run trains on.
func (r *textReader) readTrain(ctx context.Context, m *Datasets) error {
	c := r.config
	seed := uint64(c.Train.Seed)
	var sources []data.Source
	for i, p := range Components(c) {
		source, err := r.source(ctx, m, p, noiseSeed(seed, i))
		if err != nil {
			return r.inEntry(p, err)
		}
		sources = append(sources, source)
	}
	if len(c.Data.Mixture) == 0 {
		m.Train = sources[0]
		ui.Say(r.sink, "train", "%s chunks of text", ui.Grouped(m.Train.Len()))
		return nil
	}
	mixture, err := mix(c, sources, r.sink)
	if err != nil {
		return err
	}
	m.Train = mixture
	return nil
}

// noiseSeed is the seed of the noise of a corpus by its number: chunk i of one is not to have the spans of chunk i of
// another. The first has that of a run without a mixture.
func noiseSeed(seed uint64, corpus int) uint64 {
	if corpus == 0 {
		return seed
	}
	draw := random.New(seed, uint64(corpus))
	return draw.Uint64()
}

// source opens one component.
func (r *textReader) source(ctx context.Context, m *Datasets, p configs.Component, seed uint64) (data.Source, error) {
	limit := r.config.Data.MaxTrainExamples
	if p.Task.Name == textTask {
		set, err := openText(ctx, p, dataset.ForTraining)
		if err != nil {
			return nil, err
		}
		s, files, err := r.open(ctx, m, sourceKey(r.config, p), set, p.Train, corpus.Column(p.Task.TextColumns))
		if err != nil {
			return nil, err
		}
		vectors, err := r.vectors(ctx, m, p, set, s)
		if err != nil {
			return nil, err
		}
		split := r.objective.Split
		if vectors != nil {
			split = string(chunks.Document)
		}
		r.files = append(r.files, files...)
		m.Tokens += s.Manifest().Tokens
		return corpus.Source(split, s, vectors, r.denoisers, func(n int) data.Sample {
			by := uint64(r.config.Train.Seed)
			sample := data.NewSample(n, limit, by)
			if !sample.All() {
				m.AddDigest("data.train, sample", sampleDigest(by))
			}
			dataset.SaySample(r.sink, sample, int64(n), "chunks of "+p.Name, by)
			return sample
		}, seed)
	}
	reader := rowsReader{r.config, r.folder, r.threads, r.sink}
	open, err := reader.open(ctx, configs.Component{Name: p.Name, Task: p.Task, Train: p.Train})
	if err != nil {
		return nil, err
	}
	read, err := reader.buildTrain(ctx, open, p.Name)
	if err != nil {
		return nil, err
	}
	info := &r.folder.Info
	if info.Tasks == nil {
		info.Tasks = map[string]task.Spec{}
	}
	info.Tasks[p.Name], info.TaskMaxInput, info.TaskMaxTarget = read.spec, r.config.Data.MaxInputLength,
		r.config.Data.MaxTargetLength
	m.AddDigest(sourceKey(r.config, p), read.train.Digest())
	r.files = append(r.files, corpus.FilesOf(open.train.Dataset, sourceKey(r.config, p), nil)...)
	return read.train, nil
}

// vectors reads the vectors of a component, one for each document of its token store; nil if it has no column of them.
func (r *textReader) vectors(ctx context.Context, m *Datasets, p configs.Component, set *parquetio.Dataset,
	s *chunks.Store) (*data.Vectors, error) {
	if p.VectorColumn == "" {
		return nil, nil
	}
	v, err := data.ReadVectors(ctx, set, p.VectorColumn)
	if err != nil {
		return nil, err
	}
	if documents := s.Manifest().Documents; int(documents) != v.Len() {
		return nil, fmt.Errorf("read vectors: %d of %d rows have no text, so that their vectors belong to nothing: "+
			"drop these rows", v.Len()-int(documents), v.Len())
	}
	if width := r.folder.Model.Config.DModel; v.Dim() > width {
		return nil, fmt.Errorf("read vectors: column %s holds %d numbers a row, want at most model.d_model, %d: "+
			"reduce them by their principal components, or take a wider model", p.VectorColumn, v.Dim(), width)
	}
	m.AddDigest(sourceKey(r.config, p)+", vectors", v.Digest())
	ui.Detail(r.sink, p.Name, "%s vectors of %d numbers in column %s", ui.Grouped(v.Len()), v.Dim(), p.VectorColumn)
	return v, nil
}

// openText opens the data of a component of text, which has its column of vectors, if it names one.
func openText(ctx context.Context, p configs.Component, wanted []string) (*parquetio.Dataset, error) {
	set, err := dataset.OpenData(ctx, p.Train, wanted)
	if err == nil && p.VectorColumn != "" {
		err = set.CheckColumns([]string{p.VectorColumn})
	}
	return set, err
}

// open opens the token store of set, which a key names by patterns, notes it in m, which closes it, and returns the
// files that it is of. Text that a run cannot resume with is not tokenized.
func (r *textReader) open(ctx context.Context, m *Datasets, key string, set *parquetio.Dataset, patterns []string,
	column string) (*chunks.Store, []corpus.UsedFile, error) {
	s, err := corpus.TokensOfSet(ctx, set, r.folder.Tokenizer, corpus.TokensOptions{
		Data: patterns, TextColumn: column, Output: TokensOf(r.config), Threads: r.threads, Sink: r.sink,
		Expect: r.was[key],
	})
	if errors.Is(err, chunks.ErrOther) {
		return nil, nil, fmt.Errorf("resume: %s has other files than when the run began: their bytes decide, also "+
			"where the same text was written anew: %w", key, ErrOtherData)
	}
	if err != nil {
		return nil, nil, err
	}
	if len(r.config.Data.Validation) == 0 {
		dataset.SayHeldOut(r.sink, set)
	}
	m.closers = append(m.closers, s.Close)
	m.AddDigest(key, filepath.Base(s.Dir())) // it changes with what is in it
	return s, corpus.FilesOf(set, key, s.Manifest().Files), nil
}

// TokensName is the folder of a run that holds its token stores, unless data.tokens names another one.
const TokensName = "tokens"

// TokensOf returns the folder of the token stores.
func TokensOf(c *configs.Config) string {
	if c.Data.Tokens != "" {
		return c.Data.Tokens
	}
	return filepath.Join(c.Output, TokensName)
}

// inEntry is inComponent of text, whose columns are keys of the entry.
func (r *textReader) inEntry(p configs.Component, err error) error {
	if len(r.config.Data.Mixture) == 0 || errors.Is(err, ErrOtherData) { // which says it
		return err
	}
	return fmt.Errorf("%w (the columns of an entry are its own keys)", inComponent(r.config, p, err))
}

// CheckText is Check for pre-training: every corpus and task has its columns, and the objective suits the tokenizer.
// tok is nil where the model has none that can be read.
func CheckText(ctx context.Context, c *configs.Config, tok *tokenizer.Tokenizer, sink ui.Sink) (errs []error) {
	r := &textReader{config: c, objective: c.Objective.Config(c.Data.Split), sink: sink}
	for _, p := range Components(c) {
		if err := r.checkComponent(ctx, p, dataset.ForTraining); err != nil {
			errs = append(errs, r.inEntry(p, err))
		}
	}
	if len(c.Data.Validation) > 0 {
		if err := r.checkComponent(ctx, textOf("validation", c.Data.Validation, c.Data.TextColumn),
			dataset.ForValidation); err != nil {
			errs = append(errs, fmt.Errorf("data.validation: %w", err))
		}
	}
	if tok == nil {
		return errs
	}
	var err error
	if r.denoisers, err = r.objective.Denoisers(tok); err == nil {
		err = r.checkBudget()
	}
	return append(errs, err)
}

func (r *textReader) checkComponent(ctx context.Context, p configs.Component, wanted []string) error {
	if p.Task.Name != textTask {
		table, err := dataset.Open(ctx, p.Train, wanted, 0, 0)
		if err == nil {
			_, err = table.Infer(ctx, p.Task, r.sink)
		}
		return err
	}
	set, err := openText(ctx, p, wanted)
	if err != nil {
		return err
	}
	_, note, err := infer.Text(set.Columns(), corpus.Column(p.Task.TextColumns))
	if err != nil {
		return dataset.WithConflicts(err, set)
	}
	ui.Detail(r.sink, p.Name, "%s: %s", note.Key, note.Text())
	return nil
}
