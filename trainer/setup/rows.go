package setup

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/data"
	"t5train/data/corpus"
	"t5train/data/dataset"
	"t5train/data/task"
	"t5train/internal/ui"
	"t5train/model/kernel"
	"t5train/trainer/evaluate"
)

// CheckRows makes sure that the data sets of the tasks have their columns.
func CheckRows(ctx context.Context, c *configs.Config, sink ui.Sink) (errs []error) {
	for _, t := range Components(c) {
		if err := checkTask(ctx, t, sink); err != nil {
			errs = append(errs, inComponent(c, t, err))
		}
	}
	return errs
}

func checkTask(ctx context.Context, t configs.Component, sink ui.Sink) error {
	train, err := dataset.Open(ctx, t.Train, dataset.ForTraining, 0, 0)
	if err != nil {
		return err
	}
	spec, err := train.Infer(ctx, t.Task, sink)
	if err != nil || len(t.Validation) == 0 {
		return err
	}
	validation, err := dataset.Open(ctx, t.Validation, dataset.ForValidation, 0, 0)
	if err != nil {
		return err
	}
	return validation.CheckColumns(spec.Columns())
}

// Read reads what a run trains on and is evaluated on, and notes in the folder what that is: text, the tasks of a
// mixture, or one task. was are the digests of what a resumed run has read so far, by its key in the configuration.
func Read(ctx context.Context, c *configs.Config, b *checkpoints.Folder, was map[string]string, w *kernel.Workers,
	sink ui.Sink) (d *Datasets, err error) {
	if c.Pretraining() {
		d, err = readText(ctx, c, b, was, w, sink)
	} else if d, err = readRows(ctx, c, b, w, sink); err == nil && c.Distill.On() {
		err = teach(ctx, c, b, d, len(was) == 0, w, sink)
	}
	if err != nil || c.Model.Path == "" {
		return d, err
	}
	digest := was[StartKey]
	if len(was) == 0 { // else the weights are those of a checkpoint
		if digest, err = b.Digest(); err != nil {
			return d, err
		}
	}
	if digest != "" { // that of a run of an older version is not known
		d.AddDigest(StartKey, digest)
	}
	return d, nil
}

// StartKey is the key of the digest of the model that training started from.
const StartKey = "model.path"

// readRows finds the task, or those of the components of a mixture, and tokenises their data sets.
func readRows(
	ctx context.Context, c *configs.Config, b *checkpoints.Folder, w *kernel.Workers, sink ui.Sink,
) (*Datasets, error) {
	b.Info.MaxInputLength, b.Info.MaxTargetLength = c.Data.MaxInputLength, c.Data.MaxTargetLength
	r := rowsReader{c, b, w.Threads(), sink}
	tasks := Components(c)
	opened, err := r.openAll(ctx, tasks)
	if err != nil {
		return nil, err
	}
	d, held := &Datasets{}, evaluate.MixtureSet{}
	specs := make(map[string]task.Spec)
	var sources []data.Source
	for i, t := range tasks {
		read, err := r.build(ctx, opened[i], t)
		if err != nil {
			return nil, inComponent(c, t, err)
		}
		specs[t.Name] = read.spec
		sources = append(sources, read.train)
		d.Notes = append(d.Notes, read.notes...)
		d.AddDigest(sourceKey(c, t), read.train.Digest())
		if read.heldOut == nil {
			continue
		}
		d.AddDigest(keyOf(c, t, "validation"), read.heldOut.Digest())
		evaluator := evaluate.NewEvaluator(b, read.spec, c.Data.MaxTargetLength, w)
		evaluator.Fit, evaluator.Compared = t.Name == "", strings.TrimPrefix(c.Eval.Metric, t.Name+"/")
		if t.Name == "" && c.Eval.Metric == "" {
			evaluator.Compared = r.metricOfUneven(read.spec, read.train)
		}
		set := evaluate.TaskSet{Evaluator: evaluator, Examples: read.heldOut, BatchSize: c.Eval.BatchSize}
		held = append(held, evaluate.Component{Name: t.Name, TaskSet: set})
	}
	best := ""
	switch spec, one := specs[""]; {
	case one:
		b.Info.Task, d.Train = &spec, sources[0]
		if len(held) > 0 {
			d.HeldOut, best = held[0].TaskSet, held[0].Best()
		}
	default:
		b.Info.Tasks = specs
		if len(held) > 0 {
			d.HeldOut = held
		}
		if d.Train, err = mix(c, sources, sink); err != nil {
			return nil, err
		}
	}
	if len(held) == 0 {
		ui.Say(sink, "", noValidation)
		return d, nil
	}
	notes, err := evaluate.CheckCeilings(c, held, best)
	d.Notes = append(d.Notes, r.said(notes)...)
	return d, err
}

// openAll opens the data sets of tasks and checks that evaluations of them have the metric to compare by.
func (r rowsReader) openAll(ctx context.Context, tasks []configs.Component) ([]openRows, error) {
	what, known := "task", []string(nil)
	if tasks[0].Name != "" {
		what, known = "mixture", []string{task.Loss, task.Perplexity}
	}
	all, evaluated := make([]openRows, len(tasks)), false
	for i, t := range tasks {
		var err error
		if all[i], err = r.open(ctx, t); err != nil {
			return nil, inComponent(r.config, t, err)
		}
		switch {
		case all[i].heldOut == nil:
			continue
		case t.Name == "":
			known = all[i].spec.Values()
		default:
			known = append(known, evaluate.ComponentValues(t.Name, all[i].spec)...)
		}
		evaluated = true
	}
	if name := r.config.Eval.Metric; evaluated && name != "" && !slices.Contains(known, name) {
		return nil, fmt.Errorf("there is no metric %q for the %s (eval.metric): want one of %s",
			name, what, strings.Join(known, ", "))
	}
	return all, nil
}

