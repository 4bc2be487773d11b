package trainer

import (
	"context"
	"errors"
	"fmt"

	"t5train/data"
	"t5train/trainer/allreduce"
	"t5train/trainer/metric"
	"t5train/trainer/record"
)

// material is what a run works with: examples to train on, and held-out ones.
type material struct {
	train   data.Source
	heldOut heldOut           // nil without evaluation
	digests map[string]string // of all data by its key in the configuration: equal digests are equal examples
	tokens  int64             // in the token stores of train
	notes   []record.Note     // on the data
	closers []func() error
}

// note keeps the digest of what a key of the configuration names.
func (m *material) note(key, digest string) {
	if m.digests == nil {
		m.digests = make(map[string]string)
	}
	m.digests[key] = digest
}

// close ends the use of everything that is open.
func (m *material) close() error {
	var errs []error
	for _, c := range m.closers {
		errs = append(errs, c())
	}
	m.closers = nil
	return errors.Join(errs...)
}

// heldOut evaluates a model on held-out examples.
type heldOut interface {
	Len() int
	// Best is the metric that decides which checkpoint is the best, unless the configuration names another.
	Best() string
	// Evaluate returns the metrics in the order in which they are shown, and lines that show what the model does.
	Evaluate(ctx context.Context, done func(n int64)) (values []metric.Value, shown []string, err error)
	// eachBatch calls f for the batches that Evaluate reads, in order. The batch is valid until f returns.
	eachBatch(ctx context.Context, f func(*data.Batch) error) error
	// setGroup makes the ranks of g share the work of evaluations. All get the metrics, the same bits as one process.
	setGroup(g *allreduce.Group)
}

// heldOutRows are the rows of a task.
type heldOutRows struct {
	*Evaluator
	examples  *data.Examples
	batchSize int
}

func (h heldOutRows) Len() int     { return h.examples.Len() }
func (h heldOutRows) Best() string { return h.spec.Best() }

func (h heldOutRows) source() data.Source { return h.examples }

func (h heldOutRows) exhibit() record.Evaluation { return h.seen }

func (h heldOutRows) Evaluate(ctx context.Context, done func(n int64)) ([]metric.Value, []string, error) {
	values, err := h.Evaluator.Evaluate(ctx, h.examples, h.batchSize, done)
	return values, nil, err
}

func (h heldOutRows) eachBatch(ctx context.Context, f func(*data.Batch) error) error {
	return eachBatch(ctx, h.examples, h.batchSize, func(read func() *data.Batch) error { return f(read()) })
}

func (h heldOutRows) setGroup(g *allreduce.Group) { h.Group = g }

// eachBatch calls f for the batches of a source, in their order. A batch is made when f calls read, and valid until f returns.
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
