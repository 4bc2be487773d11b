package evaluate

import (
	"cmp"
	"context"
	"fmt"

	"t5train/data"
	"t5train/trainer/allreduce"
	"t5train/trainer/metric"
	"t5train/trainer/runlog"
)

// Set evaluates a model on held-out examples.
type Set interface {
	Len() int
	// Best is the metric that decides which checkpoint is the best, unless the configuration names another.
	Best() string
	// Evaluate returns the metrics in the order in which they are shown, and lines that show what the model does.
	Evaluate(ctx context.Context, done func(n int64)) (values []metric.Value, shown []string, err error)
	// EachBatch calls f for the batches that Evaluate reads, in order. The batch is valid until f returns.
	EachBatch(ctx context.Context, f func(*data.Batch) error) error
	// SetGroup makes the ranks of g share the work of evaluations. All get the metrics, the same bits as one process.
	SetGroup(g *allreduce.Group)
}

// TaskSet are the rows of a task.
type TaskSet struct {
	*Evaluator
	Examples  *data.Examples
	BatchSize int
}

func (h TaskSet) Len() int { return h.Examples.Len() }

func (h TaskSet) Best() string { return cmp.Or(h.Compared, h.spec.Best()) }

func (h TaskSet) Source() data.Source { return h.Examples }

func (h TaskSet) Seen() runlog.Evaluation { return h.seen }

func (h TaskSet) Evaluate(ctx context.Context, done func(n int64)) ([]metric.Value, []string, error) {
	values, err := h.Evaluator.Evaluate(ctx, h.Examples, h.BatchSize, done)
	return values, nil, err
}

func (h TaskSet) EachBatch(ctx context.Context, f func(*data.Batch) error) error {
	return eachBatch(ctx, h.Examples, h.BatchSize, func(read func() *data.Batch) error { return f(read()) })
}

func (h TaskSet) SetGroup(g *allreduce.Group) { h.Group = g }

// eachBatch calls f for the batches of a source, in their order. A batch is made when f calls read, and valid until f
// returns.
func eachBatch(ctx context.Context, examples data.Source, size int, f func(read func() *data.Batch) error) error {
	batches, err := data.NewBatches(examples, data.Size{Examples: size}, data.Order{})
	if err != nil {
		return fmt.Errorf("read held-out examples: %w", err)
	}
	var batch data.Batch
	for position := int64(0); position < int64(examples.Len()); position = batches.Skip(position) {
		if err := ctx.Err(); err != nil {
			return err
		}
		read := func() *data.Batch {
			batches.Read(position, &batch)
			return &batch
		}
		if err := f(read); err != nil {
			return err
		}
	}
	return nil
}

// Recorded is a [Set] that tells more about its last evaluation than metrics. What it returns is the caller's.
type Recorded interface{ Seen() runlog.Evaluation }

// Sourced is a [Set] whose examples have lengths.
type Sourced interface{ Source() data.Source }
