package kernel

// blockN is the number of columns of B that are packed at a time by the vector path: with blockK rows of them a few
// megabytes, shared by all threads.
const vectorBlockN = 2048

// Products with a transposed B and few rows of A, which decoding makes, read each element of B so few times that packing
// it does not pay. Up to dotRows rows they are dot products; up to the width of a tile, A takes the place of B.
const dotRows = 8

// operand is a matrix with any strides, in elements.
type operand struct {
	data     []float32
	row, col int
}

func operandOf(data []float32, stride int, transposed bool) operand {
	if transposed {
		return operand{data, 1, stride}
	}
	return operand{data, stride, 1}
}

// at returns the part of the operand that begins at an element.
func (o operand) at(row, col int) operand {
	return operand{o.data[row*o.row+col*o.col:], o.row, o.col}
}

// vectorGemm is Gemm with vector kernels. B is packed in blocks that all threads share; each task then packs its rows
// of A and computes a part of C.
func vectorGemm(w *Workers, m, n, k int, a, b operand, accumulate bool, c []float32, ldc int) {
	i := w.isa
	w.borrow(func(shared *scratch) {
		for j0 := 0; j0 < n; j0 += vectorBlockN {
			nb := min(vectorBlockN, n-j0)
			for k0 := 0; k0 < k; k0 += i.blockK {
				kb := min(i.blockK, k-k0)
				add := accumulate || k0 > 0
				panels := blocks(nb, i.cols)
				packed := grow(&shared.b, panels*i.cols*kb)
				const panelsPerTask = 4
				w.Rows(panels, panelsPerTask, func(lo, hi int) {
					for p := lo; p < hi; p++ {
						i.packB(packed[p*i.cols*kb:], b.at(k0, j0+p*i.cols), kb, min(i.cols, nb-p*i.cols))
					}
				})
				rowBlocks := blocks(m, i.blockM)
				height := blocks(blocks(m, rowBlocks), i.rows) * i.rows // even blocks, so that no thread waits for a large one
				rowBlocks = blocks(m, height)
				// Enough tasks to keep the threads busy; each packs its rows of A again.
				columnBlocks := min(panels, max(1, 4*w.threads/rowBlocks))
				perTask := blocks(panels, columnBlocks)
				columnBlocks = blocks(panels, perTask)
				w.Run(rowBlocks*columnBlocks, func(task int) {
					i0, p0 := task/columnBlocks*height, task%columnBlocks*perTask
					mb := min(height, m-i0)
					w.borrow(func(s *scratch) {
						ap := grow(&s.a, blocks(mb, i.rows)*i.rows*kb+i.side)
						i.packA(ap, a.at(i0, k0), mb, kb)
						for p := p0; p < min(panels, p0+perTask); p++ {
							j := p * i.cols
							for r := 0; r < mb; r += i.rows {
								i.gemm(min(i.rows, mb-r), min(i.cols, nb-j), kb, &ap[r*kb], 4, 4*i.rows,
									&packed[j*kb], 4*i.cols, &c[(i0+r)*ldc+j0+j], 4*ldc, add)
							}
						}
					})
				})
			}
		}
	})
}

// vectorGemm is the same on one thread for small products: A is read where it is.
func (s *scratch) vectorGemm(m, n, k int, a, b operand, accumulate bool, c []float32, ldc int) {
	i := s.isa
	for k0 := 0; k0 < k; k0 += i.blockK {
		kb := min(i.blockK, k-k0)
		packed := grow(&s.b, i.cols*kb)
		for j := 0; j < n; j += i.cols {
			i.packB(packed, b.at(k0, j), kb, min(i.cols, n-j))
			for r := 0; r < m; r += i.rows {
				part := a.at(r, k0)
				i.gemm(min(i.rows, m-r), min(i.cols, n-j), kb, &part.data[0], 4*part.row, 4*part.col,
					&packed[0], 4*i.cols, &c[r*ldc+j], 4*ldc, accumulate || k0 > 0)
			}
		}
	}
}

// packB packs cols columns of a [k, cols] matrix into a panel [k, i.cols]; missing columns are zero.
func (i *isa) packB(dst []float32, b operand, k, cols int) {
	if b.col == 1 && cols == i.cols && k > 0 {
		i.copyRows(&dst[0], 4*i.cols, &b.data[0], 4*b.row, k)
		return
	}
	if b.col == 1 {
		for p := range k {
			row := dst[p*i.cols : (p+1)*i.cols]
			copy(row, b.data[p*b.row:p*b.row+cols])
			clear(row[cols:])
		}
		return
	}
	i.interleave(dst, i.cols, b.data, b.col, cols, k)
	for p := range k {
		clear(dst[p*i.cols+cols : (p+1)*i.cols])
	}
}

