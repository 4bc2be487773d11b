package kernel

const (
	// vectorBlockN is the number of columns of B that are packed at a time: with blockK rows of them a few megabytes,
	// shared by all threads.
	vectorBlockN = 2048

	// maxDirectStride is how far apart, in elements, rows of A may lie that are read where they are: those of a tile
	// that are further apart fall on the same few lines of the L1 cache.
	maxDirectStride = 256

	// tasksPerThread is how many tasks a product is cut into for each thread, if it is large enough, so that none waits
	// long for another that was disturbed.
	tasksPerThread = 16
)

// operand is a matrix with any strides, in elements.
type operand struct {
	data     []float32
	row, col int
	halves   bool // as in Operand
}

// strided returns o as it is read.
func (o Operand) strided() operand {
	if o.Transposed {
		return operand{o.Data, 1, o.Stride, o.Halves}
	}
	return operand{o.Data, o.Stride, 1, o.Halves}
}

// at returns the part of the operand that begins at an element; in halves, an even one.
func (o operand) at(row, col int) operand {
	first := row*o.row + col*o.col
	if o.halves {
		first /= 2
	}
	o.data = o.data[first:]
	return o
}

// words returns halves whose rows, or columns, are contiguous as a matrix of words.
func (o operand) words() operand {
	o.halves = false
	if o.row > 1 {
		o.row /= 2
	} else {
		o.col /= 2
	}
	return o
}

// vectorGemm is Gemm with vector kernels, by blocks of blockK x vectorBlockN elements of B. A block is packed by all
// threads for all of them, and so is A where several tasks need the same rows; else each task packs its own.
func vectorGemm(w *Workers, m, n, k int, a, b operand, accumulate bool, c []float32, ldc int) {
	i := w.isa
	rowBlocks := Blocks(m, i.blockM)
	height := Blocks(Blocks(m, rowBlocks), i.rows) * i.rows // even blocks, so that no thread waits for a large one
	rowBlocks = Blocks(m, height)
	rowPanels := Blocks(m, i.rows)
	w.borrow(func(shared *scratch) {
		for j0 := 0; j0 < n; j0 += vectorBlockN {
			nb := min(vectorBlockN, n-j0)
			panels := Blocks(nb, i.cols)
			columnBlocks := min(panels, Blocks(tasksPerThread*w.Threads(), rowBlocks))
			perTask := Blocks(panels, columnBlocks)
			columnBlocks = Blocks(panels, perTask)
			for k0 := 0; k0 < k; k0 += i.blockK {
				kb := min(i.blockK, k-k0)
				depth := i.depth(kb)
				bp := grow(&shared.b, panels*i.cols*depth)
				const panelsPerTask = 4
				packTasks := Blocks(panels, panelsPerTask)
				bTasks := packTasks
				var ap []float32
				inPlace := i.inPlace(a)
				if columnBlocks > 1 && !inPlace {
					ap = grow(&shared.a, rowPanels*i.panelA(depth))
					if j0 == 0 || k > i.blockK { // else it is there already
						packTasks += Blocks(rowPanels, panelsPerTask)
					}
				}
				pack := func(task int) {
					if task < bTasks {
						p := task * panelsPerTask
						i.packB(bp[p*i.cols*depth:], b.at(k0, j0+p*i.cols), kb, min(panelsPerTask*i.cols, nb-p*i.cols))
						return
					}
					p := (task - bTasks) * panelsPerTask
					i.packA(ap[p*i.panelA(depth):], a.at(p*i.rows, k0), min(panelsPerTask*i.rows, m-p*i.rows), kb)
				}
				multiply := func(task int) {
					i0, p0 := task/columnBlocks*height, task%columnBlocks*perTask
					t := tiles{isa: i, rows: min(height, m-i0), cols: nb, k: depth, c: c[i0*ldc+j0:], ldc: ldc,
						accumulate: accumulate || k0 > 0}
					if inPlace {
						t.multiplyRows(a.at(i0, k0), bp, p0, min(panels, p0+perTask))
						return
					}
					if ap != nil {
						t.multiply(ap[i0/i.rows*i.panelA(depth):], bp, p0, min(panels, p0+perTask))
						return
					}
					w.borrow(func(s *scratch) {
						own := grow(&s.a, Blocks(t.rows, i.rows)*i.panelA(depth))
						i.packA(own, a.at(i0, k0), t.rows, kb)
						t.multiply(own, bp, p0, min(panels, p0+perTask))
					})
				}
				w.pool.RunPhases(packTasks, pack, rowBlocks*columnBlocks, multiply)
			}
		}
	})
}

