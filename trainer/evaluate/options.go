package evaluate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"t5train/checkpoints"
	"t5train/data"
	"t5train/data/dataset"
	"t5train/data/task"
	"t5train/data/task/infer"
	"t5train/internal/ui"
	"t5train/model"
	"t5train/model/generate"
	"t5train/model/kernel"
	"t5train/trainer/allreduce"
	"t5train/trainer/metric"
	"t5train/trainer/predict"
)

// Options configure Evaluate.
type Options struct {
	Data            []string  // parquet files
	Task            task.Spec // what corrects the task that the checkpoint remembers, or names another one
	BatchSize       int       // examples; 0 is 32
	MaxExamples     int       // drawn at random, always the same; 0 is all
	MaxInputLength  int       // tokens; 0 is the checkpoint's, or else 512
	MaxTargetLength int       // tokens; 0 is the checkpoint's, or else 128
	Tokens          string    // folder of token stores for a checkpoint that is pre-trained; "" is a temporary one
	Threads         int
	Sink            ui.Sink          // nil is silent
	Group           *allreduce.Group // ranks that share the work, each of which makes the same call; nil is none

	// of answers that are texts; nil is greedy. One sequence counts, so NumReturnSequences is 0.
	Generation *generate.Options
}

// Evaluate computes the loss and the metrics of a checkpoint on a data set: by its task, or for one that is
// pre-trained, and unless another task is asked for, by its objective on text. Metrics of the task come with their 95 %
// intervals.
func Evaluate(ctx context.Context, folder *checkpoints.Folder, o Options) (*Evaluation, error) {
	if folder.IsEmpty() {
		return nil, fmt.Errorf("evaluate: %w", model.ErrNoModel)
	}
	o.Threads, o.BatchSize = o.Group.Threads(o.Threads), predict.FirstPositive(o.BatchSize, defaultBatch)
	if folder.Info.Objective != nil && folder.Info.Task == nil && o.Task.Name == "" {
		if o.Generation != nil {
			return nil, o.Group.Common(errNothingGenerated)
		}
		values, err := evaluateText(ctx, folder, o)
		return &Evaluation{Values: values}, err
	}
	e, examples, notes, err := newEvaluation(ctx, folder, o)
	if err := o.Group.Agree(err); err != nil {
		return nil, err
	}
	if err := sameEvaluation(e, examples, o); err != nil {
		return nil, err
	}
	progress := ui.Start(o.Sink, "evaluate", "examples", int64(examples.Len()))
	defer progress.Stop()
	values, answers, err := e.run(ctx, examples, o.BatchSize, progress.Set)
	if errors.Is(err, ErrDiverged) {
		return nil, fmt.Errorf("%w, or the weights are damaged: use another checkpoint", err)
	}
	if err != nil {
		return nil, err
	}
	progress.Stop()
	result := &Evaluation{Values: values, Signatures: answers.signatures(), Sampled: answers.sampled(),
		Constants: e.seen.Constants, Notes: append(notes, e.seen.Notes...)}
	if o.Group.First() {
		result.Intervals, err = intervals(ctx, result.Sampled, metric.Names(values), o.Sink)
	} else {
		o.Group.SetTimeout(0) // the first rank computes the intervals, and writes all
	}
	if err := o.Group.Agree(err); err != nil {
		return nil, err
	}
	// Asked anew, for a signal may have come to a rank while it waited for the first one.
	if err := o.Group.Agree(ctx.Err()); err != nil {
		return nil, err
	}
	return result, nil
}

// sameEvaluation makes sure that all ranks are about to evaluate the same.
func sameEvaluation(e *Evaluator, examples *data.Examples, o Options) error {
	if o.Group.Size() == 1 {
		return nil // nothing is digested
	}
	what, err := json.Marshal(struct {
		Task       task.Spec
		Generation generate.Options
		BatchSize  int
	}{e.spec, e.how, o.BatchSize})
	if err := o.Group.Agree(err); err != nil {
		return err
	}
	return o.Group.Same(map[string]string{"set of examples": examples.Digest(), "task": string(what)})
}