// packA packs rows of an [m, k] matrix into panels [k, i.rows] of i.rows rows each. dst has room for i.side elements
// more, which may be written.
func (i *isa) packA(dst []float32, a operand, m, k int) {
	for r := 0; r < m; r += i.rows {
		panel := dst[r*k:]
		count := min(i.rows, m-r)
		if a.row == 1 {
			for p := range k {
				copy(panel[p*i.rows:p*i.rows+count], a.data[p*a.col+r:])
			}
			continue
		}
		i.interleave(panel, i.rows, a.data[r*a.row:], a.row, count, k)
	}
}

// interleave writes element (r, p) of count rows of length k, stride elements apart, to dst[p*width+r]. Whole blocks are
// transposed by vectors. Where width is no multiple of a block's side, the last one of a panel takes in rows of the next,
// if there are, and writes past the width what the next row, or the next panel, overwrites.
func (i *isa) interleave(dst []float32, width int, src []float32, stride, count, k int) {
	whole := k / i.side * i.side
	r := 0
	for ; whole > 0 && r < count; r += i.side {
		inside := r+i.side <= count
		spill := r+i.side > width && (r+i.side-1)*stride+whole <= len(src) && (whole-1)*width+r+i.side <= len(dst)
		if !inside && !spill {
			break
		}
		i.transpose(&dst[r], 4*width, &src[r*stride], 4*stride, whole/i.side)
	}
	for ; r < count; r++ {
		for p, x := range src[r*stride : r*stride+whole] {
			dst[p*width+r] = x
		}
	}
	for r := range count {
		for p := whole; p < k; p++ {
			dst[p*width+r] = src[r*stride+p]
		}
	}
}

// fewRows computes C = A·Bᵀ for few rows of A; all rows are contiguous.
func (w *Workers) fewRows(m, n, k int, a []float32, lda int, b []float32, ldb int, accumulate bool, c []float32, ldc int) {
	grain := max(56, blocks(n, 16*w.threads)*4) // a multiple of four, and a few tasks a thread
	if m <= dotRows {
		w.Rows(n, grain, func(lo, hi int) {
			w.borrow(func(s *scratch) {
				s.directRows(m, hi-lo, k, a, lda, b[lo*ldb:], ldb, accumulate, c[lo:], ldc)
			})
		})
		return
	}
	i := w.isa
	if i.narrow != nil && m <= i.narrow.cols {
		i = i.narrow
	}
	w.borrow(func(shared *scratch) {
		panel := grow(&shared.b, i.cols*k)
		i.packB(panel, operandOf(a, lda, true), k, m)
		w.Rows(n, grain, func(lo, hi int) {
			w.borrow(func(s *scratch) {
				i.swappedRows(s, panel, m, hi-lo, k, b[lo*ldb:], ldb, accumulate, c[lo:], ldc)
			})
		})
	})
}

// swappedRows computes the transpose of C: B's rows, where they are, times the panel that holds A's columns.
func (i *isa) swappedRows(s *scratch, panel []float32, m, n, k int, b []float32, ldb int, accumulate bool, c []float32, ldc int) {
	// No more: rows that lie a power of two apart would push each other out of the first cache.
	rows := max(6, i.rows/2)
	tile := grow(&s.c, rows*i.cols)
	for j := 0; j < n; j += rows {
		count := min(rows, n-j)
		i.gemm(count, m, k, &b[j*ldb], 4*ldb, 4, &panel[0], 4*i.cols, &tile[0], 4*i.cols, false)
		for r := range m {
			out := c[r*ldc+j : r*ldc+j+count]
			for q := range out {
				if accumulate {
					out[q] += tile[q*i.cols+r]
				} else {
					out[q] = tile[q*i.cols+r]
				}
			}
		}
	}
}

// directRows computes C = A·Bᵀ for few rows as dot products, four rows of B at a time, so that each is read from memory
// once and as several streams. All rows are contiguous.
func (s *scratch) directRows(m, n, k int, a []float32, lda int, b []float32, ldb int, accumulate bool, c []float32, ldc int) {
	i := s.isa
	whole := k / i.dotStep * i.dotStep
	sums := grow(&s.c, 4) // on the stack it would escape through the function value
	for j := 0; j < n; j += 4 {
		count := min(4, n-j)
		stride := 4 * ldb
		if count < 4 {
			count, stride = 1, 0 // the last rows one by one, each four times
		}
		for first := j; first < min(n, j+4); first += count {
			for r := range m {
				clear(sums)
				if whole > 0 {
					i.dot(whole, &a[r*lda], &b[first*ldb], stride, &sums[0])
				}
				for q := range count {
					sum := sums[q]
					for p := whole; p < k; p++ {
						sum += a[r*lda+p] * b[(first+q)*ldb+p]
					}
					if accumulate {
						sum += c[r*ldc+first+q]
					}
					c[r*ldc+first+q] = sum
				}
			}
		}
	}
}
