package kernel

// panelA is the size of a packed panel of A [k, rows]. Behind it there is room for what transposing writes too much.
func (i *isa) panelA(k int) int { return i.rows*k + i.side }

// packB packs the columns of a [k, cols] matrix into panels [k, i.cols], one after the other; missing columns are zero.
func (i *isa) packB(dst []float32, b operand, k, cols int) {
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

// packA packs the rows of an [m, k] matrix into panels [k, i.rows], panelA elements apart.
func (i *isa) packA(dst []float32, a operand, m, k int) {
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
			copyRows(panel, i.rows, operand{part.data, part.col, 1}, count, k)
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
