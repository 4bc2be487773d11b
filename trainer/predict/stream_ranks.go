package predict

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"t5train/internal/jsonlines"
	"t5train/trainer/allreduce"
)

// request is what the first rank asks the others for. Fields are exported for the exchange.
type request[In any] struct {
	First  int64  // number of the first input
	Inputs [][]In // of each rank
	End    bool   // nothing is left, or it has failed
	Failed string

	Canceled bool
}

// answer returns the lines of the inputs that wait, those of each rank in one piece.
func (r *streaming[In, Out]) answer() ([][]byte, error) {
	w := request[In]{First: r.answered, Inputs: slices.Collect(slices.Chunk(r.waiting, r.BatchSize))}
	if r.Group.Size() > 1 {
		if _, err := allreduce.Gather(r.Group, w); err != nil {
			return nil, err
		}
	}
	return r.share(w)
}

// share answers the part of this rank and returns the lines of all.
func (r *streaming[In, Out]) share(w request[In]) ([][]byte, error) {
	var lines [][]byte
	err := allreduce.Distribute(r.ctx, r.Group,
		func(ctx context.Context, next func(func() ([]byte, error)) error) error {
			first := w.First
			for _, inputs := range w.Inputs {
				if err := next(func() ([]byte, error) { return r.encoded(first, inputs) }); err != nil {
					return err
				}
				first += int64(len(inputs))
			}
			return nil
		}, func(l []byte) error {
			lines = append(lines, l)
			return nil
		})
	return lines, err
}

// encoded returns the lines of the answers to inputs.
func (r *streaming[In, Out]) encoded(first int64, inputs []In) ([]byte, error) {
	answers, err := r.Answer(r.ctx, first, inputs)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	encoder := jsonlines.NewEncoder(&b)
	for _, lines := range answers {
		for _, line := range lines {
			if err := encoder.Encode(line); err != nil {
				return nil, err
			}
		}
	}
	return b.Bytes(), nil
}

// serveRank answers what the first rank asks for until it asks for no more.
func (r *streaming[In, Out]) serveRank() error {
	for {
		before := r.Group.SetTimeout(0) // the first rank may wait for inputs, or look for answers that are there
		all, err := allreduce.Gather(r.Group, request[In]{})
		r.Group.SetTimeout(before)
		if err != nil {
			return err
		}
		switch w := all[0]; {
		case w.Canceled:
			return r.Group.Common(context.Canceled)
		case w.End && w.Failed != "":
			return r.Group.Common(errors.New(w.Failed))
		case w.End:
			return nil
		default:
			if _, err := r.share(w); err != nil {
				return err
			}
		}
	}
}

// shutdownRanks ends the other ranks, which share has not ended already, with an error of this one.
func (r *streaming[In, Out]) shutdownRanks(err error) error {
	if r.Group.Size() == 1 || r.Group.Broken() || errors.As(err, new(allreduce.CommonError)) {
		return err
	}
	w := request[In]{End: true}
	if err != nil {
		w.Failed, w.Canceled = err.Error(), errors.Is(err, context.Canceled)
	}
	_, gather := allreduce.Gather(r.Group, w)
	return errors.Join(r.Group.Common(err), gather)
}
