package serve

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"t5train/trainer/predict"
	"t5train/trainer/serve/progress"
)

// The reasons why the queue takes no job.
var (
	errFull     = errors.New("the queue is full")
	errStopping = errors.New("the server is stopping")
)

// job is the part of a request that waits to be computed.
type job struct {
	ctx     context.Context // its end takes the job out of the queue
	model   served
	key     string // jobs with the same key can be in one batch
	inputs  []input
	rows    int // sequences that the decoder holds for an input
	outputs int // tokens of output that an input may have, over all rows
	first   int // index of the first input, which sampling depends on
	compute compute
	watch   *progress.Watch // of a generation whose tokens somebody wants to see

	added  time.Time
	done   chan struct{} // closed when all answers or the error are there
	once   sync.Once
	queued time.Duration // until a batch took the first input

	next    int // the first input that no batch has taken
	left    int // inputs without an answer
	answers []answer
	err     error
}

// input is a text that goes into the model.
type input struct {
	text   string
	tokens int // of what the model sees of it, EOS included
}

// answer is what a model says to one input. The kind of job decides which field is set.
type answer struct {
	generated  predict.Generated
	classified predict.Classified
	scored     predict.Scored
	vector     []float32
}

// compute asks a model for the answers to a batch, one for each input.
type compute func(ctx context.Context, m model, b batch) ([]answer, error)

// untaken returns how many inputs no batch has taken.
func (j *job) untaken() int { return len(j.inputs) - j.next }

// end makes the result known. What comes later is dropped.
func (j *job) end(err error) {
	j.once.Do(func() {
		j.err = err
		close(j.done)
	})
}

// slot is an input of a job.
type slot struct {
	job   *job
	index int
}

// batch is what one call of a model computes: inputs of jobs with the same key.
type batch []slot

// texts returns what goes into the model.
func (b batch) texts() []string {
	texts := make([]string, len(b))
	for i, s := range b {
		texts[i] = s.job.inputs[s.index].text
	}
	return texts
}

// indices returns the indices of the inputs.
func (b batch) indices() []int {
	indices := make([]int, len(b))
	for i, s := range b {
		indices[i] = s.job.first + s.index
	}
	return indices
}

// jobs returns the jobs of a batch, each once, in order.
func (b batch) jobs() []*job {
	var jobs []*job
	for _, s := range b {
		if !slices.Contains(jobs, s.job) {
			jobs = append(jobs, s.job)
		}
	}
	return jobs
}

// queue holds the jobs that wait, the oldest first. The front job decides what the next batch is about: all jobs with
// its key give an input in turn until the batch is full. Those that still have inputs then go to the back, so a request
// with many inputs delays a small one by one batch.
type queue struct {
	maxInputs int // that wait
	maxRows   int // of a batch
	maxTokens int // of a batch

	mu      sync.Mutex
	changed *sync.Cond
	waiting []*job
	inputs  int   // that wait
	refuse  error // not nil: no more jobs are taken, for this reason
	closed  bool
}

func newQueue(maxInputs, maxRows, maxTokens int) *queue {
	q := &queue{maxInputs: maxInputs, maxRows: maxRows, maxTokens: maxTokens}
	q.changed = sync.NewCond(&q.mu)
	return q
}

// add puts a job at the back, all of its inputs or none.
func (q *queue) add(j *job) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.refuse != nil {
		return q.refuse
	}
	if q.inputs+len(j.inputs) > q.maxInputs {
		return errFull
	}
	j.added, j.left = time.Now(), len(j.inputs)
	j.answers, j.done = make([]answer, len(j.inputs)), make(chan struct{})
	q.waiting = append(q.waiting, j)
	q.inputs += len(j.inputs)
	q.changed.Signal()
	return nil
}

// remove takes the rest of a job out of the queue and returns how many of its inputs no batch has taken.
func (q *queue) remove(j *job) (untaken int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.Index(q.waiting, j); i >= 0 {
		q.waiting = slices.Delete(q.waiting, i, i+1)
		q.inputs -= j.untaken()
	}
	return j.untaken()
}

