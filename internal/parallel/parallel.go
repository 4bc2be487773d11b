// Package parallel works on several threads so that the result does not depend on how many there are.
//
//	p := parallel.NewPool(threads, newBlock, (*block).tokenize, func(b *block) error { return out.append(b) })
//	defer p.Close()
//	err := p.Add(func(b *block) (full bool) { return b.add(text) }) // and so on
//	err = p.Finish()
package parallel

import (
	"sync"
	"sync/atomic"
)

// Each calls f for 0 to n-1 from at most threads threads at once, each of which has a number from 0.
func Each(threads, n int, f func(thread, i int)) {
	var next atomic.Int64
	var group sync.WaitGroup
	for thread := range min(max(threads, 1), n) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(thread, i)
			}
		})
	}
	group.Wait()
}

// Pool works on blocks on several threads, and is done with them in the order in which they were put. Blocks are used
// again: where the threads are behind, whoever fills them waits for the oldest one. It is not safe for concurrent use.
type Pool[B any] struct {
	done  func(B) error
	free  []B
	order []job[B] // from the oldest
	open  *B       // the block that is not full yet
	work  chan job[B]
	group sync.WaitGroup
	err   error // of done, which is not called again
}

type job[B any] struct {
	block B
	ready chan struct{}
}

// NewPool starts the threads, which [Pool.Close] ends. work is called on them, done on the caller's goroutine.
func NewPool[B any](threads int, block func() B, work func(B), done func(B) error) *Pool[B] {
	threads = max(threads, 1)
	p := &Pool[B]{done: done, work: make(chan job[B], 2*threads)}
	for range 2*threads + 1 {
		p.free = append(p.free, block())
	}
	for range threads {
		p.group.Go(func() {
			for j := range p.work {
				work(j.block)
				close(j.ready)
			}
		})
	}
	return p
}

// Add hands a block to fill, which reports whether the block is full then: if so, it is worked on. The error is that of
// done, as that of [Pool.Finish].
func (p *Pool[B]) Add(fill func(B) (full bool)) error {
	if p.open == nil {
		b, err := p.next()
		if err != nil {
			return err
		}
		p.open = &b
	}
	if fill(*p.open) {
		p.put()
	}
	return nil
}

func (p *Pool[B]) next() (b B, err error) {
	for p.err == nil && len(p.order) > 0 && (len(p.free) == 0 || p.order[0].isReady()) {
		p.take()
	}
	if p.err != nil {
		return b, p.err
	}
	b = p.free[len(p.free)-1]
	p.free = p.free[:len(p.free)-1]
	return b, nil
}

func (p *Pool[B]) put() {
	j := job[B]{*p.open, make(chan struct{})}
	p.open = nil
	p.order = append(p.order, j)
	p.work <- j
}

// Finish waits for all blocks, of which the last one need not be full.
func (p *Pool[B]) Finish() error {
	if p.open != nil {
		p.put()
	}
	for p.err == nil && len(p.order) > 0 {
		p.take()
	}
	return p.err
}

// Close ends the threads. Blocks that are not done by then are dropped.
func (p *Pool[B]) Close() {
	close(p.work)
	p.group.Wait()
}

// take waits for the oldest block.
func (p *Pool[B]) take() {
	j := p.order[0]
	p.order = p.order[1:]
	<-j.ready
	p.free = append(p.free, j.block)
	p.err = p.done(j.block)
}

func (j job[B]) isReady() bool {
	select {
	case <-j.ready:
		return true
	default:
		return false
	}
}
