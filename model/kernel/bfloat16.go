package kernel

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"t5train/model/kernel/bfloat16"
	"t5train/model/kernel/portable"
)

// Precision is what the operands of matrix products are rounded to. Sums are float32 in any case, and so is all that is
// no product.
type Precision int

// The precisions.
const (
	Float32 Precision = iota
	// BFloat16 is the upper half of float32, rounded to nearest and ties to even: 8 bits of precision, the same range.
	// Subnormal numbers are zeros.
	BFloat16
)

var precisions = []string{"float32", "bfloat16"}

// Precisions lists the names of the precisions.
func Precisions() []string { return slices.Clone(precisions) }

// ParsePrecision returns the precision with a name.
func ParsePrecision(name string) (Precision, error) {
	if i := slices.Index(precisions, name); i >= 0 {
		return Precision(i), nil
	}
	return 0, fmt.Errorf("precision %q: want %s", name, strings.Join(precisions, " or "))
}

func (p Precision) String() string { return precisions[p] }

// pairKernels compute products of bfloat16 with AVX512-BF16. A word, which is passed as a float32, is a pair of
// elements that lie one behind the other in the depth of the product, the first in the lower half.
type pairKernels struct {
	gemm func(rows, cols, k int, a *float32, aRow, aCol int, b *float32, bRow int, c *float32, cRow int,
		accumulate bool)
	splitA, splitB   splitPairs // those of isa for pairs
	halvesA, halvesB splitPairs // the same of rows in bfloat16
	// transpose turns blocks of side rows and twice as many columns over, edge a part of one; see transposePairs512.
	transpose func(dst *float32, dstRow int, src *float32, srcRow, blocks int)
	edge      func(dst *float32, dstRow int, src *float32, srcRow, rows int, mask uint32, pairs int)
}

// splitPairs packs rows in pairs; see splitPairsA512.
type splitPairs func(dst *float32, dstPanel int, low, high *float32, pair, panels, pairs int, mask, highMask uint32)

// In returns workers on the threads of w whose products have the given precision.
//
// Where the processor has AVX512-BF16, BFloat16 takes about half the time; others round and multiply float32.
func (w *Workers) In(p Precision) *Workers {
	if w = w.orDefault(); w.Precision() == p {
		return w
	}
	i := *isaByName(w.isa.name)
	if p == BFloat16 {
		i.rounds, i.maxDirectRows = true, 0
		if i.pairs != nil && pairsAreRight() {
			i.gemm = i.pairs.gemm
		} else {
			i.pairs = nil
		}
	}
	return newWorkers(w.pool, &i, w.counters)
}

// Precision returns that of the products of w.
func (w *Workers) Precision() Precision {
	if w.orDefault().isa.rounds {
		return BFloat16
	}
	return Float32
}

// MultipliesBFloat16 reports whether products in BFloat16 are faster than others on the ISA of w.
func (w *Workers) MultipliesBFloat16() bool { return w.In(BFloat16).isa.pairs != nil }

// depth returns how many elements deep the packed panels of k elements are.
func (i *isa) depth(k int) int {
	if i.rounds && i.pairs != nil {
		return Blocks(k, 2)
	}
	return k
}

// packB packs the columns of a [k, cols] matrix as packFloatsB does, in the precision of the products.
func (i *isa) packB(dst []float32, b operand, k, cols int) {
	switch {
	case !i.rounds:
		i.packFloatsB(dst, b, k, cols)
	case i.pairs == nil:
		i.packFloatsB(dst, b, k, cols)
		i.loops.round(dst[:Blocks(cols, i.cols)*i.cols*k])
	case b.col == 1 && b.halves:
		i.pairs.halvesB.pack(dst, i.cols, i.cols*i.depth(k), b, k, cols)
	case b.col == 1:
		i.pairs.splitB.pack(dst, i.cols, i.cols*i.depth(k), b, k, cols)
	case b.halves:
		i.packFloatsB(dst, b.words(), i.depth(k), cols)
	default:
		for j := 0; j < cols; j += i.cols {
			i.transposePairs(dst[j*i.depth(k):], i.cols, b.data[j*b.col:], b.col, min(i.cols, cols-j), k)
		}
	}
}

// packA packs the rows of an [m, k] matrix as packFloatsA does, in the precision of the products.
func (i *isa) packA(dst []float32, a operand, m, k int) {
	switch panel := i.panelA(i.depth(k)); {
	case !i.rounds:
		i.packFloatsA(dst, a, m, k)
	case i.pairs == nil:
		i.packFloatsA(dst, a, m, k)
		i.loops.round(dst[:Blocks(m, i.rows)*panel])
	case a.row == 1 && a.halves:
		i.pairs.halvesA.pack(dst, i.rows, panel, operand{a.data, a.col, 1, true}, k, m)
	case a.row == 1:
		i.pairs.splitA.pack(dst, i.rows, panel, operand{a.data, a.col, 1, false}, k, m)
	case a.halves:
		i.packFloatsA(dst, a.words(), m, i.depth(k))
	default:
		for r := 0; r < m; r += i.rows {
			i.transposePairs(dst[r/i.rows*panel:], i.rows, a.data[r*a.row:], a.row, min(i.rows, m-r), k)
		}
	}
}