// classesOf returns the class names of the label column.
func classesOf(t dataset.Table, spec task.Spec) []string {
	for _, c := range t.Columns() {
		if c.Name == spec.LabelColumn {
			return c.ClassLabels
		}
	}
	return nil
}

// rowsReader reads the rows of tasks.
type rowsReader struct {
	config  *configs.Config
	folder  *checkpoints.Folder
	threads int
	sink    ui.Sink
}

// taskRows are the examples of a task; heldOut is nil without a validation set.
type taskRows struct {
	spec           task.Spec
	train, heldOut *data.Examples
	notes          []ui.Note
}

// openRows is a task whose data sets are open and fit together, and not read yet.
type openRows struct {
	spec, heldOutSpec task.Spec // which differ in the numbers of classes alone
	train             dataset.Table
	heldOut           *dataset.Table // nil without a validation set
}

// open finds out what a task is, and whether its data sets have what it needs.
func (r rowsReader) open(ctx context.Context, t configs.Component) (openRows, error) {
	c := r.config
	var o openRows
	var err error
	if o.train, err = dataset.Open(ctx, t.Train, dataset.ForTraining, c.Data.MaxTrainExamples,
		uint64(c.Train.Seed)); err != nil {
		return o, err
	}
	if len(t.Validation) > 0 {
		held, err := dataset.Open(ctx, t.Validation, dataset.ForValidation, c.Data.MaxValidationExamples,
			dataset.HeldOutSeed)
		if err != nil {
			return o, err
		}
		o.heldOut = &held
	}
	dataset.SayNamed(r.sink, t.Train, o.train.Dataset)
	if o.spec, err = o.train.Infer(ctx, t.Task, r.sink); err != nil {
		return o, err
	}
	if err := r.check(o.spec); err != nil {
		return o, err
	}
	if o.heldOut == nil {
		dataset.SayHeldOut(r.sink, o.train.Dataset)
		return o, nil
	}
	dataset.SayTaken(r.sink, o.heldOut.Dataset)
	validation := keyOf(c, t, "validation")
	corpus.WarnShared(r.sink, corpus.FilesOf(o.train.Dataset, keyOf(c, t, "train"), nil),
		corpus.FilesOf(o.heldOut.Dataset, validation, nil))
	o.heldOutSpec = o.spec
	if !slices.Equal(classesOf(o.train, o.spec), classesOf(*o.heldOut, o.spec)) {
		if o.heldOutSpec, err = o.spec.WithClasses(o.heldOut.Columns()); err != nil {
			return o, fmt.Errorf("%s: %w", validation, err)
		}
	}
	if err := o.heldOut.CheckColumns(o.spec.Columns()); err != nil {
		return o, fmt.Errorf("%s: %w", validation, err)
	}
	return o, nil
}

// check makes sure that inputs and labels of a task fit within the limits.
func (r rowsReader) check(spec task.Spec) error {
	if n := len(r.folder.Tokenizer.Encode(spec.InputPrefix())); n >= r.limits().MaxInput-1 {
		return fmt.Errorf("the prefix has %d tokens (task.prefix) and inputs have %d with their end "+
			"(data.max_input_length): no text is left: raise the limit, or shorten the prefix",
			n, r.limits().MaxInput)
	}
	return dataset.CheckLabels(spec, r.folder.Tokenizer, r.limits().MaxTarget)
}

// build tokenises the data sets of a task.
func (r rowsReader) build(ctx context.Context, o openRows, t configs.Component) (taskRows, error) {
	train, validation := "train", "validation"
	if t.Name != "" {
		train, validation = t.Name, t.Name+", validation"
	}
	read, err := r.buildTrain(ctx, o, train)
	if err != nil || o.heldOut == nil {
		return read, err
	}
	read.heldOut, err = o.heldOut.Build(ctx, validation, o.heldOutSpec, data.HeldOut, r.folder.Tokenizer, r.limits(),
		r.threads, r.sink)
	if err != nil {
		return taskRows{}, err
	}
	notes := append(dataset.ExampleNotes(validation, o.spec, read.heldOut, data.HeldOut, r.limits()),
		dataset.UntrainedLabels(validation, o.spec, read.train, read.heldOut)...)
	read.notes = append(read.notes, r.said(notes)...)
	return read, nil
}

// buildTrain tokenises the rows to train on.
func (r rowsReader) buildTrain(ctx context.Context, o openRows, name string) (taskRows, error) {
	notes, err := o.train.RoundingNotes(ctx, o.spec, name)
	if err != nil {
		return taskRows{}, err
	}
	examples, err := o.train.Build(ctx, name, o.spec, data.ForTraining, r.folder.Tokenizer, r.limits(), r.threads,
		r.sink)
	if err == nil && examples.Len() == 0 {
		err = fmt.Errorf("%s: no row makes an example of the task %s", name, o.spec.Name)
	}
	if err != nil {
		return taskRows{}, err
	}
	notes = append(notes, dataset.ExampleNotes(name, o.spec, examples, data.ForTraining, r.limits())...)
	return taskRows{o.spec, examples, nil, r.said(notes)}, err
}

// said says and returns notes.
func (r rowsReader) said(notes []ui.Note) []ui.Note {
	ui.SayNotes(r.sink, notes)
	return notes
}

func (r rowsReader) limits() data.Limits {
	return data.Limits{MaxInput: r.config.Data.MaxInputLength, MaxTarget: r.config.Data.MaxTargetLength}
}

const noValidation = "no validation data: nothing will be evaluated, and the last checkpoint is the result"
