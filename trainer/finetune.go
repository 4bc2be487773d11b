package trainer

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/data"
	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/model"
	"t5train/model/kernel"
	"t5train/trainer/allreduce"
	"t5train/trainer/record"
)

// FinetuneOptions are what a run needs besides its configuration.
type FinetuneOptions struct {
	Console   *Console // nil is silent
	Resume    bool     // it is an error if the output folder holds no run to go on with
	Overwrite bool     // start anew although the output folder holds a run
	NoVerify  bool     // take the weights of model.path as they are, damaged or not

	// Initial, if not empty, is a folder, new or empty, that gets the model that training starts from. A run that goes on
	// leaves it alone.
	Initial string

	// Group, if not nil, are the ranks that train together: all of them make the same call. The micro-batches of a step are
	// divided over them, so train.accumulate must be a multiple of their number. The first rank writes.
	Group *allreduce.Group

	// Timeout is how long ranks wait for each other, once they train, before the run ends with an error; 0 is forever.
	Timeout time.Duration
}

// Result is how a run ended.
type Result struct {
	Step        int                // steps done
	BestStep    int                // step of the best checkpoint; 0 without evaluation
	Metrics     map[string]float64 // of the best checkpoint on the validation data; nil without evaluation
	Checkpoint  string             // folder of the best checkpoint, or else of the last
	Interrupted bool               // the context ended; the same configuration goes on from the checkpoint

	Constants []record.Constant // what a constant answer is worth on the validation data
	Notes     []record.Note     // on the data, the best checkpoint and the run
}

func newResult(run *checkpoints.Run, output string, s state, interrupted bool) *Result {
	r := &Result{Step: s.Step, BestStep: s.BestStep, Interrupted: interrupted}
	if s.BestStep > 0 {
		r.Checkpoint = run.Dir(s.BestStep)
		if info, err := ReadInfo(r.Checkpoint); err == nil {
			r.Metrics = info.Metrics
		}
	} else if s.Step > 0 {
		r.Checkpoint = run.Dir(s.Step)
	}
	r.Constants, r.Notes = recorder{output}.findings()
	return r
}

// Finetune trains a model on the rows of parquet files as the configuration says and leaves checkpoints and metrics in
// its output folder. When ctx ends it saves and returns with Interrupted set, within one step.
//
// If that folder holds a run of the same configuration, Finetune goes on with it, to the same bits as if it had never
// stopped; of a finished one it returns the result. A run of another configuration, or on other data, is an error.
func Finetune(ctx context.Context, config *configs.Config, o FinetuneOptions) (*Result, error) {
	if config.Pretraining() {
		return nil, errors.New("fine-tune: the configuration names an objective, so it is one of pre-training: call Pretrain, or leave objective.name empty")
	}
	return train(ctx, config, o, readRows)
}

var errNoConfig = errors.New("there is no configuration: begin with configs.Default or configs.Load")

// resolved returns the configuration with all that follows from it, which must be right.
func resolved(config *configs.Config) (*configs.Config, error) {
	if config == nil {
		return nil, errNoConfig
	}
	c := *config
	c.Resolve()
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("the configuration is wrong: %w", err)
	}
	return &c, nil
}