// pack packs the columns of a [k, cols] matrix with contiguous rows into panels of a width, panel elements apart. Of an
// odd k, the last row is paired with zeros.
func (split splitPairs) pack(dst []float32, width, panel int, src operand, k, cols int) {
	pair := 8 * src.row
	if src.halves {
		pair /= 2
	}
	// columns packs panels of as many columns as a mask has bits.
	columns := func(first, panels int, mask uint32) {
		to, from := dst[first*panel:], func(row int) *float32 { return &src.at(row, first*width).data[0] }
		if k > 1 {
			split(&to[0], 4*panel, from(0), from(1), pair, panels, k/2, mask, mask)
		}
		if k%2 == 1 {
			split(&to[k/2*width], 4*panel, from(k-1), nil, 0, panels, 1, mask, 0)
		}
	}
	whole := cols / width
	if whole > 0 {
		columns(0, whole, 1<<width-1)
	}
	if rest := cols % width; rest > 0 {
		columns(whole, 1, 1<<rest-1)
	}
}

// transposePairs writes the pair (2p, 2p+1) of count rows of length k, stride elements apart, to dst[p*width+r]. It
// may write up to side words at the end of each line, which the next one overwrites; dst has room behind the last one.
func (i *isa) transposePairs(dst []float32, width int, src []float32, stride, count, k int) {
	block := 2 * i.side // columns
	for r := 0; r < count; r += i.side {
		rows, whole := min(i.side, count-r), k/block
		if (r+i.side-1)*stride+whole*block > len(src) { // reading other rows would read behind the matrix
			whole = 0
		}
		if whole > 0 {
			i.pairs.transpose(&dst[r], 4*width, &src[r*stride], 4*stride, whole)
		}
		for p := whole * block; p < k; p += block {
			cols := min(block, k-p)
			i.pairs.edge(&dst[p/2*width+r], 4*width, &src[r*stride+p], 4*stride, rows, 1<<cols-1, Blocks(cols, 2))
		}
	}
}

// Halve rounds x [rows, cols] to bfloat16, two elements in each of words; cols is even.
func Halve(w *Workers, words, x []float32, rows, cols int) {
	w = w.orDefault()
	w.Rows(rows, grainFor(cols), func(lo, hi int) {
		w.isa.loops.halve(words[lo*cols/2:hi*cols/2], x[lo*cols:hi*cols])
	})
}

// halve is the portable loop of Halve.
func halve(words, x []float32) {
	for i := range words {
		words[i] = bfloat16.Pair(x[2*i], x[2*i+1])
	}
}

// reluHalves is the portable loop of ReLUBackward for halves.
func reluHalves(words, dx, dy []float32, scale float32) {
	for i, word := range words {
		low, high := bfloat16.Parts(word)
		for j, y := range [2]float32{low, high} {
			if dx[2*i+j] = 0; math.Float32bits(y)<<1 != 0 && math.Float32bits(y)>>31 == 0 {
				dx[2*i+j] = scale * dy[2*i+j]
			}
		}
	}
}

// pairsAreRight reports whether the kernels of AVX512-BF16 compute here what they are to: one product is compared with
// portable Go, bit by bit.
var pairsAreRight = sync.OnceValue(func() bool {
	i := isaByName(bf16ISA)
	if i.pairs == nil {
		return false
	}
	i.rounds, i.gemm = true, i.pairs.gemm
	const m, n, k = 17, 37, 75
	a, b := make([]float32, m*k), make([]float32, k*n)
	for j := range a {
		a[j] = float32(j%89-44) / 13
	}
	for j := range b {
		b[j] = float32(j%97-48) / 17
	}
	c := make([]float32, m*n)
	(&scratch{isa: i}).gemm(m, n, k, Operand{Data: a, Stride: k}, Operand{Data: b, Stride: n}, false, c, n)
	return slices.Equal(c, portablePairs(m, n, k, a, b))
})

// portablePairs returns the product [m, n] of a [m, k] and b [k, n] in the order of the kernels of AVX512-BF16.
func portablePairs(m, n, k int, a, b []float32) []float32 {
	c := make([]float32, m*n)
	for r := range m {
		for j := range n {
			var sum float32
			for p := 0; p < k; p += 2 {
				x, y := bfloat16.Pair(a[r*k+p], 0), bfloat16.Pair(b[p*n+j], 0)
				if p+1 < k {
					x, y = bfloat16.Pair(a[r*k+p], a[r*k+p+1]), bfloat16.Pair(b[p*n+j], b[(p+1)*n+j])
				}
				sum = bfloat16.AddPair(sum, x, y)
			}
			c[r*n+j] = sum
		}
	}
	return c
}

