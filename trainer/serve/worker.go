package serve

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync/atomic"
)

// work computes batches until the queue is closed.
func (s *Server) work(m model) {
	for b := s.queue.take(); b != nil; b = s.queue.take() {
		s.metrics.batches.Update(float64(len(b)))
		for _, slot := range b {
			if slot.index == 0 {
				s.metrics.queued.Update(slot.job.queued.Seconds())
			}
		}
		s.answer(m, b)
	}
}

// answer computes a batch. When that fails, each job has another chance alone, so that nobody suffers from what another
// client has sent.
func (s *Server) answer(m model, b batch) {
	jobs := b.jobs()
	ctx, cancel := s.whileWanted(jobs)
	defer cancel()
	answers, err := s.ask(ctx, m, b)
	switch {
	case err == nil:
		for i, slot := range b {
			s.queue.answer(slot, answers[i])
		}
	case ctx.Err() != nil && s.computing.Err() != nil:
		for _, j := range jobs {
			s.queue.fail(j, errStopping)
		}
	case ctx.Err() != nil: // nobody waits for the answers any more
	case len(jobs) == 1:
		s.queue.fail(jobs[0], err)
	default:
		for _, j := range jobs {
			s.answer(m, b.of(j))
		}
	}
}

// of returns the slots of a job.
func (b batch) of(j *job) batch {
	var own batch
	for _, s := range b {
		if s.job == j {
			own = append(own, s)
		}
	}
	return own
}

// whileWanted returns a context that ends with the last of the jobs' contexts, and with Close.
func (s *Server) whileWanted(jobs []*job) (ctx context.Context, cancel func()) {
	ctx, end := context.WithCancel(s.computing)
	var left atomic.Int64
	left.Store(int64(len(jobs)))
	var stops []func() bool
	for _, j := range jobs {
		stops = append(stops, context.AfterFunc(j.ctx, func() {
			if left.Add(-1) == 0 {
				end()
			}
		}))
	}
	return ctx, func() {
		for _, stop := range stops {
			stop()
		}
		end()
	}
}

// ask calls the model. A panic becomes an error, and the worker lives on.
func (s *Server) ask(ctx context.Context, m model, b batch) (answers []answer, err error) {
	defer func() {
		if r := recover(); r != nil {
			s.metrics.panics.Inc()
			s.options.Log.Error("panic in a batch", "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			err = fmt.Errorf("compute a batch: panic: %v", r)
		}
	}()
	return b[0].job.compute(ctx, m, b)
}

// submit waits for the answers to a job, or for the end of its context.
func (s *Server) submit(j *job) ([]answer, error) {
	if err := s.queue.add(j); err != nil {
		return nil, err
	}
	select {
	case <-j.done:
		return j.answers, j.err
	case <-j.ctx.Done():
		s.metrics.abandoned.Add(s.queue.remove(j))
		return nil, context.Cause(j.ctx)
	}
}
