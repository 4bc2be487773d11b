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

// CheckRows makes sure that the data sets of a task have its columns.
func CheckRows(ctx context.Context, t taskData, sink ui.Sink) error {
	train, err := dataset.Open(t.train, dataset.ForTraining, 0, 0)
	if err != nil {
		return err
	}
	spec, err := train.Infer(ctx, t.task, sink)
	if err != nil || len(t.validation) == 0 {
		return err
	}
	validation, err := dataset.Open(t.validation, dataset.ForValidation, 0, 0)
	if err != nil {
		return err
	}
	return validation.CheckColumns(spec.Columns())
}

// Read reads what a run trains on and is evaluated on, and notes in the bundle what that is: text, the tasks of a
// mixture, or one task. was are the digests of what a resumed run has read so far, by its key in the configuration.
func Read(ctx context.Context, c *configs.Config, b *checkpoints.Folder, was map[string]string, w *kernel.Workers,
	sink ui.Sink) (*Datasets, error) {
	if c.Pretraining() {
		return readText(ctx, c, b, was, w, sink)
	}
	return readRows(ctx, c, b, w, sink)
}

// readRows finds the task, or those of the components of a mixture, and tokenises their data sets.
func readRows(
	ctx context.Context, c *configs.Config, b *checkpoints.Folder, w *kernel.Workers, sink ui.Sink,
) (*Datasets, error) {
	b.Info.MaxInputLength, b.Info.MaxTargetLength = c.Data.MaxInputLength, c.Data.MaxTargetLength
	r := rowsReader{c, b, w.Threads(), sink}
	tasks := TasksOf(c)
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
			return nil, t.in(err)
		}
		specs[t.Part] = read.spec
		sources = append(sources, read.train)
		d.Notes = append(d.Notes, read.notes...)
		d.AddDigest(t.digestKey("train"), read.train.Digest())
		if read.heldOut == nil {
			continue
		}
		d.AddDigest(t.digestKey("validation"), read.heldOut.Digest())
		evaluator := evaluate.NewEvaluator(b, read.spec, c.Data.MaxTargetLength, w)
		evaluator.Fit, evaluator.Compared = t.Part == "", strings.TrimPrefix(c.Eval.Metric, t.Part+"/")
		set := evaluate.TaskSet{Evaluator: evaluator, Examples: read.heldOut, BatchSize: c.Eval.BatchSize}
		held = append(held, evaluate.Component{Name: t.Part, TaskSet: set})
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
func (r rowsReader) openAll(ctx context.Context, tasks []taskData) ([]openRows, error) {
	what, known := "task", []string(nil)
	if tasks[0].Part != "" {
		what, known = "mixture", []string{task.Loss, task.Perplexity}
	}
	all, evaluated := make([]openRows, len(tasks)), false
	for i, t := range tasks {
		var err error
		if all[i], err = r.open(ctx, t); err != nil {
			return nil, t.in(err)
		}
		switch {
		case all[i].heldOut == nil:
			continue
		case t.Part == "":
			known = all[i].spec.Values()
		default:
			known = append(known, evaluate.PartValues(t.Part, all[i].spec)...)
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

// taskData is a task and where its rows are.
type taskData struct {
	Part              string // its name in the mixture; empty without one
	task              task.Spec
	train, validation []string
}

// key returns where the configuration has a key of the task.
func (t taskData) key(name string) string {
	if t.Part == "" {
		return "data." + name
	}
	return evaluate.PartKey(t.Part) + ", " + name
}

// digestKey is the key of the digest of the data of a task.
func (t taskData) digestKey(name string) string {
	switch {
	case t.Part == "":
		return t.key(name)
	case name == "train":
		return evaluate.PartKey(t.Part)
	}
	return evaluate.PartKey(t.Part) + ", " + name
}

// in says in which component of a mixture something is wrong.
func (t taskData) in(err error) error {
	if t.Part == "" {
		return err
	}
	return fmt.Errorf("%s: %w", evaluate.PartKey(t.Part), err)
}

// TasksOf returns the tasks of a run: the one that it has, or those of its mixture.
func TasksOf(c *configs.Config) []taskData {
	if len(c.Data.Mixture) == 0 {
		return []taskData{{task: c.Task, train: c.Data.Train, validation: c.Data.Validation}}
	}
	tasks := make([]taskData, len(c.Data.Mixture))
	for i, p := range c.Data.Mixture {
		tasks[i] = taskData{p.Name, p.Task, p.Train, p.Validation}
	}
	return tasks
}

// rowsReader reads the rows of tasks.
type rowsReader struct {
	config  *configs.Config
	bundle  *checkpoints.Folder
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
func (r rowsReader) open(ctx context.Context, t taskData) (openRows, error) {
	c := r.config
	var o openRows
	var err error
	if o.train, err = dataset.Open(t.train, dataset.ForTraining, c.Data.MaxTrainExamples, uint64(c.Train.Seed)); err != nil {
		return o, err
	}
	if len(t.validation) > 0 {
		held, err := dataset.Open(t.validation, dataset.ForValidation, c.Data.MaxValidationExamples, dataset.HeldOutSeed)
		if err != nil {
			return o, err
		}
		o.heldOut = &held
	}
	dataset.SayNamed(r.sink, t.train, o.train.Dataset)
	if o.spec, err = o.train.Infer(ctx, t.task, r.sink); err != nil {
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
	corpus.WarnShared(r.sink, corpus.FilesOf(o.train.Dataset, t.key("train"), nil), corpus.FilesOf(o.heldOut.Dataset, t.key("validation"), nil))
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
	if n := len(r.bundle.Tokenizer.Encode(spec.InputPrefix())); n >= r.limits().MaxInput-1 {
		return fmt.Errorf("the prefix has %d tokens (task.prefix) and inputs have %d with their end (data.max_input_length): no text is left: raise the limit, or shorten the prefix",
			n, r.limits().MaxInput)
	}
	return dataset.CheckLabels(spec, r.bundle.Tokenizer, r.limits().MaxTarget)
}

// build tokenises the data sets of a task.
func (r rowsReader) build(ctx context.Context, o openRows, t taskData) (taskRows, error) {
	train, validation := "train", "validation"
	if t.Part != "" {
		train, validation = t.Part, t.Part+", validation"
	}
	read, err := r.buildTrain(ctx, o, train)
	if err != nil || o.heldOut == nil {
		return read, err
	}
	read.heldOut, err = o.heldOut.Build(ctx, validation, o.heldOutSpec, data.HeldOut, r.bundle.Tokenizer, r.limits(), r.threads, r.sink)
	if err != nil {
		return taskRows{}, err
	}
	notes := append(dataset.ExampleNotes(validation, o.spec, read.heldOut, data.HeldOut, r.limits()), dataset.UntrainedLabels(validation, o.spec, read.train, read.heldOut)...)
	read.notes = append(read.notes, r.said(notes)...)
	return read, nil
}

// buildTrain tokenises the rows to train on.
func (r rowsReader) buildTrain(ctx context.Context, o openRows, name string) (taskRows, error) {
	notes, err := o.train.StepNotes(ctx, o.spec, name)
	if err != nil {
		return taskRows{}, err
	}
	examples, err := o.train.Build(ctx, name, o.spec, data.ForTraining, r.bundle.Tokenizer, r.limits(), r.threads, r.sink)
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