// Halves is a weight [Out, In] in bfloat16. Its words lie in panels of 32 outputs, [pairs of inputs, 32], which a
// product walks from beginning to end.
type Halves struct {
	Out, In int
	words   []float32
}

const halvesCols = 32 // outputs of a panel

// NewHalves rounds a weight.
func NewHalves(out, in int, values []float32) *Halves {
	m := &Halves{Out: out, In: in, words: make([]float32, Blocks(out, halvesCols)*halvesCols*Blocks(in, 2))}
	for o := range out {
		row, panel := values[o*in:(o+1)*in], m.panel(o / halvesCols)[o%halvesCols:]
		for i := 0; i < in; i += 2 {
			high := float32(0)
			if i+1 < in {
				high = row[i+1]
			}
			panel[i/2*halvesCols] = bfloat16.Pair(row[i], high)
		}
	}
	return m
}

// Rows writes the elements of outputs to dst [end-first, In].
func (m *Halves) Rows(dst []float32, first, end int) {
	for o := first; o < end; o++ {
		panel, row := m.panel(o / halvesCols)[o%halvesCols:], dst[(o-first)*m.In:][:m.In]
		for i := range row {
			low, high := bfloat16.Parts(panel[i/2*halvesCols])
			row[i] = low
			if i%2 == 1 {
				row[i] = high
			}
		}
	}
}

// Bytes returns the memory that the weight takes.
func (m *Halves) Bytes() int { return 4 * len(m.words) }

func (m *Halves) panel(p int) []float32 {
	size := halvesCols * Blocks(m.In, 2)
	return m.words[p*size : (p+1)*size]
}

// LinearHalves writes x·weightᵀ, with x [rows, In] rounded to bfloat16, to y, whose rows are stride apart, or adds it
// when accumulate is set. w are workers In BFloat16.
func LinearHalves(w *Workers, y []float32, stride int, x []float32, rows int, accumulate bool, m *Halves) {
	if rows == 0 {
		return
	}
	i := w.isa
	if done := w.counters.product(rows, m.Out, m.In); done != nil {
		defer done()
	}
	panels, height := Blocks(m.Out, halvesCols), max(1, grainFor(m.In)/i.rows)*i.rows
	perTask := Blocks(panels, min(panels, tasksPerThread*w.Threads()))
	w.borrow(func(shared *scratch) {
		a := grow(&shared.a, Blocks(rows, i.rows)*max(i.panelA(i.depth(m.In)), i.rows*m.In))
		pack := func(task int) {
			lo, hi := task*height, min(rows, (task+1)*height)
			if i.pairs == nil {
				copy(a[lo*m.In:hi*m.In], x[lo*m.In:])
				i.loops.round(a[lo*m.In : hi*m.In])
				return
			}
			i.packA(a[lo/i.rows*i.panelA(i.depth(m.In)):], operand{x[lo*m.In:], m.In, 1, false}, hi-lo, m.In)
		}
		multiply := func(task int) {
			w.borrow(func(s *scratch) {
				for p := task * perTask; p < min(panels, (task+1)*perTask); p++ {
					s.halves(m, p, a, rows, accumulate, y[p*halvesCols:], stride)
				}
			})
		}
		w.pool.RunPhases(Blocks(rows, height), pack, Blocks(panels, perTask), multiply)
	})
}

// halves multiplies packed or rounded rows with one panel.
func (s *scratch) halves(m *Halves, panel int, a []float32, rows int, accumulate bool, y []float32, stride int) {
	i, words, cols := s.isa, m.panel(panel), min(halvesCols, m.Out-panel*halvesCols)
	if i.pairs != nil {
		t := tiles{isa: i, rows: rows, cols: cols, k: i.depth(m.In), c: y, ldc: stride, accumulate: accumulate}
		t.multiply(a, words, 0, 1)
		return
	}
	const depth = 256 // inputs that are made float32 at a time
	weight := grow(&s.b, depth*halvesCols)
	for k0 := 0; k0 < m.In; k0 += depth {
		k, add := min(depth, m.In-k0), accumulate || k0 > 0
		i.widen(&weight[0], &words[k0/2*halvesCols], Blocks(k, 2))
		if i.gemm == nil {
			portable.Multiply(rows, cols, k, a[k0:], m.In, weight, halvesCols, add, y, stride)
			continue
		}
		for j := 0; j < cols; j += i.cols {
			for r := 0; r < rows; r += i.rows {
				i.gemm(min(i.rows, rows-r), min(i.cols, cols-j), k, &a[r*m.In+k0], 4*m.In, 4, &weight[j], 4*halvesCols,
					&y[r*stride+j], 4*stride, add)
			}
		}
	}
}

// widenPairs is the portable widen.
func widenPairs(dst, words *float32, pairs int) {
	from, to := unsafe.Slice(words, halvesCols*pairs), unsafe.Slice(dst, 2*halvesCols*pairs)
	for i, word := range from {
		at := i/halvesCols*2*halvesCols + i%halvesCols
		to[at], to[at+halvesCols] = bfloat16.Parts(word)
	}
}
