package predict

import (
	"context"
	"errors"
	"io"

	"t5train/internal/ui"
	"t5train/trainer/allreduce"
)

// Stream answers inputs that need not fit into memory, in order, with one JSON object a line.
type Stream[In, Out any] struct {
	// Read calls yield for each input. It holds one at a time.
	Read func(yield func(In) error) error
	// Total is the number of inputs; below 0 it is not known.
	Total int64

	// BatchSize is how many inputs are answered together: those in memory, and those that an interruption loses.
	BatchSize int
	// Answer answers inputs, of which the first has the number first among all, with any number of lines for each.
	Answer func(ctx context.Context, first int64, inputs []In) ([][]Out, error)
	// Beginnings returns what the lines of an input begin with, whatever the answer: see [jsonlines.Beginning].
	Beginnings func(In) ([][]byte, error)

	// Group, if not nil, are ranks that share the work. The first one reads the inputs and writes the answers, the
	// others need Answer only. Batches are those of one process, so the answers are too.
	Group *allreduce.Group

	To   AnswerWriter
	What string // is done, for the progress: predict
	Sink ui.Sink
}

// AnswerWriter takes lines of answers. [AnswerFile] is one.
type AnswerWriter interface {
	io.Writer
	// Match reports whether the next input, whose lines begin so, is answered already.
	Match(beginnings ...[]byte) (answered bool, err error)
	Flush() error
}

// Run answers the inputs until ctx ends, and returns how many have their answers in s.To.
func (s Stream[In, Out]) Run(ctx context.Context) (answered int64, err error) {
	r := streaming[In, Out]{Stream: s, ctx: ctx}
	if !s.Group.First() {
		return 0, r.serveRank()
	}
	defer r.stop()
	err = s.Read(func(in In) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return r.add(in)
	})
	if err == nil {
		err = r.flush()
	}
	return r.answered, r.shutdownRanks(err)
}

// streaming is a stream under way.
type streaming[In, Out any] struct {
	Stream[In, Out]
	ctx      context.Context
	waiting  []In
	answered int64
	progress ui.Progress
	done     int64 // in this process
}

func (r *streaming[In, Out]) add(in In) error {
	beginnings, err := r.Beginnings(in)
	if err != nil {
		return err
	}
	there, err := r.To.Match(beginnings...)
	if err != nil {
		return err
	}
	if there {
		r.answered++
		return nil
	}
	if r.progress == nil {
		r.start()
	}
	if r.waiting = append(r.waiting, in); len(r.waiting) < r.BatchSize*r.Group.Size() {
		return nil
	}
	return r.flush()
}

// start begins the progress, with the first input that has no answer yet.
func (r *streaming[In, Out]) start() {
	left := r.Total
	if r.answered > 0 {
		ui.Say(r.Sink, "", "resume after the answers to %s inputs", ui.Grouped(int(r.answered)))
		left = max(-1, r.Total-r.answered)
	}
	r.progress = ui.Start(r.Sink, r.What, "inputs", left)
}

func (r *streaming[In, Out]) stop() {
	if r.progress != nil {
		r.progress.Stop()
	}
}

func (r *streaming[In, Out]) flush() error {
	if len(r.waiting) == 0 {
		return nil
	}
	lines, err := r.answer()
	if err != nil {
		return err
	}
	for _, l := range lines {
		if _, err := r.To.Write(l); err != nil {
			return err
		}
	}
	if err := r.To.Flush(); err != nil {
		return err
	}
	r.answered += int64(len(r.waiting))
	r.done += int64(len(r.waiting))
	r.progress.Set(r.done)
	r.waiting = r.waiting[:0]
	return nil
}

// Stopped reports whether an error only says that the context has ended.
func Stopped(err error) bool { return errors.Is(err, context.Canceled) }
