package trainer

import (
	"context"
	"errors"
	"fmt"

	"t5train/data"
	"t5train/data/task"
	"t5train/model/kernel"
	"t5train/trainer/metric"
)

// TaskOptions correct what a checkpoint remembers about its task, or what the schema of a data set says.
type TaskOptions struct {
	Name         string // classification or seq2seq; empty is the checkpoint's
	Prefix       *string
	TextColumns  []string
	LabelColumn  string
	TargetColumn string
	Labels       []string // label strings, in class order
}

// EvaluateOptions configure Evaluate.
type EvaluateOptions struct {
	Data            []string // parquet files
	Task            TaskOptions
	BatchSize       int // examples
	MaxExamples     int // 0 is all
	MaxInputLength  int // tokens; 0 is the checkpoint's, or else 512
	MaxTargetLength int // tokens; 0 is the checkpoint's, or else 128
	Threads         int
	Console         *Console
}

// Evaluate computes the loss and the metrics of a checkpoint on a data set: by its task, or for one that is pre-trained,
// and unless another task is asked for, by its objective on text.
func Evaluate(ctx context.Context, b *Bundle, o EvaluateOptions) ([]metric.Value, error) {
	if b.Info.Objective != nil && b.Info.Task == nil && o.Task.Name == "" {
		return evaluateText(ctx, b, o)
	}
	t, err := openTable(o.Data, o.MaxExamples)
	if err != nil {
		return nil, err
	}
	var spec task.Spec
	if stored := b.Info.Task; stored != nil && (o.Task.Name == "" || o.Task.Name == stored.Name) {
		if spec, err = o.Task.correct(*stored); err != nil {
			return nil, err
		}
	} else if o.Task.Name == "" {
		return nil, errors.New("evaluate: the checkpoint does not say what task it is for: name it with --task classification or --task seq2seq")
	} else if spec, err = t.infer(ctx, o.Task.infer(), o.Console); err != nil {
		return nil, err
	}
	limits := data.Limits{
		MaxInput:  firstPositive(o.MaxInputLength, b.Info.MaxInputLength, 512),
		MaxTarget: firstPositive(o.MaxTargetLength, b.Info.MaxTargetLength, 128),
	}
	if err := checkLabels(spec, b.Tokenizer, limits.MaxTarget); err != nil {
		return nil, err
	}
	w := kernel.NewWorkers(o.Threads)
	examples, err := t.build(ctx, "evaluation", spec, b.Tokenizer, limits, w.Threads(), o.Console)
	if err != nil {
		return nil, err
	}
	e := NewEvaluator(b, spec, w)
	progress := o.Console.Start("evaluate", "examples", int64(examples.Len()))
	defer progress.Stop()
	values, err := e.Evaluate(ctx, examples, o.BatchSize, progress.Set)
	if errors.Is(err, errDiverged) {
		return nil, fmt.Errorf("%w, or the weights are damaged: use another checkpoint", err)
	}
	return values, err
}

// PredictionTask returns the task for inputs that have no answers: the checkpoint's with corrections, or, when another
// one is asked for, plain text in and out.
func PredictionTask(b *Bundle, o TaskOptions) (task.Spec, error) {
	stored := b.Info.Task
	switch {
	case stored != nil && (o.Name == "" || o.Name == stored.Name):
		return o.correct(*stored)
	case o.Name == task.Classification:
		return o.classification()
	case o.Name != "" && o.Name != task.Seq2Seq:
		return task.Spec{}, fmt.Errorf("predict: --task %s does not exist: want %s or %s", o.Name, task.Classification, task.Seq2Seq)
	case len(o.Labels) > 0:
		return task.Spec{}, errors.New("predict: --labels are for a classification: add --task classification")
	}
	// Text in, text out: what a checkpoint without a task, such as one from Hugging Face, can do. A checkpoint that
	// learned another task keeps the form of its input.
	spec := task.Spec{Name: task.Seq2Seq, TextColumns: []string{"text"}}
	if stored != nil {
		spec = *stored
		spec.Labels = nil
	}
	return o.columns(spec), nil
}

// correct applies the options to a task that a checkpoint remembers.
func (o TaskOptions) correct(spec task.Spec) (task.Spec, error) {
	spec = o.columns(spec)
	if len(o.Labels) > 0 {
		if len(o.Labels) != len(spec.Labels) {
			return spec, fmt.Errorf("--labels has %d label strings, want %d as the checkpoint: %s", len(o.Labels), len(spec.Labels), labelTexts(spec.Labels))
		}
		labels := make([]task.Label, len(spec.Labels))
		for i, l := range spec.Labels {
			labels[i] = l
			labels[i].Text = o.Labels[i]
		}
		spec.Labels = labels
	}
	return spec, spec.Validate()
}

func (o TaskOptions) columns(spec task.Spec) task.Spec {
	if o.Prefix != nil {
		spec.Prefix = *o.Prefix
	}
	if len(o.TextColumns) > 0 {
		spec.TextColumns = o.TextColumns
	}
	if o.LabelColumn != "" {
		spec.LabelColumn = o.LabelColumn
	}
	if o.TargetColumn != "" {
		spec.TargetColumn = o.TargetColumn
	}
	return spec
}

// classification is a task told by options alone, for a checkpoint that remembers none.
func (o TaskOptions) classification() (task.Spec, error) {
	if len(o.Labels) < 2 {
		return task.Spec{}, errors.New("predict: the checkpoint does not say which labels it knows: list them with --labels")
	}
	spec := o.columns(task.Spec{Name: task.Classification, TextColumns: []string{"text"}, LabelColumn: "label"})
	for _, text := range o.Labels {
		spec.Labels = append(spec.Labels, task.Label{Name: text, Text: text})
	}
	return spec, spec.Validate()
}

func (o TaskOptions) infer() task.Options {
	t := task.Options{Name: o.Name, TextColumns: o.TextColumns, LabelColumn: o.LabelColumn, TargetColumn: o.TargetColumn, Labels: o.Labels}
	if o.Prefix != nil {
		t.Prefix = *o.Prefix
	}
	return t
}

func labelTexts(labels []task.Label) string {
	text := ""
	for i, l := range labels {
		if i > 0 {
			text += ", "
		}
		text += l.Text
	}
	return text
}