// take waits for inputs and returns a batch of them. It returns nil when the queue is closed.
func (q *queue) take() batch {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		for len(q.waiting) == 0 && !q.closed {
			q.changed.Wait()
		}
		if q.closed {
			return nil
		}
		if b := q.collect(); len(b) > 0 {
			return b
		}
	}
}

// collect makes a batch for the job at the front. It is empty when nobody waits for the answers any more.
func (q *queue) collect() batch {
	q.waiting = slices.DeleteFunc(q.waiting, func(j *job) bool {
		gone := j.ctx.Err() != nil
		if gone {
			q.inputs -= j.untaken()
		}
		return gone
	})
	if len(q.waiting) == 0 {
		return nil
	}
	var group, untouched, begun []*job
	for _, j := range q.waiting {
		if j.key == q.waiting[0].key {
			group = append(group, j)
		}
	}
	b := q.fill(group)
	q.inputs -= len(b)
	touched := b.jobs()
	for _, j := range q.waiting {
		switch {
		case !slices.Contains(touched, j):
			untouched = append(untouched, j)
		case j.untaken() > 0:
			begun = append(begun, j)
		}
	}
	q.waiting = append(untouched, begun...)
	if len(q.waiting) > 0 {
		q.changed.Signal() // for another worker
	}
	return b
}

// fill takes inputs from the jobs of a group, one from each in turn, until a batch is full. The first input has a place
// in any case.
func (q *queue) fill(group []*job) batch {
	var b batch
	tokens := 0
	for more := true; more; {
		more = false
		for _, j := range group {
			if j.untaken() == 0 {
				continue
			}
			size := j.inputs[j.next].tokens + j.outputs
			if len(b) > 0 && ((len(b)+1)*j.rows > q.maxRows || tokens+size > q.maxTokens) {
				return b
			}
			if j.next == 0 {
				j.queued = time.Since(j.added)
			}
			b = append(b, slot{j, j.next})
			j.next++
			tokens += size
			more = true
		}
	}
	return b
}

// answer puts in the answer to an input.
func (q *queue) answer(s slot, a answer) {
	q.mu.Lock()
	defer q.mu.Unlock()
	s.job.answers[s.index] = a
	if s.job.left--; s.job.left == 0 {
		s.job.end(nil)
	}
}

// fail ends a job with an error and forgets the rest of it.
func (q *queue) fail(j *job, err error) {
	q.remove(j)
	j.end(err)
}

// stop refuses jobs from now on; those that wait are still computed.
func (q *queue) stop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.refuse = errStopping
}

// close ends the waiting jobs with an error, and the workers.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.refuse, q.closed = errStopping, true
	for _, j := range q.waiting {
		j.end(errStopping)
	}
	q.waiting, q.inputs = nil, 0
	q.changed.Broadcast()
}

// length returns the number of inputs that wait, and why no more are taken, if so.
func (q *queue) length() (inputs int, refused error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.refuse == nil && q.inputs >= q.maxInputs {
		return q.inputs, errFull
	}
	return q.inputs, q.refuse
}

// work computes batches until the queue is closed.
func (s *Server) work(m model) {
	for b := s.queue.take(); b != nil; b = s.queue.take() {
		b.byAdapter()
		s.metrics.Batches.Update(float64(len(b)))
		for _, slot := range b {
			if slot.index == 0 {
				s.metrics.Queued.Update(slot.job.queued.Seconds())
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
			s.metrics.Panics.Inc()
			s.options.Log.Error("panic in a batch", "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			err = fmt.Errorf("compute a batch: panic: %v", r)
		}
	}()
	if len(s.adapted) > 0 {
		m = m.Adapted(b.adapters())
	}
	return b[0].job.compute(ctx, m, b)
}

// await waits for the answers to a job that is in the queue.
func (s *Server) await(j *job) ([]answer, error) {
	select {
	case <-j.done:
		return j.answers, j.err
	case <-j.ctx.Done():
		s.metrics.Abandoned.Add(s.queue.remove(j))
		return nil, context.Cause(j.ctx)
	}
}
