package portable

// The tile of C that MicroKernel computes.
const (
	Rows = 4
	Cols = 4
)

// MultiplyPanels multiplies packed panels of A and B into an [m, n] block of C.
func MultiplyPanels(m, n, k int, ap, bp []float32, accumulate bool, c []float32, ldc int) {
	for j := 0; j < n; j += Cols {
		b := bp[j*k : (j+Cols)*k]
		for i := 0; i < m; i += Rows {
			t := MicroKernel(ap[i*k:(i+Rows)*k], b)
			for r := range min(Rows, m-i) {
				row := c[(i+r)*ldc+j:]
				row = row[:min(Cols, n-j)]
				if accumulate {
					for q := range row {
						row[q] += t[r*Cols+q]
					}
				} else {
					copy(row, t[r*Cols:])
				}
			}
		}
	}
}

// PackRows packs count rows of length k, four rows interleaved, so that the micro-kernel reads memory
// in order; missing rows of the last panel are zero. Source element (r, p) is src[r*stride+p].
//
//	rows a, b, c, d of length 2 -> a0 b0 c0 d0 a1 b1 c1 d1
func PackRows(dst, src []float32, stride, count, k int) {
	for r := 0; r < count; r += Rows {
		panel := dst[r*k : (r+Rows)*k]
		for q := range Rows {
			if r+q >= count {
				for p := range k {
					panel[p*Rows+q] = 0
				}
				continue
			}
			row := src[(r+q)*stride : (r+q)*stride+k]
			for p, x := range row {
				panel[p*Rows+q] = x
			}
		}
	}
}

// PackColumns is PackRows for a transposed source: element (r, p) is src[p*stride+r].
func PackColumns(dst, src []float32, stride, count, k int) {
	for r := 0; r < count; r += Rows {
		panel := dst[r*k : (r+Rows)*k]
		width := min(Rows, count-r)
		for p := range k {
			row := src[p*stride+r : p*stride+r+width]
			out := panel[p*Rows : (p+1)*Rows]
			copy(out, row)
			clear(out[width:])
		}
	}
}

// MicroKernel returns the [4, 4] product of two packed panels of equal depth.
func MicroKernel(a, b []float32) (t [Rows * Cols]float32) {
	// Two halves of eight sums each: sixteen would spill out of the registers of amd64.
	for half := 0; half < Rows; half += 2 {
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
		o := half * Cols
		t[o], t[o+1], t[o+2], t[o+3] = s00, s01, s02, s03
		t[o+4], t[o+5], t[o+6], t[o+7] = s10, s11, s12, s13
	}
	return t
}

// MultiplyRows multiplies a few rows of A with rows of B as dot products, without packing.
func MultiplyRows(m, n, k int, a []float32, lda int, b []float32, ldb int, accumulate bool, c []float32, ldc int) {
	for j := range n {
		row := b[j*ldb : j*ldb+k]
		for i := range m {
			d := Dot(a[i*lda:i*lda+k], row)
			if accumulate {
				d += c[i*ldc+j]
			}
			c[i*ldc+j] = d
		}
	}
}
