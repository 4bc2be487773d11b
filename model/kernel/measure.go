package kernel

import (
	"sync/atomic"
	"time"
)

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
	best := 0.0
	for range tries {
		begun := time.Now()
		w.Run(w.threads, func(int) { w.borrow(func(s *scratch) { s.spin(k, repeats) }) })
		best = max(best, float64(w.threads)*tile*repeats/time.Since(begun).Seconds()/1e9)
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
	a, b := grow(&s.a, microM*k), grow(&s.b, microN*k)
	clear(a)
	clear(b)
	for range repeats {
		microKernel(a, b)
	}
}