// intervals returns the intervals of the metrics that are shown.
func intervals(ctx context.Context, sampled []metric.Sampled, shown []string, sink ui.Sink) (list []metric.Interval,
	err error) {
	progress := ui.Start(sink, "intervals", "samples", int64(len(sampled)*metric.Resamples))
	defer progress.Stop()
	done := int64(0)
	for _, s := range sampled {
		all, err := metric.Bootstrap(ctx, watched{s, func() { done++; progress.Set(done) }}, bootstrapSeed)
		if err != nil {
			return nil, err
		}
		for _, i := range all {
			if !task.MetricOf(i.Name).IsCount && i.Name != "invalid" && slices.Contains(shown, i.Name) {
				list = append(list, i)
			}
		}
	}
	return list, nil
}

// watched tells when a sample is done: a thousand of them may take a minute where there are many examples.
type watched struct {
	metric.Sampled
	done func()
}

// Sample implements metric.Sampled.
func (w watched) Sample(index []int) []metric.Value {
	defer w.done()
	return w.Sampled.Sample(index)
}

var errNothingGenerated = errors.New("evaluate: a classification answers with labels, an objective of pre-training " +
	"with its targets: leave out the options of generation")

// newEvaluation reads what Evaluate works with.
func newEvaluation(ctx context.Context, folder *checkpoints.Folder, o Options) (*Evaluator, *data.Examples, []ui.Note,
	error) {
	if o.Tokens != "" {
		return nil, nil, nil, errors.New("evaluate: token stores are for checkpoints that are pre-trained, and " +
			"evaluated on text: leave out data.tokens")
	}
	t, err := dataset.Open(ctx, o.Data, dataset.ForEvaluation, o.MaxExamples, dataset.HeldOutSeed)
	if err != nil {
		return nil, nil, nil, err
	}
	var spec task.Spec
	if stored := folder.Info.Task; stored != nil && (o.Task.Name == "" || o.Task.Name == stored.Name) {
		dataset.SayTaken(o.Sink, t.Dataset)
		if spec, err = infer.Correct(*stored, t.Columns(), o.Task); err != nil {
			return nil, nil, nil, fmt.Errorf("evaluate: %w", err)
		}
	} else if o.Task.Name == "" {
		return nil, nil, nil, errors.New("evaluate: the checkpoint does not say what task it is for: name it with " +
			"task.name, such as task.name classification or task.name seq2seq")
	} else if spec, err = t.Infer(ctx, o.Task, o.Sink); err != nil {
		return nil, nil, nil, err
	}
	if o.Generation != nil && spec.ScoresLabels() {
		return nil, nil, nil, errNothingGenerated
	}
	notes, err := t.RoundingNotes(ctx, spec, "evaluation")
	if err != nil {
		return nil, nil, nil, fmt.Errorf("evaluate: %w", err)
	}
	limits := data.Limits{
		MaxInput:  predict.FirstPositive(o.MaxInputLength, folder.Info.MaxInputLength, 512),
		MaxTarget: predict.FirstPositive(o.MaxTargetLength, folder.Info.MaxTargetLength, 128),
	}
	if err := dataset.CheckLabels(spec, folder.Tokenizer, limits.MaxTarget); err != nil {
		return nil, nil, nil, err
	}
	if err := t.CheckColumns(spec.Columns()); err != nil {
		return nil, nil, nil, err
	}
	w := kernel.NewWorkers(o.Threads)
	e := NewEvaluator(folder, spec, limits.MaxTarget, w)
	e.Group = o.Group
	if o.Generation != nil {
		e.how = *o.Generation
		e.how.MaxTokens = limits.MaxTarget
		if err := e.how.Validate(folder.Model.Config.VocabSize); err != nil {
			return nil, nil, nil, fmt.Errorf("evaluate: options of generation: %w", err)
		}
	}
	examples, err := t.Build(ctx, "evaluation", spec, data.HeldOut, folder.Tokenizer, limits, w.Threads(), o.Sink)
	if err != nil {
		return nil, nil, nil, err
	}
	ceiling, _, err := ceilingNotes(e, examples, "evaluation")
	if err != nil {
		return nil, nil, nil, err
	}
	notes = slices.Concat(notes, dataset.ExampleNotes("evaluation", spec, examples, data.HeldOut, limits), ceiling)
	ui.SayNotes(o.Sink, notes)
	return e, examples, notes, nil
}

// bootstrapSeed makes intervals the same whenever and wherever they are computed.
const bootstrapSeed = 0