// tiles is a block of C that is computed tile by tile from packed panels.
type tiles struct {
	*isa
	rows, cols, k int
	c             []float32
	ldc           int
	accumulate    bool
}

// multiply computes the columns of the panels first to last-1 of B, with A in panels.
func (t *tiles) multiply(ap, bp []float32, first, last int) {
	t.multiplyPanels(operand{data: ap, row: 1, col: t.isa.rows}, t.panelA(t.k), bp, first, last)
}

// inPlace reports whether rows of A are read where they are.
func (i *isa) inPlace(a operand) bool {
	if a.halves {
		return a.col == 1 && a.row <= 2*maxDirectStride
	}
	return !i.rounds && a.col == 1 && a.row <= maxDirectStride
}

// multiplyRows is multiply with A as it is.
func (t *tiles) multiplyRows(a operand, bp []float32, first, last int) {
	if a.halves {
		a = a.words()
	}
	t.multiplyPanels(a, t.isa.rows*a.row, bp, first, last)
}

// multiplyPanels is multiply where the rows of one tile begin step elements behind those of the last one.
func (t *tiles) multiplyPanels(a operand, step int, bp []float32, first, last int) {
	for j := first * t.isa.cols; j < last*t.isa.cols; j += t.isa.cols {
		for r := 0; r < t.rows; r += t.isa.rows {
			t.gemm(min(t.isa.rows, t.rows-r), min(t.isa.cols, t.cols-j), t.k,
				&a.data[r/t.isa.rows*step], 4*a.row, 4*a.col, &bp[j*t.k], 4*t.isa.cols,
				&t.c[r*t.ldc+j], 4*t.ldc, t.accumulate)
		}
	}
}

// vectorGemm is the same on one thread for small products: A is read where it is, and B too if its rows are contiguous.
func (s *scratch) vectorGemm(m, n, k int, a, b operand, accumulate bool, c []float32, ldc int) {
	i := s.isa
	if m <= i.maxDirectRows && a.col == 1 && b.row == 1 {
		i.directRows(m, n, k, a.data, a.row, b.data, b.col, accumulate, c, ldc)
		return
	}
	for k0 := 0; k0 < k; k0 += i.blockK {
		kb := min(i.blockK, k-k0)
		if i.rounds {
			s.packedGemm(m, n, kb, a.at(0, k0), b.at(k0, 0), accumulate || k0 > 0, c, ldc)
			continue
		}
		for j := 0; j < n; j += i.cols {
			cols := min(i.cols, n-j)
			panel, stride := b.at(k0, j), i.cols
			if panel.col == 1 && cols == i.cols {
				stride = panel.row
			} else {
				packed := grow(&s.b, i.cols*kb)
				i.packFloatsB(packed, panel, kb, cols)
				panel.data = packed
			}
			for r := 0; r < m; r += i.rows {
				part := a.at(r, k0)
				i.gemm(min(i.rows, m-r), cols, kb, &part.data[0], 4*part.row, 4*part.col,
					&panel.data[0], 4*stride, &c[r*ldc+j], 4*ldc, accumulate || k0 > 0)
			}
		}
	}
}

