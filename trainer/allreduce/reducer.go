package allreduce

import (
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"time"
	"unsafe"

	"t5train/model/kernel"
	"t5train/model/op"
)

// Reducer adds up the gradients of all ranks during the backward pass. Each element is summed in the order of
// the ranks, by one of them, so a sum has the same bits on every rank and in every run.
//
// Gradients lie end to end, in the order in which the backward pass completes them, and are reduced a bucket at a time:
// every rank gets its part of the bucket from all others, adds it up, and gives them the sum.
type Reducer struct {
	group   *Group
	workers *kernel.Workers
	units   []unit
	of      map[*op.Param][]int // units that a parameter is in
	scratch []float32           // parts of other ranks
	rows    rowBuffers
	urgent  atomic.Bool // nothing else is left to do
	waited  time.Duration
}

// unit is what is reduced at a time: a bucket of elements, or the rows of a table that is only looked up.
type unit struct {
	elements []float32
	table    *op.Param
	params   int // in it
}

// BucketBytes is the size of a bucket: large against what a message costs, small against the gradients.
const BucketBytes = 16 << 20

const bucketElements = BucketBytes / 4

// align is the number of elements of a cache line.
const align = 16

// NewReducer makes place for the gradients of params, which must be in the order of the forward pass, in memory that
// the MPI library sees. tables are those of them that are only looked up. It gives the reduction a processor of its own
// in the eyes of Go, because the threads of the backward pass do not let others go first.
func NewReducer(g *Group, params []*op.Param, tables []*op.Param, workers *kernel.Workers) (*Reducer, error) {
	r := &Reducer{group: g, workers: kernel.NewWorkersOn(workers.ISA(), 1), of: make(map[*op.Param][]int)}
	var order []*op.Param // as the backward pass completes them
	for _, p := range slices.Backward(params) {
		if !slices.Contains(tables, p) {
			order = append(order, p)
		}
	}
	if err := r.place(order); err != nil {
		return nil, err
	}
	for _, p := range tables {
		memory, err := r.floats(roundUp(len(p.Value), align*g.size))
		if err != nil {
			return nil, err
		}
		p.UseGrad(memory[:len(p.Value)])
		r.of[p] = []int{len(r.units)}
		r.units = append(r.units, unit{elements: memory, table: p, params: 1})
	}
	var err error
	if r.scratch, err = r.floats(g.size * roundUp(bucketElements/g.size+align, align)); err != nil {
		return nil, err
	}
	runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), workers.Threads()+1))
	return r, nil
}

// place lays out gradients and cuts them in buckets.
func (r *Reducer) place(params []*op.Param) error {
	total := 0
	for _, p := range params {
		total += roundUp(len(p.Value), align)
	}
	memory, err := r.floats(roundUp(total, align*r.group.size))
	if err != nil {
		return err
	}
	size := r.bucket()
	for at := 0; at < len(memory); at += size {
		r.units = append(r.units, unit{elements: memory[at:min(len(memory), at+size)]})
	}
	at := 0
	for _, p := range params {
		p.UseGrad(memory[at : at+len(p.Value) : at+len(p.Value)])
		for i := at / size; i <= (at+len(p.Value)-1)/size; i++ {
			r.of[p] = append(r.of[p], i)
			r.units[i].params++
		}
		at += roundUp(len(p.Value), align)
	}
	return nil
}

// bucket returns the elements of a bucket: a multiple of a cache line for every rank.
func (r *Reducer) bucket() int {
	part := align * r.group.size
	return max(part, bucketElements/part*part)
}

func roundUp(n, multiple int) int { return (n + multiple - 1) / multiple * multiple }

// floats returns memory of zeros.
func (r *Reducer) floats(n int) ([]float32, error) {
	b, err := alloc(4 * max(1, n))
	if err != nil {
		return nil, err
	}
	return float32sOf(b)[:n], nil
}

