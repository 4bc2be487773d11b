package kernel

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"t5train/model/kernel/pages"
	"t5train/model/kernel/pool"
	"t5train/model/kernel/portable"
)

// Workers runs the tasks of a kernel on a fixed number of threads. It may be used by several
// goroutines at once; each call gets scratch memory of its own. Nil and the zero value are NewWorkers(0).
type Workers struct {
	pool     *pool.Pool
	isa      *isa
	scratch  sync.Pool // *scratch
	counters *counters // shared by all precisions
}

// NewWorkers returns workers for the given number of threads on the ISA of ISAFromEnvironment, the best one when the
// variable is wrong; see [pool.New] for zero threads or less.
func NewWorkers(threads int) *Workers {
	name, err := ISAFromEnvironment()
	if err != nil {
		name = ISAs()[0]
	}
	return NewWorkersOn(name, threads)
}

// NewWorkersOn is NewWorkers on one of ISAs.
func NewWorkersOn(name string, threads int) *Workers {
	return newWorkers(pool.New(threads), isaByName(name), new(counters))
}

func newWorkers(p *pool.Pool, i *isa, c *counters) *Workers {
	w := &Workers{pool: p, isa: i, counters: c}
	w.scratch.New = func() any { return &scratch{isa: w.isa} }
	return w
}

// defaultWorkers are what nil stands for.
var defaultWorkers = sync.OnceValue(func() *Workers { return NewWorkers(0) })

func (w *Workers) orDefault() *Workers {
	if w == nil || w.isa == nil {
		return defaultWorkers()
	}
	return w
}

// ISA returns the name of the instruction set architecture that the kernels are for.
func (w *Workers) ISA() string { return w.orDefault().isa.name }

// RoundingISA returns the name of the first ISA that computes the same bits in the precision of w, as training does.
func (w *Workers) RoundingISA() string {
	if i := w.orDefault().isa; i.rounds && i.pairs != nil {
		return i.name
	}
	return strings.TrimSuffix(strings.TrimSuffix(w.ISA(), vnni), bf16)
}

// Threads returns the number of threads.
func (w *Workers) Threads() int { return w.orDefault().pool.Threads() }

// Run calls f(task) once for every task in [0, tasks), as [pool.Pool.Run] does.
func (w *Workers) Run(tasks int, f func(task int)) { w.orDefault().pool.Run(tasks, f) }

// Rows calls f(lo, hi) for the blocks of grain rows that make up [0, rows).
func (w *Workers) Rows(rows, grain int, f func(lo, hi int)) {
	grain = max(1, grain)
	w.Run(Blocks(rows, grain), func(task int) {
		f(task*grain, min(rows, (task+1)*grain))
	})
}

// scratch is the memory that one task uses while it runs.
type scratch struct {
	isa                 *isa
	a, b, c, d, e, f, g []float32
	bytes               []uint8
}

// borrow runs f with scratch that no other task uses.
func (w *Workers) borrow(f func(s *scratch)) {
	s := w.scratch.Get().(*scratch)
	defer w.scratch.Put(s)
	f(s)
}

// grow returns buf with length n, reallocated when it is too small. The content is undefined.
func grow(buf *[]float32, n int) []float32 {
	if cap(*buf) < n {
		*buf = pages.Floats(n)
	}
	return (*buf)[:n]
}

// Blocks returns how many blocks of the given size cover n.
func Blocks(n, size int) int { return (n + size - 1) / size }

// grainFor returns how many rows of the given width make a task worth starting: about 16k elements.
func grainFor(width int) int { return max(1, 1<<14/max(1, width)) }

// counters add up the matrix products of workers while somebody measures.
type counters struct {
	on    atomic.Bool
	flops atomic.Int64
	nanos atomic.Int64
}

// Measure starts to count matrix products; the function that it returns says how many floating-point operations they
// took, those inside attention included, and how many seconds passed inside Gemm.
func (w *Workers) Measure() (stop func() (flops, gemmSeconds float64)) {
	w = w.orDefault()
	w.counters.flops.Store(0)
	w.counters.nanos.Store(0)
	w.counters.on.Store(true)
	return func() (float64, float64) {
		w.counters.on.Store(false)
		return float64(w.counters.flops.Load()), float64(w.counters.nanos.Load()) / 1e9
	}
}

// count adds the operations of products that are part of another kernel.
func (c *counters) count(products, m, n, k int) {
	if c.on.Load() {
		c.flops.Add(2 * int64(products) * int64(m) * int64(n) * int64(k))
	}
}

// product counts one product; done, if not nil, must be called when it is computed.
func (c *counters) product(m, n, k int) (done func()) {
	if !c.on.Load() {
		return nil
	}
	c.count(1, m, n, k)
	begun := time.Now()
	return func() { c.nanos.Add(int64(time.Since(begun))) }
}

// PeakGFLOPS measures how many floating-point operations a second the innermost loop of Gemm reaches with all data in
// the first cache, on all threads at once: what a whole step can be compared to.
func PeakGFLOPS(w *Workers) float64 {
	w = w.orDefault()
	const k, repeats, tries = 256, 2000, 5
	tile := 2 * float64(w.isa.rows) * float64(w.isa.cols) * k
	if w.isa.rounds && w.isa.pairs != nil {
		tile *= 2
	}
	best := 0.0
	for range tries {
		begun := time.Now()
		w.Run(w.Threads(), func(int) { w.borrow(func(s *scratch) { s.spin(k, repeats) }) })
		best = max(best, float64(w.Threads())*tile*repeats/time.Since(begun).Seconds()/1e9)
	}
	return best
}

// spin runs the innermost loop again and again.
func (s *scratch) spin(k, repeats int) {
	if i := s.isa; i.gemm != nil {
		a, b, c := grow(&s.a, i.rows*k), grow(&s.b, i.cols*k), grow(&s.c, i.rows*i.cols)
		clear(a)
		clear(b)
		for range repeats {
			i.gemm(i.rows, i.cols, k, &a[0], 4, 4*i.rows, &b[0], 4*i.cols, &c[0], 4*i.cols, false)
		}
		return
	}
	a, b := grow(&s.a, portable.Rows*k), grow(&s.b, portable.Cols*k)
	clear(a)
	clear(b)
	for range repeats {
		portable.MicroKernel(a, b)
	}
}
