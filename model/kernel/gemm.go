package kernel

import (
	"t5train/model/kernel/bfloat16"
	"t5train/model/kernel/portable"
)

// The blocks of a matrix product. A task owns a blockM x blockN block of C and walks the whole depth in
// steps of blockK, so that the packed panels stay in the L1 and L2 caches.
const (
	blockM = 64
	blockN = 128
	blockK = 256

	// Up to this many rows packing costs more than it saves: every element of B is used only m times.
	maxDirectRows = 4
)

// Gemm computes C = op(A)·op(B), or C += op(A)·op(B) when accumulate is set.
//
// op(A) is [m, k]: a is [m, k] with stride lda, or [k, m] when transA is set. op(B) is [k, n]: b is
// [k, n] with stride ldb, or [n, k] when transB is set. c is [m, n] with stride ldc.
func Gemm(w *Workers, transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, accumulate bool,
	c []float32, ldc int) {
	Multiply(w, m, n, k, Operand{a, lda, transA, false}, Operand{b, ldb, transB, false}, accumulate, c, ldc)
}

// Operand is a matrix that a product reads: rows that begin Stride elements apart, or the transpose of that.
type Operand struct {
	Data       []float32
	Stride     int
	Transposed bool

	// Halves says that Data has elements in bfloat16, two in a word, as Halve writes them. Stride is even then, and so
	// is the length of the rows. The workers must be In BFloat16.
	Halves bool
}

// Multiply is Gemm for operands of either type: C [m, n] = A·B with A [m, k] and B [k, n].
func Multiply(w *Workers, m, n, k int, a, b Operand, accumulate bool, c []float32, ldc int) {
	w = w.orDefault()
	if m == 0 || n == 0 {
		return
	}
	if k == 0 {
		if !accumulate {
			for i := range m {
				clear(c[i*ldc : i*ldc+n])
			}
		}
		return
	}
	if done := w.counters.product(m, n, k); done != nil {
		defer done()
	}
	i := w.isa
	if i.pairs == nil && (a.Halves || b.Halves) {
		w.borrow(func(s *scratch) {
			Multiply(w, m, n, k, a.floats(&s.c, m, k), b.floats(&s.d, k, n), accumulate, c, ldc)
		})
		return
	}
	direct := b.Transposed && !a.Transposed
	if i.gemm != nil {
		if m <= i.maxDirectRows && direct {
			grain := max(64, Blocks(n, 16*w.Threads())*4) // a multiple of four, and a few tasks a thread
			w.Rows(n, grain, func(lo, hi int) {
				i.directRows(m, hi-lo, k, a.Data, a.Stride, b.Data[lo*b.Stride:], b.Stride, accumulate, c[lo:], ldc)
			})
			return
		}
		vectorGemm(w, m, n, k, a.strided(), b.strided(), accumulate, c, ldc)
		return
	}
	if m <= maxDirectRows && direct && !i.rounds {
		w.Rows(n, grainFor(k), func(lo, hi int) {
			portable.MultiplyRows(m, hi-lo, k, a.Data, a.Stride, b.at(0, lo).Data, b.Stride, accumulate, c[lo:], ldc)
		})
		return
	}
	nBlocks := Blocks(n, blockN)
	w.Run(Blocks(m, blockM)*nBlocks, func(task int) {
		i, j := task/nBlocks*blockM, task%nBlocks*blockN
		w.borrow(func(s *scratch) {
			s.gemm(min(blockM, m-i), min(blockN, n-j), k, a.at(i, 0), b.at(0, j), accumulate, c[i*ldc+j:], ldc)
		})
	})
}

// Transpose returns the transpose of the operand.
func (o Operand) Transpose() Operand {
	o.Transposed = !o.Transposed
	return o
}

// at returns the part of the operand that begins at an element.
func (o Operand) at(row, col int) Operand {
	o.Data = o.strided().at(row, col).data
	return o
}

// floats returns halves [rows, cols] as float32, in the memory of buf, and any other operand as it is.
func (o Operand) floats(buf *[]float32, rows, cols int) Operand {
	if !o.Halves {
		return o
	}
	if o.Transposed {
		rows, cols = cols, rows
	}
	x := grow(buf, rows*cols)
	for r := range rows {
		row, words := x[r*cols:(r+1)*cols], o.Data[r*o.Stride/2:]
		for j := 0; j < cols; j += 2 {
			row[j], row[j+1] = bfloat16.Parts(words[j/2])
		}
	}
	return Operand{x, cols, o.Transposed, false}
}

// gemm is Multiply on one thread for any size but k = 0; it uses a and b of the scratch, and f and g for halves on an
// ISA that does not multiply them.
func (s *scratch) gemm(m, n, k int, x, y Operand, accumulate bool, c []float32, ldc int) {
	if s.isa.pairs == nil {
		x, y = x.floats(&s.f, m, k), y.floats(&s.g, k, n)
	}
	if s.isa.gemm != nil {
		s.vectorGemm(m, n, k, x.strided(), y.strided(), accumulate, c, ldc)
		return
	}
	pack := func(buf *[]float32, o Operand, count, width, k int) []float32 {
		p := grow(buf, Blocks(count, width)*width*k)
		if o.Transposed {
			portable.PackColumns(p, o.Data, o.Stride, count, k)
		} else {
			portable.PackRows(p, o.Data, o.Stride, count, k)
		}
		if s.isa.rounds {
			bfloat16.RoundAll(p)
		}
		return p
	}
	for k0 := 0; k0 < k; k0 += blockK {
		kb := min(blockK, k-k0)
		for j0 := 0; j0 < n; j0 += blockN {
			nb := min(blockN, n-j0)
			bp := pack(&s.b, y.at(k0, j0).Transpose(), nb, portable.Cols, kb)
			for i0 := 0; i0 < m; i0 += blockM {
				mb := min(blockM, m-i0)
				ap := pack(&s.a, x.at(i0, k0), mb, portable.Rows, kb)
				portable.MultiplyPanels(mb, nb, kb, ap, bp, accumulate || k0 > 0, c[i0*ldc+j0:], ldc)
			}
		}
	}
}
