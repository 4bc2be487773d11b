package kernel

import (
	"fmt"
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
	narrow     func(dst, x *float32, blocks int)         // rounds blocks of 32 elements
	interleave func(dst, low, high *float32, blocks int) // rounds blocks of 16 elements of two rows
}

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

// packB packs the columns of a [k, cols] matrix as isa.packB does, in the precision of the products.
func (s *scratch) packB(dst []float32, b operand, k, cols int) {
	i := s.isa
	if i.rounds && i.pairs != nil {
		b = s.pairs(b, k, cols)
	}
	k = i.depth(k)
	i.packB(dst, b, k, cols)
	if i.rounds && i.pairs == nil {
		i.loops.round(dst[:Blocks(cols, i.cols)*i.cols*k])
	}
}

// packA packs the rows of an [m, k] matrix as isa.packA does, in the precision of the products.
func (s *scratch) packA(dst []float32, a operand, m, k int) {
	i := s.isa
	if i.rounds && i.pairs != nil {
		words := s.pairs(operand{a.data, a.col, a.row}, k, m)
		a = operand{words.data, words.col, words.row}
	}
	k = i.depth(k)
	i.packA(dst, a, m, k)
	if i.rounds && i.pairs == nil {
		i.loops.round(dst[:Blocks(m, i.rows)*i.panelA(k)])
	}
}

// pairs returns a [k, n] matrix in pairs: the word [p, j] has the elements [2p, j] and [2p+1, j], or 0 behind the last.
func (s *scratch) pairs(x operand, k, n int) operand {
	half := Blocks(k, 2)
	words := grow(&s.words, half*n)
	if x.row == 1 {
		for j := range n {
			s.isa.narrowRow(words[j*half:(j+1)*half], x.data[j*x.col:][:k])
		}
		return operand{words, 1, half}
	}
	for p := range half {
		var high []float32
		if 2*p+1 < k {
			high = x.data[(2*p+1)*x.row:][:n]
		}
		s.isa.interleaveRows(words[p*n:(p+1)*n], x.data[2*p*x.row:][:n], high)
	}
	return operand{words, n, 1}
}

// narrowRow makes words of the elements of x.
func (i *isa) narrowRow(words, x []float32) {
	const block = 32
	p := len(x) / block * (block / 2)
	if p > 0 {
		i.pairs.narrow(&words[0], &x[0], len(x)/block)
	}
	for ; p < len(words); p++ {
		var high float32
		if 2*p+1 < len(x) {
			high = x[2*p+1]
		}
		words[p] = bfloat16.Pair(x[2*p], high)
	}
}

// interleaveRows makes words of two rows; high may be nil, for zeros.
func (i *isa) interleaveRows(words, low, high []float32) {
	const block = 16
	j := 0
	if high != nil && len(low) >= block {
		j = len(low) / block * block
		i.pairs.interleave(&words[0], &low[0], &high[0], len(low)/block)
	}
	for ; j < len(low); j++ {
		var h float32
		if high != nil {
			h = high[j]
		}
		words[j] = bfloat16.Pair(low[j], h)
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
	(&scratch{isa: i}).vectorGemm(m, n, k, operandOf(a, k, false), operandOf(b, n, false), false, c, n)
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

// Row writes the elements of an output to dst [In].
func (m *Halves) Row(dst []float32, o int) {
	panel := m.panel(o / halvesCols)[o%halvesCols:]
	for i := range dst[:m.In] {
		low, high := bfloat16.Parts(panel[i/2*halvesCols])
		dst[i] = low
		if i%2 == 1 {
			dst[i] = high
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
			w.borrow(func(s *scratch) {
				s.packA(a[lo/i.rows*i.panelA(i.depth(m.In)):], operandOf(x[lo*m.In:], m.In, false), hi-lo, m.In)
			})
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
