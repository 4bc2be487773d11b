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

	microM = 4 // rows of the micro-kernel
	microN = 4 // columns of the micro-kernel

	// Up to this many rows packing costs more than it saves: every element of B is used only m times.
	maxDirectRows = 4
)

// Gemm computes C = op(A)·op(B), or C += op(A)·op(B) when accumulate is set.
//
// op(A) is [m, k]: a is [m, k] with stride lda, or [k, m] when transA is set. op(B) is [k, n]: b is
// [k, n] with stride ldb, or [n, k] when transB is set. c is [m, n] with stride ldc.
func Gemm(w *Workers, transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, accumulate bool,
	c []float32, ldc int) {
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
	if i := w.isa; i.gemm != nil {
		if m <= i.maxDirectRows && transB && !transA {
			grain := max(64, Blocks(n, 16*w.Threads())*4) // a multiple of four, and a few tasks a thread
			w.Rows(n, grain, func(lo, hi int) {
				i.directRows(m, hi-lo, k, a, lda, b[lo*ldb:], ldb, accumulate, c[lo:], ldc)
			})
			return
		}
		vectorGemm(w, m, n, k, operandOf(a, lda, transA), operandOf(b, ldb, transB), accumulate, c, ldc)
		return
	}
	if m <= maxDirectRows && transB && !transA && !w.isa.rounds {
		w.Rows(n, grainFor(k), func(lo, hi int) {
			gemmDirect(m, hi-lo, k, a, lda, b[lo*ldb:], ldb, accumulate, c[lo:], ldc)
		})
		return
	}
	nBlocks := Blocks(n, blockN)
	w.Run(Blocks(m, blockM)*nBlocks, func(task int) {
		i, j := task/nBlocks*blockM, task%nBlocks*blockN
		mb, nb := min(blockM, m-i), min(blockN, n-j)
		aOffset, bOffset := i*lda, j
		if transA {
			aOffset = i
		}
		if transB {
			bOffset = j * ldb
		}
		w.borrow(func(s *scratch) {
			s.gemm(transA, transB, mb, nb, k, a[aOffset:], lda, b[bOffset:], ldb, accumulate, c[i*ldc+j:], ldc)
		})
	})
}

// gemm is Gemm on one thread for any size but k = 0; it uses a and b of the scratch.
func (s *scratch) gemm(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, accumulate bool,
	c []float32, ldc int) {
	if s.isa.gemm != nil {
		s.vectorGemm(m, n, k, operandOf(a, lda, transA), operandOf(b, ldb, transB), accumulate, c, ldc)
		return
	}
	for k0 := 0; k0 < k; k0 += blockK {
		kb := min(blockK, k-k0)
		for j0 := 0; j0 < n; j0 += blockN {
			nb := min(blockN, n-j0)
			bp := grow(&s.b, Blocks(nb, microN)*microN*kb)
			if transB {
				packRows(bp, b[j0*ldb+k0:], ldb, nb, kb)
			} else {
				packColumns(bp, b[k0*ldb+j0:], ldb, nb, kb)
			}
			if s.isa.rounds {
				bfloat16.RoundAll(bp)
			}
			for i0 := 0; i0 < m; i0 += blockM {
				mb := min(blockM, m-i0)
				ap := grow(&s.a, Blocks(mb, microM)*microM*kb)
				if transA {
					packColumns(ap, a[k0*lda+i0:], lda, mb, kb)
				} else {
					packRows(ap, a[i0*lda+k0:], lda, mb, kb)
				}
				if s.isa.rounds {
					bfloat16.RoundAll(ap)
				}
				macroKernel(mb, nb, kb, ap, bp, accumulate || k0 > 0, c[i0*ldc+j0:], ldc)
			}
		}
	}
}

// macroKernel multiplies packed panels of A and B into an [m, n] block of C.
func macroKernel(m, n, k int, ap, bp []float32, accumulate bool, c []float32, ldc int) {
	for j := 0; j < n; j += microN {
		b := bp[j*k : (j+microN)*k]
		for i := 0; i < m; i += microM {
			t := microKernel(ap[i*k:(i+microM)*k], b)
			for r := range min(microM, m-i) {
				row := c[(i+r)*ldc+j:]
				row = row[:min(microN, n-j)]
				if accumulate {
					for q := range row {
						row[q] += t[r*microN+q]
					}
				} else {
					copy(row, t[r*microN:])
				}
			}
		}
	}
}

// packRows packs count rows of length k, four rows interleaved, so that the micro-kernel reads memory
// in order; missing rows of the last panel are zero. Source element (r, p) is src[r*stride+p].
//
//	rows a, b, c, d of length 2 -> a0 b0 c0 d0 a1 b1 c1 d1
func packRows(dst, src []float32, stride, count, k int) {
	for r := 0; r < count; r += microM {
		panel := dst[r*k : (r+microM)*k]
		for q := range microM {
			if r+q >= count {
				for p := range k {
					panel[p*microM+q] = 0
				}
				continue
			}
			row := src[(r+q)*stride : (r+q)*stride+k]
			for p, x := range row {
				panel[p*microM+q] = x
			}
		}
	}
}

// packColumns is packRows for a transposed source: element (r, p) is src[p*stride+r].
func packColumns(dst, src []float32, stride, count, k int) {
	for r := 0; r < count; r += microM {
		panel := dst[r*k : (r+microM)*k]
		width := min(microM, count-r)
		for p := range k {
			row := src[p*stride+r : p*stride+r+width]
			out := panel[p*microM : (p+1)*microM]
			copy(out, row)
			clear(out[width:])
		}
	}
}

// microKernel returns the [4, 4] product of two packed panels of equal depth.
func microKernel(a, b []float32) (t [microM * microN]float32) {
	// Two halves of eight sums each: sixteen would spill out of the registers of amd64.
	for half := 0; half < microM; half += 2 {
		var s00, s01, s02, s03, s10, s11, s12, s13 float32
		for p := 0; p+4 <= len(a) && p+4 <= len(b); p += 4 {
			x := a[p : p+4 : p+4]
			y := b[p : p+4 : p+4]
			a0, a1 := x[half], x[half+1]
			s00 += a0 * y[0]
			s01 += a0 * y[1]
			s02 += a0 * y[2]
			s03 += a0 * y[3]
			s10 += a1 * y[0]
			s11 += a1 * y[1]
			s12 += a1 * y[2]
			s13 += a1 * y[3]
		}
		o := half * microN
		t[o], t[o+1], t[o+2], t[o+3] = s00, s01, s02, s03
		t[o+4], t[o+5], t[o+6], t[o+7] = s10, s11, s12, s13
	}
	return t
}

// gemmDirect multiplies a few rows of A with rows of B as dot products, without packing.
func gemmDirect(m, n, k int, a []float32, lda int, b []float32, ldb int, accumulate bool, c []float32, ldc int) {
	for j := range n {
		row := b[j*ldb : j*ldb+k]
		for i := range m {
			d := portable.Dot(a[i*lda:i*lda+k], row)
			if accumulate {
				d += c[i*ldc+j]
			}
			c[i*ldc+j] = d
		}
	}
}
