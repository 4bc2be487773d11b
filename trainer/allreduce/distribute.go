package allreduce

import (
	"context"
	"errors"
	"fmt"
)

// Distribute computes a sequence of functions, such as those of the batches of an evaluation, on the ranks in turn.
// each calls next for every function, in order; it does so on all ranks, and a rank computes its own only. add takes
// all results, in order, on every rank: what it makes of them is the same there as in one process. A rank that fails
// or whose context ends lets all of them end.
func Distribute[R any](
	ctx context.Context, g *Group,
	each func(ctx context.Context, next func(compute func() (R, error)) error) error, add func(R) error,
) error {
	if g.Size() == 1 {
		return each(ctx, func(compute func() (R, error)) error {
			r, err := compute()
			if err != nil {
				return err
			}
			return add(r)
		})
	}
	round := round[R]{ctx: ctx, group: g, add: add}
	err := each(context.WithoutCancel(ctx), round.next) // when it ends is for all to decide
	if err == nil && round.asked > 0 {
		err = round.end()
	}
	return err
}

// round is one function to compute for each rank, and the exchange of the results.
type round[R any] struct {
	ctx   context.Context
	group *Group
	add   func(R) error
	asked int // ranks that have a function to compute in this round
	mine  result[R]
}

// result is what a rank says about its function. Fields are exported for the exchange.
type result[R any] struct {
	Value    R
	Failed   string
	Canceled bool
}

func (r *round[R]) next(compute func() (R, error)) error {
	if r.asked == r.group.Rank() {
		r.compute(compute)
	}
	if r.asked++; r.asked < r.group.Size() {
		return nil
	}
	return r.end()
}

func (r *round[R]) compute(f func() (R, error)) {
	value, err := f()
	r.mine = result[R]{Value: value}
	if err != nil {
		r.mine.Failed, r.mine.Canceled = err.Error(), errors.Is(err, context.Canceled)
	}
}

func (r *round[R]) end() error {
	r.mine.Canceled = r.mine.Canceled || r.ctx.Err() != nil
	all, err := Gather(r.group, r.mine)
	if err != nil {
		return err
	}
	asked := r.asked
	r.asked, r.mine = 0, result[R]{}
	for _, of := range all {
		if of.Canceled {
			return r.group.Common(context.Canceled)
		}
	}
	for rank, of := range all[:asked] {
		switch {
		case of.Failed == "":
			err = r.add(of.Value)
		case rank == r.group.Rank():
			err = errors.New(of.Failed)
		default:
			err = fmt.Errorf("%s: %s", r.group.Name(rank), of.Failed)
		}
		if err != nil {
			return r.group.Common(err)
		}
	}
	return nil
}
