package trainer

import (
	"context"
	"errors"

	"t5train/data"
	"t5train/trainer/metric"
)

// material is what a run works with: examples to train on, and held-out ones.
type material struct {
	train   data.Source
	order   data.Order
	heldOut heldOut  // nil without evaluation
	stores  []string // names of the token stores of train: what they hold decides about them
	tokens  int64    // in them
	closers []func() error
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
	// Evaluate returns the metrics in the order in which they are shown, and lines that show what the model does.
	Evaluate(ctx context.Context, done func(n int64)) (values []metric.Value, shown []string, err error)
}

// heldOutRows are the rows of a task.
type heldOutRows struct {
	*Evaluator
	examples  *data.Examples
	batchSize int
}

func (h heldOutRows) Len() int { return h.examples.Len() }

func (h heldOutRows) Evaluate(ctx context.Context, done func(n int64)) ([]metric.Value, []string, error) {
	values, err := h.Evaluator.Evaluate(ctx, h.examples, h.batchSize, done)
	return values, nil, err
}