// Check finds what is wrong with the input of a run as far as file heads tell, and writes nothing: model and tokenizer
// fit together, and the data has the columns that the task needs.
func Check(ctx context.Context, c *configs.Config, console *Console) error {
	if c == nil {
		return errNoConfig
	}
	warnRate(c, console)
	var errs []error
	tok, err := checkModel(c)
	if err != nil {
		errs = append(errs, err)
	}
	if c.Pretraining() {
		return errors.Join(append(errs, checkText(ctx, c, tok, console)...)...)
	}
	for _, t := range tasksOf(c) {
		err := checkRows(ctx, t, console)
		if err != nil && t.part != "" {
			err = fmt.Errorf("%s: %w", partKey(t.part), err)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// checkRows makes sure that the data sets of a task have its columns.
func checkRows(ctx context.Context, t taskData, console *Console) error {
	train, err := openTable(t.train, forTraining, 0, 0)
	if err != nil {
		return err
	}
	spec, err := train.infer(ctx, taskOptions(t.task), console)
	if err != nil || len(t.validation) == 0 {
		return err
	}
	validation, err := openTable(t.validation, forValidation, 0, 0)
	if err != nil {
		return err
	}
	return validation.CheckColumns(spec.Columns())
}

// checkModel returns the tokenizer that goes with the model, nil if there is none.
func checkModel(c *configs.Config) (*tokenizer.Tokenizer, error) {
	dir, err := "", error(nil)
	if c.Model.Path != "" {
		if dir, _, err = checkpoints.Resolve(c.Model.Path); err != nil {
			return nil, err
		}
	}
	tok, err := startTokenizer(c.Tokenizer, dir)
	if err != nil {
		return nil, err
	}
	config := model.Config{}
	if dir == "" {
		config, err = configFor(c.Model, tok)
	} else {
		config, err = readModelConfig(dir)
	}
	if err != nil {
		return nil, err
	}
	return tok, checkTokenizer(config, tok)
}

// startModel builds or loads the model that training starts from. The weights of a checkpoint are verified, or taken as they
// are.
func startModel(c *configs.Config, from start, verify bool, console *Console) (*Bundle, error) {
	dir, how := from.dir, ""
	if from.resume {
		if err := from.verify(); err != nil {
			return nil, err
		}
		how = fmt.Sprintf("go on with the run in %s from step %d (--overwrite starts again)", c.Output, from.step)
	} else if c.Model.Path != "" {
		var err error
		if dir, how, err = checkpoints.Resolve(c.Model.Path); err != nil {
			return nil, err
		}
	}
	source := c.Tokenizer
	if from.resume {
		source.Path = "" // the checkpoint holds the one of the run
	}
	tok, err := startTokenizer(source, dir)
	if err != nil {
		return nil, err
	}
	if dir != "" {
		b, err := openBundle(dir, tok, verify && !from.resume) // from.verify has
		if err != nil {
			return nil, err
		}
		if b.Model.Int8() {
			return nil, fmt.Errorf("train %s: %w", dir, model.ErrInt8)
		}
		console.Say("model: %s, %s parameters", how, grouped(int(b.Model.Config.Parameters())))
		if !from.resume {
			sayPretrained(c, b, console)
		}
		b.Info = Info{}
		if rate := c.Model.DropoutRate; rate != nil {
			b.Model.Config.DropoutRate = *rate
		}
		return b, nil
	}
	config, err := configFor(c.Model, tok)
	if err != nil {
		return nil, err
	}
	if err := checkTokenizer(config, tok); err != nil {
		return nil, fmt.Errorf("build model: %w", err)
	}
	if err := checkMemory(trainedBytes(config), "choose a smaller model.size"); err != nil {
		return nil, fmt.Errorf("build model: %w", err)
	}
	m, err := model.New(config)
	if err != nil {
		return nil, err
	}
	m.Init(uint64(c.Train.Seed))
	name := c.Model.Size
	if size, err := model.SizeByName(name); err == nil && !sameSize(size.Config, config) {
		name = "size of its own (" + name + ", changed)"
	}
	console.Say("model: %s, %s parameters, new random weights (seed %d)", name, grouped(int(config.Parameters())), c.Train.Seed)
	if c.Model.VocabSize == nil && c.Tokenizer.Path != "" {
		console.Say("  %s rows in the embedding, for the %s tokens of %s (model.vocab_size)", grouped(config.VocabSize), grouped(tok.VocabSize()), c.Tokenizer.Path)
	}
	return &Bundle{Model: m, Tokenizer: tok}, nil
}

// sayPretrained says what a model that was pre-trained here brings along or leaves behind, which a user may not expect.
func sayPretrained(c *configs.Config, b *Bundle, console *Console) {
	was := b.Info.Objective
	switch {
	case was == nil:
	case c.Pretraining() && was.Name != c.Objective.Name:
		console.Say("  objective: %s from now on, but the model was pre-trained by %s (--objective %s goes on with that)", c.Objective.Name, was.Name, was.Name)
	case !c.Pretraining() && c.Model.DropoutRate == nil && b.Model.Config.DropoutRate == 0:
		console.Say("  dropout: none, as in its pre-training; 0.1 is usual for fine-tuning (--set model.dropout_rate=0.1)")
	}
}

// sameSize tells whether two models differ in nothing but dropout, which is a setting of the training.
func sameSize(a, b model.Config) bool {
	a.DropoutRate, a.EOSTokenIDs = b.DropoutRate, b.EOSTokenIDs
	return reflect.DeepEqual(a, b)
}

// startTokenizer loads the tokenizer of the config, else that of the model folder, else T5's.
func startTokenizer(c configs.Tokenizer, dir string) (*tokenizer.Tokenizer, error) {
	switch {
	case c.Path != "":
		return OpenTokenizer(c.Path)
	case dir != "":
		return tokenizer.Load(dir)
	default:
		return tokenizer.T5()
	}
}

// configFor is NewModelConfig of a model with the rows that its tokenizer needs, unless their number is set.
func configFor(m configs.Model, tok *tokenizer.Tokenizer) (model.Config, error) {
	if m.VocabSize == nil {
		m.VocabSize = new(paddedRows(tok.VocabSize()))
	}
	return NewModelConfig(m)
}

// NewModelConfig returns the architecture of a new model: that of its size, with the values that are set.
func NewModelConfig(m configs.Model) (model.Config, error) {
	size, err := model.SizeByName(m.Size)
	if err != nil {
		return model.Config{}, fmt.Errorf("build model: %w", err)
	}
	c := size.Config
	for _, f := range []struct {
		to   *int
		from *int
	}{
		{&c.VocabSize, m.VocabSize}, {&c.DModel, m.DModel}, {&c.DKV, m.DKV}, {&c.DFF, m.DFF}, {&c.NumLayers, m.NumLayers},
		{&c.NumDecoderLayers, m.NumLayers}, {&c.NumDecoderLayers, m.NumDecoderLayers}, {&c.NumHeads, m.NumHeads},
		{&c.RelativeAttentionNumBuckets, m.RelativeAttentionNumBuckets}, {&c.RelativeAttentionMaxDistance, m.RelativeAttentionMaxDistance},
	} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	if m.FeedForwardProj != nil {
		c.FeedForwardProj = *m.FeedForwardProj
	}
	if m.TieWordEmbeddings != nil {
		c.TieWordEmbeddings, c.ScaleDecoderOutputs = *m.TieWordEmbeddings, *m.TieWordEmbeddings
	}
	if m.DropoutRate != nil {
		c.DropoutRate = *m.DropoutRate
	}
	return c, c.Validate()
}

// readRows finds the task, notes it in the bundle and tokenises both data sets; those of all parts of a mixture.
func readRows(ctx context.Context, c *configs.Config, b *Bundle, _ map[string]string, w *kernel.Workers, console *Console) (*material, error) {
	b.Info.MaxInputLength, b.Info.MaxTargetLength = c.Data.MaxInputLength, c.Data.MaxTargetLength
	if len(c.Data.Mixture) > 0 {
		return readParts(ctx, c, b, w, console)
	}
	r := rowsReader{c, b, w.Threads(), console}
	open, err := r.open(ctx, tasksOf(c)[0])
	if err != nil {
		return nil, err
	}
	if open.heldOut != nil {
		if err := checkMetric(c.Eval.Metric, "task", open.spec.Values()); err != nil {
			return nil, err
		}
	}
	read, err := r.build(ctx, open, "train", "validation")
	if err != nil {
		return nil, err
	}
	b.Info.Task = &read.spec
	m := &material{train: read.train, notes: read.notes}
	m.note("data.train", read.train.Digest())
	if read.heldOut == nil {
		console.Say(noValidation)
		return m, nil
	}
	m.note("data.validation", read.heldOut.Digest())
	evaluator := NewEvaluator(b, read.spec, c.Data.MaxTargetLength, w)
	evaluator.Fit, evaluator.Compared = true, c.Eval.Metric
	held := heldOutRows{evaluator, read.heldOut, c.Eval.BatchSize}
	m.heldOut = held
	notes, err := checkCeilings(c, heldOutTasks{{"", held}}, held.Best())
	m.notes = append(m.notes, r.said(notes)...)
	return m, err
}

// classesOf returns the class names of the label column.
func classesOf(t table, spec task.Spec) []string {
	for _, c := range t.Columns() {
		if c.Name == spec.LabelColumn {
			return c.ClassLabels
		}
	}
	return nil
}

// checkMetric makes sure that evaluations of what is trained on have the value to compare by.
func checkMetric(name, what string, known []string) error {
	if name != "" && !slices.Contains(known, name) {
		return fmt.Errorf("there is no metric %q for the %s (eval.metric): want one of %s", name, what, strings.Join(known, ", "))
	}
	return nil
}

// taskData is a task and where its rows are.
type taskData struct {
	part              string // its name in the mixture; empty without one
	task              configs.Task
	train, validation []string
}

// key returns where the configuration has a key of the task.
func (t taskData) key(name string) string {
	if t.part == "" {
		return "data." + name
	}
	return partKey(t.part) + ", " + name
}

// tasksOf returns the tasks of a run: the one that it has, or those of its mixture.
func tasksOf(c *configs.Config) []taskData {
	if len(c.Data.Mixture) == 0 {
		return []taskData{{task: c.Task, train: c.Data.Train, validation: c.Data.Validation}}
	}
	tasks := make([]taskData, len(c.Data.Mixture))
	for i, p := range c.Data.Mixture {
		tasks[i] = taskData{p.Name, p.AsTask(), p.Train, p.Validation}
	}
	return tasks
}

// rowsReader reads the rows of tasks.
type rowsReader struct {
	config  *configs.Config
	bundle  *Bundle
	threads int
	console *Console
}

// rows are the examples of a task; heldOut is nil without a validation set.
type rows struct {
	spec           task.Spec
	train, heldOut *data.Examples
	notes          []record.Note
}

// openRows is a task whose data sets are open and fit together, and not read yet.
type openRows struct {
	spec, heldOutSpec task.Spec // which differ in the numbers of classes alone
	train             table
	heldOut           *table // nil without a validation set
}

// open finds out what a task is, and whether its data sets have what it needs.
func (r rowsReader) open(ctx context.Context, t taskData) (openRows, error) {
	c := r.config
	var o openRows
	var err error
	if o.train, err = openTable(t.train, forTraining, c.Data.MaxTrainExamples, uint64(c.Train.Seed)); err != nil {
		return o, err
	}
	if len(t.validation) > 0 {
		held, err := openTable(t.validation, forValidation, c.Data.MaxValidationExamples, heldOutSeed)
		if err != nil {
			return o, err
		}
		o.heldOut = &held
	}
	sayNamed(r.console, t.train, o.train.Dataset)
	if o.spec, err = o.train.infer(ctx, taskOptions(t.task), r.console); err != nil {
		return o, err
	}
	if err := r.check(o.spec); err != nil {
		return o, err
	}
	if o.heldOut == nil {
		sayHeldOut(r.console, o.train.Dataset)
		return o, nil
	}
	SayTaken(r.console, o.heldOut.Dataset)
	warnShared(r.console, filesOf(o.train.Dataset, t.key("train"), nil), filesOf(o.heldOut.Dataset, t.key("validation"), nil))
	o.heldOutSpec = o.spec
	if !slices.Equal(classesOf(o.train, o.spec), classesOf(*o.heldOut, o.spec)) {
		if o.heldOutSpec, err = o.spec.WithClasses(o.heldOut.Columns()); err != nil {
			return o, fmt.Errorf("%s: %w", t.key("validation"), err)
		}
	}
	if err := o.heldOut.CheckColumns(o.spec.Columns()); err != nil {
		return o, fmt.Errorf("%s: %w", t.key("validation"), err)
	}
	return o, nil
}

// check makes sure that inputs and labels of a task fit within the limits.
func (r rowsReader) check(spec task.Spec) error {
	if n := len(r.bundle.Tokenizer.Encode(spec.Prefix)); n >= r.limits().MaxInput-1 {
		return fmt.Errorf("the prefix has %d tokens (task.prefix) and inputs have %d with their end (data.max_input_length): no text is left: raise the limit, or shorten the prefix",
			n, r.limits().MaxInput)
	}
	return checkLabels(spec, r.bundle.Tokenizer, r.limits().MaxTarget)
}

// build tokenises the data sets of a task, which messages call by two names.
func (r rowsReader) build(ctx context.Context, o openRows, train, validation string) (rows, error) {
	read, err := r.buildTrain(ctx, o, train)
	if err != nil || o.heldOut == nil {
		return read, err
	}
	read.heldOut, err = o.heldOut.build(ctx, validation, o.heldOutSpec, data.HeldOut, r.bundle.Tokenizer, r.limits(), r.threads, r.console)
	if err != nil {
		return rows{}, err
	}
	notes := append(exampleNotes(validation, o.spec, read.heldOut, data.HeldOut, r.limits()), untrainedLabels(validation, o.spec, read.train, read.heldOut)...)
	read.notes = append(read.notes, r.said(notes)...)
	return read, nil
}

// buildTrain tokenises the rows to train on.
func (r rowsReader) buildTrain(ctx context.Context, o openRows, name string) (rows, error) {
	notes, err := o.train.stepNotes(ctx, o.spec, name)
	if err != nil {
		return rows{}, err
	}
	examples, err := o.train.build(ctx, name, o.spec, data.ForTraining, r.bundle.Tokenizer, r.limits(), r.threads, r.console)
	if err == nil && examples.Len() == 0 {
		err = fmt.Errorf("%s: no row makes an example of the task %s", name, o.spec.Name)
	}
	if err != nil {
		return rows{}, err
	}
	notes = append(notes, exampleNotes(name, o.spec, examples, data.ForTraining, r.limits())...)
	return rows{o.spec, examples, nil, r.said(notes)}, err
}

// said says and returns notes.
func (r rowsReader) said(notes []record.Note) []record.Note {
	sayNotes(r.console, notes)
	return notes
}

func (r rowsReader) limits() data.Limits {
	return data.Limits{MaxInput: r.config.Data.MaxInputLength, MaxTarget: r.config.Data.MaxTargetLength}
}

const noValidation = "no validation data: nothing will be evaluated, and the last checkpoint is the result"

func taskOptions(t configs.Task) task.Options {
	return task.Options{
		Name: t.Name, Prefix: t.Prefix, TextColumns: t.TextColumns, LabelColumn: t.LabelColumn, TargetColumn: t.TargetColumn, Labels: t.Labels,
		Template: t.Template, TargetTemplate: t.TargetTemplate, SourceLanguage: t.SourceLanguage, TargetLanguage: t.TargetLanguage,
		Step: valueOf(t.Step), Metrics: t.Metrics,
	}
}

// checkLabels makes sure that the model can write every label, or type of entities, and that no two are the same to it.
func checkLabels(spec task.Spec, tok *tokenizer.Tokenizer, limit int) error {
	what, labels := "label", spec.Labels
	if spec.Kind() == task.Entities {
		what, labels = "type of entities", spec.Entities
	}
	var seen [][]int32
	for i, l := range labels {
		ids := tok.Encode(l.Text)
		switch {
		case len(ids) > limit-1:
			return fmt.Errorf("%s %q has %d tokens with its end, but data.max_target_length is %d: raise it or shorten the text (task.labels)", what, l.Text, len(ids)+1, limit)
		case slices.Contains(ids, tok.Unk()):
			return fmt.Errorf("%s %q has characters that the tokenizer does not know: give other label strings (task.labels)", what, l.Text)
		}
		for j, other := range seen {
			if slices.Equal(ids, other) {
				return fmt.Errorf("%s: %q and %q are the same tokens: give other label strings (task.labels)", what, labels[j].Text, labels[i].Text)
			}
		}
		seen = append(seen, ids)
	}
	return nil
}