// packedGemm is vectorGemm for one block of the depth, whose operands are rounded while they are packed.
func (s *scratch) packedGemm(m, n, k int, a, b operand, accumulate bool, c []float32, ldc int) {
	i := s.isa
	depth := i.depth(k)
	t := tiles{isa: i, rows: m, cols: n, k: depth, c: c, ldc: ldc, accumulate: accumulate}
	panels := Blocks(n, i.cols)
	bp := grow(&s.b, panels*i.cols*depth)
	i.packB(bp, b, k, n)
	if a.halves && a.col == 1 {
		t.multiplyRows(a, bp, 0, panels)
		return
	}
	ap := grow(&s.a, Blocks(m, i.rows)*i.panelA(depth))
	i.packA(ap, a, m, k)
	t.multiply(ap, bp, 0, panels)
}

// directRows computes C = A·Bᵀ for few rows as dot products, so that each row of B is read from memory once. All rows
// are contiguous.
func (i *isa) directRows(m, n, k int, a []float32, lda int, b []float32, ldb int, accumulate bool, c []float32,
	ldc int) {
	const cols = 4
	for j := 0; j < n; j += cols {
		for r := 0; r < m; {
			rows := min(i.dotRows, m-r)
			if rows == 3 {
				rows = 2
			}
			i.dotTile(rows, min(cols, n-j), k, &a[r*lda], 4*lda, &b[j*ldb], 4*ldb, &c[r*ldc+j], 4*ldc, accumulate)
			r += rows
		}
	}
}

// panelA is the size of a packed panel of A [k, rows]. Behind it there is room for what transposing writes too much.
func (i *isa) panelA(k int) int { return i.rows*k + i.side }

// packFloatsB packs the columns of a [k, cols] matrix into panels [k, i.cols], one after the other; missing columns are
// zero.
func (i *isa) packFloatsB(dst []float32, b operand, k, cols int) {
	whole := 0
	if b.col == 1 {
		if whole = cols / i.cols; whole > 0 {
			i.splitB(&dst[0], 4*i.cols*k, &b.data[0], 4*b.row, whole, k)
		}
	}
	for j := whole * i.cols; j < cols; j += i.cols {
		panel, part := dst[j*k:], b.at(0, j)
		count := min(i.cols, cols-j)
		if b.col == 1 {
			copyRows(panel, i.cols, part, count, k)
		} else {
			i.interleave(panel[:i.cols*k], i.cols, part.data, part.col, count, k)
		}
		if count < i.cols {
			for p := range k {
				clear(panel[p*i.cols+count : (p+1)*i.cols])
			}
		}
	}
}

// packFloatsA packs the rows of an [m, k] matrix into panels [k, i.rows], panelA elements apart.
func (i *isa) packFloatsA(dst []float32, a operand, m, k int) {
	whole := 0
	if a.row == 1 {
		if whole = m / i.rows; whole > 0 {
			i.splitA(&dst[0], 4*i.panelA(k), &a.data[0], 4*a.col, whole, k)
		}
	}
	for r := whole * i.rows; r < m; r += i.rows {
		panel, part := dst[r/i.rows*i.panelA(k):], a.at(r, 0)
		count := min(i.rows, m-r)
		if a.row == 1 {
			copyRows(panel, i.rows, operand{data: part.data, row: part.col, col: 1}, count, k)
		} else {
			i.interleave(panel[:i.panelA(k)], i.rows, part.data, part.row, count, k)
		}
	}
}

// copyRows copies k rows of count elements into an incomplete panel.
func copyRows(panel []float32, width int, src operand, count, k int) {
	for p := range k {
		copy(panel[p*width:], src.data[p*src.row:p*src.row+count])
	}
}

// interleave writes element (r, p) of count rows of length k, stride elements apart, to dst[p*width+r]. Whole blocks
// are transposed by vectors. Where width is no multiple of a block's side, the last one takes in rows after the
// panel's, if there are, and writes past the width what the next line overwrites; dst has room for that after the last
// one.
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