// bytesOf returns the memory of floats or integers of 32 bits.
func bytesOf[T float32 | int32](x []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 4*len(x))
}

func float32sOf(b []byte) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/4)
}

func int32sOf(b []byte) []int32 {
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/4)
}

// Reduce runs the backward pass that completes the gradients, which meanwhile become the sums of all ranks: pass hands
// over each parameter whose gradient is complete. For a process on its own, whose Reducer is nil, it is the pass alone.
func (r *Reducer) Reduce(pass func(final func(*op.Param)) error) error {
	if r == nil {
		return pass(nil)
	}
	sum := r.Start()
	if err := pass(sum.Final); err != nil {
		sum.Stop()
		return err
	}
	return sum.Wait()
}

// Start begins the reduction of a step, which Wait or Stop ends. Nothing else may use the Group meanwhile.
func (r *Reducer) Start() *Reduction {
	r.urgent.Store(false)
	s := &Reduction{reducer: r, final: make(chan *op.Param, len(r.of)), done: make(chan error, 1)}
	go func() { s.done <- r.reduce(s.final) }()
	return s
}

// Reduction is that of a step.
type Reduction struct {
	reducer *Reducer
	final   chan *op.Param // in the order of the backward pass
	done    chan error
}

// Final takes a parameter once its gradient on this rank is complete.
func (s *Reduction) Final(p *op.Param) { s.final <- p }

// Wait returns when all gradients are those of all ranks.
func (s *Reduction) Wait() error {
	begun := time.Now()
	s.reducer.urgent.Store(true)
	err := <-s.done
	s.reducer.waited += time.Since(begun)
	return err
}

// Stop gives up: gradients that are not complete never will be. Other ranks wait for them, so only Abort is left.
func (s *Reduction) Stop() {
	close(s.final)
	<-s.done
}

// errStopped ends a reduction that was given up.
var errStopped = errors.New("the backward pass has failed")

// Waited returns for how long backward passes were done and gradients were not, in all steps so far.
func (r *Reducer) Waited() time.Duration {
	if r == nil {
		return 0
	}
	return r.waited
}

func (r *Reducer) reduce(final <-chan *op.Param) error {
	left := make([]int, len(r.units))
	for i, u := range r.units {
		left[i] = u.params
	}
	for i, u := range r.units {
		for left[i] > 0 {
			p, ok := <-final
			if !ok {
				return errStopped
			}
			for _, k := range r.of[p] {
				left[k]--
			}
		}
		var err error
		if u.table != nil {
			err = r.sumTable(u.table, u.elements)
		} else {
			err = r.sum(u.elements)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *Reducer) how() waiting {
	if r.urgent.Load() {
		return eager
	}
	return patient
}

// sum replaces elements, as many for each rank, by their sums over the ranks.
func (r *Reducer) sum(elements []float32) error {
	g := r.group
	part := len(elements) / g.size
	partOf := func(rank int) []float32 { return elements[rank*part : (rank+1)*part] }
	got := func(rank int) []float32 { return r.scratch[rank*part : (rank+1)*part] }
	own := partOf(g.rank)
	exchange := func(send, receive func(rank int) []float32) error {
		var list []transfer
		for i := 1; i < g.size; i++ { // each begins with another one
			from, to := (g.rank+g.size-i)%g.size, (g.rank+i)%g.size
			list = append(list, transfer{from, bytesOf(receive(from)), false}, transfer{to, bytesOf(send(to)), true})
		}
		return g.move(list, r.how)
	}
	if err := exchange(partOf, got); err != nil {
		return err
	}
	total := own
	if g.rank > 0 {
		total = got(0)
	}
	for rank := 1; rank < g.size; rank++ {
		term := own
		if rank != g.rank {
			term = got(rank)
		}
		kernel.Add(r.workers, total, term)
	}
	if g.rank > 0 {
		copy(own, total)
	}
	return exchange(func(int) []float32 { return own }, partOf)
}
