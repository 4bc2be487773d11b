package kernel

import (
	"fmt"
	"runtime/debug"
	"slices"
	"syscall"
	"testing"
	"unsafe"
)

// guarded returns a copy of x between two pages that must not be touched: it ends where the second one begins, or
// begins where the first one ends. Assembly that reads or writes beyond faults.
func guarded[T float32 | float64 | int32 | int8](t *testing.T, x []T, atEnd bool) []T {
	size := int(unsafe.Sizeof(T(0)))
	page := syscall.Getpagesize()
	inside := Blocks(size*max(1, len(x)), page) * page
	memory, err := syscall.Mmap(-1, 0, inside+2*page, syscall.PROT_NONE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Munmap(memory) })
	inner := memory[page : page+inside]
	if err := syscall.Mprotect(inner, syscall.PROT_READ|syscall.PROT_WRITE); err != nil {
		t.Fatal(err)
	}
	y := unsafe.Slice((*T)(unsafe.Pointer(&inner[0])), inside/size)
	if atEnd {
		y = y[len(y)-len(x):]
	}
	y = y[:len(x):len(x)]
	copy(y, x)
	return y
}

// mustNotFault turns a memory fault of f into a test failure.
func mustNotFault(t *testing.T, what string, f func()) {
	t.Helper()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			t.Fatalf("%s: %v", what, r)
		}
	}()
	f()
}

func TestLoopsStayInTheirSlices(t *testing.T) {
	cases := loopCases()
	cases["dropout"] = func(l *rowLoops, s [5][]float32) float32 {
		Dropout{Rate: 0.1}.masker(l).row(s[0], s[1], 1)
		return 0
	}
	eachVectorISA(t, func(t *testing.T, l *rowLoops) {
		for _, n := range []int{1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 100, 128, 200} {
			for _, atEnd := range []bool{true, false} {
				var s [5][]float32
				for i := range s {
					s[i] = guarded(t, randoms(uint64(i), n), atEnd)
				}
				for name, call := range cases {
					mustNotFault(t, fmt.Sprintf("%s of %d elements, at the end %v", name, n, atEnd),
						func() { call(l, s) })
				}
				even := n / 2 * 2
				words := guarded(t, randoms(9, n/2), atEnd)
				x, dx := s[0][n-even:], s[1][n-even:] // to the end, or from the beginning if n is even
				mustNotFault(t, fmt.Sprintf("halves of %d elements, at the end %v", even, atEnd), func() {
					l.halve(words, x)
					l.reluHalves(words, dx, x, 2)
				})
			}
		}
	})
}

func TestOptimizerLoopsStayInTheirSlices(t *testing.T) {
	eachVectorISA(t, func(t *testing.T, l *rowLoops) {
		for _, n := range []int{1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 100} {
			for _, atEnd := range []bool{true, false} {
				s := newOptimizerSlices(n)
				for _, x := range []*[]float32{&s.x, &s.m, &s.v, &s.g} {
					*x = guarded(t, *x, atEnd)
				}
				s.sum, s.weighted = guarded(t, s.sum, atEnd), guarded(t, s.weighted, atEnd)
				for name, call := range optimizerCases() {
					mustNotFault(t, fmt.Sprintf("%s of %d elements, at the end %v", name, n, atEnd),
						func() { call(&l.OptimizerLoops, s) })
				}
			}
		}
	})
}

func TestGemmStaysInItsSlices(t *testing.T) {
	for _, isa := range ISAs() {
		for _, shape := range [][3]int{{1, 1, 1}, {1, 5, 33}, {3, 17, 40}, {7, 50, 31}, {14, 32, 16}, {15, 33, 65},
			{17, 3, 100}, {20, 31, 70}, {20, 30, 2}, {16, 34, 33}, {40, 70, 90}} {
			m, n, k := shape[0], shape[1], shape[2]
			for mode := range 8 {
				transA, transB, atEnd := mode&1 != 0, mode&2 != 0, mode&4 != 0
				lda, ldb := k, n
				if transA {
					lda = m
				}
				if transB {
					ldb = k
				}
				a, b, c := guarded(t, randoms(1, m*k), atEnd), guarded(t, randoms(2, n*k), atEnd), guarded(t,
					randoms(3, m*n), atEnd)
				what := fmt.Sprintf("%s %v transA=%v transB=%v atEnd=%v", isa, shape, transA, transB, atEnd)
				for _, precision := range []Precision{Float32, BFloat16} {
					w, what := NewWorkersOn(isa, 1).In(precision), fmt.Sprint(what, " ", precision)
					mustNotFault(t, what, func() {
						Gemm(w, transA, transB, m, n, k, a, lda, b, ldb, false, c, n)
					})
					got := slices.Clone(c)
					mustNotFault(t, what+" on one thread", func() {
						w.borrow(func(s *scratch) {
							s.gemm(m, n, k, Operand{a, lda, transA, false}, Operand{b, ldb, transB, false}, false, c, n)
						})
					})
					if e := relativeError(c, got); e > 3e-6 {
						t.Errorf("%s: the product inside attention differs by %.2g", what, e)
					}
					if precision == BFloat16 && lda%2 == 0 && ldb%2 == 0 {
						x, y := guarded(t, halved(a), atEnd), guarded(t, halved(b), atEnd)
						mustNotFault(t, what+" of halves", func() {
							Multiply(w, m, n, k, Operand{x, lda, transA, true}, Operand{y, ldb, transB, true}, false, c,
								n)
						})
					}
				}
			}
		}
	}
}

func TestInt8StaysInItsSlices(t *testing.T) {
	for _, isa := range ISAs() {
		for _, shape := range [][3]int{{1, 1, 1}, {1, 33, 5}, {3, 32, 64}, {14, 64, 31}, {15, 5, 300}, {40, 70, 90}} {
			rows, out, in := shape[0], shape[1], shape[2]
			for _, atEnd := range []bool{true, false} {
				m, _ := randomInt8(1, out, in)
				m.packed, m.scale, m.offset = guarded(t, m.packed, atEnd), guarded(t, m.scale, atEnd), guarded(t,
					m.offset, atEnd)
				x, y := guarded(t, randoms(2, rows*in), atEnd), guarded(t, randoms(3, rows*out), atEnd)
				w := NewWorkersOn(isa, 1)
				mustNotFault(t, fmt.Sprintf("%s %v atEnd=%v", isa, shape, atEnd),
					func() { LinearInt8(w, y, out, x, rows, true, m) })
			}
		}
	}
}
