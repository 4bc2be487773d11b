package kernel

import "math"

const (
	int8Cols  = 32 // outputs of a packed panel
	int8Group = 4  // inputs of an output that lie side by side: one instruction adds up their products
)

// Int8 is a weight [Out, In] in eight bits: element (o, i) is an integer in [-127, 127] times a scale of the output o.
//
// The integers are packed in panels of 32 outputs, which a product walks from beginning to end. A panel is
// [groups, 32, 4]: first the inputs 0 to 3 of output 0, of output 1 and so on, then the inputs 4 to 7. Outputs and
// inputs that fill up the last panel and the last group are zero.
type Int8 struct {
	Out, In int

	packed []int8
	scale  []float32 // [panels*32]
	offset []int32   // [panels*32]: -128 times the sum of an output's integers, see LinearInt8
}

// NewInt8 returns a weight of zeros, to be filled by SetRow.
func NewInt8(out, in int) *Int8 {
	outs := Blocks(out, int8Cols) * int8Cols
	return &Int8{
		Out: out, In: in,
		packed: make([]int8, outs*Blocks(in, int8Group)*int8Group),
		scale:  make([]float32, outs), offset: make([]int32, outs),
	}
}

// SetRow sets the integers [In] and the scale of an output.
func (m *Int8) SetRow(o int, values []int8, scale float32) {
	panel, c := m.panel(o/int8Cols), o%int8Cols*int8Group
	sum := int32(0)
	for i, v := range values[:m.In] {
		panel[i/int8Group*int8Cols*int8Group+c+i%int8Group] = v
		sum += int32(v)
	}
	m.scale[o], m.offset[o] = scale, -128*sum
}

// Rows writes the elements of outputs, which are of one panel, to dst [end-first, In], a cache line of each in turn.
func (m *Int8) Rows(dst []float32, first, end int) {
	panel := m.panel(first / int8Cols)
	for from := 0; from < m.In; from += 16 {
		for o := first; o < end; o++ {
			column, row, scale := panel[o%int8Cols*int8Group:], dst[(o-first)*m.In:][:m.In], m.scale[o]
			for i := from; i < min(from+16, m.In); i++ {
				row[i] = float32(column[i/int8Group*int8Cols*int8Group+i%int8Group]) * scale
			}
		}
	}
}

// Bytes returns the memory that the weight takes.
func (m *Int8) Bytes() int { return len(m.packed) + 4*len(m.scale) + 4*len(m.offset) }

// groups is the number of fours that the inputs of an output make up.
func (m *Int8) groups() int { return Blocks(m.In, int8Group) }

// panel returns the integers of 32 outputs.
func (m *Int8) panel(p int) []int8 {
	size := m.groups() * int8Group * int8Cols
	return m.packed[p*size : (p+1)*size]
}

// QuantizeInt8 writes the integers to dst that times the scale come nearest to x, of which the largest magnitude
// becomes 127. The scale is NaN when an element of x is not finite.
func QuantizeInt8(dst []int8, x []float32) (scale float32) {
	scale, inverse := int8Scale(absMaximum(x))
	for i, v := range x {
		dst[i] = int8(math.RoundToEven(float64(v * inverse)))
	}
	return scale
}

// int8Scale returns the scale of a row and its inverse. A row with NaN or infinity has the scale NaN, so that whatever
// is computed with it is NaN too. One of zeros, or so near to them that the inverse overflows, has the scale 0.
func int8Scale(largest float32) (scale, inverse float32) {
	switch {
	case !(largest <= math.MaxFloat32):
		return float32(math.NaN()), 0
	case largest < 127/float32(math.MaxFloat32):
		return 0, 0
	}
	return largest / 127, 127 / largest
}

// absMaximum returns the largest magnitude in x, NaN when there is one.
func absMaximum(x []float32) float32 {
	largest := float32(0)
	for _, v := range x {
		if v != v {
			return v
		}
		largest = max(largest, float32(math.Abs(float64(v))))
	}
	return largest
}

// quantize writes round(x*inverse)+128 to q; ties go to the even integer.
func quantize(q []uint8, inverse float32, x []float32) {
	for i, v := range x {
		q[i] = uint8(math.RoundToEven(float64(v*inverse)) + 128)
	}
}

const (
	// of the rows that a task multiplies with one panel after the other: they stay in the second cache
	int8RowBytes = 1 << 19
	int8Depth    = 256 // inputs that are made float32 at a time, where the product is one of float32
	// Up to this many rows are quantized by the caller: to share them among the threads takes longer.
	int8FewRows = 4
)

// MaxInt8Inputs is the most inputs of a product in eight bits: that many times 127·127 stay below 2³¹.
const MaxInt8Inputs = (1<<31 - 1) / (127 * 127)

// LinearInt8 writes x·weightᵀ for each weight, side by side, to y, or adds it when accumulate is set. x is [rows, In];
// the rows of y are stride apart.
//
// Where the processor has AVX-512 VNNI, and in portable Go, each row of x becomes bytes with a scale of its own, and
// the products are sums of integers, exact until they are scaled: the bits are the same on both. The instruction wants
// bytes without sign, so 128 is added to those of x, and what this adds to the sums, 128 times the sum of a weight's
// integers, is known beforehand and taken off. There may be no more than MaxInt8Inputs inputs. On other processors x
// stays float32, and panels of the weight become float32 while they are multiplied.
//
// A row of x with NaN or infinity has results that are not finite.
func LinearInt8(w *Workers, y []float32, stride int, x []float32, rows int, accumulate bool, weights ...*Int8) {
	w = w.orDefault()
	if rows == 0 {
		return
	}
	p := int8Product{workers: w, y: y, stride: stride, x: x, rows: rows, in: weights[0].In, accumulate: accumulate}
	panels, outs := 0, 0
	for _, m := range weights {
		panels += Blocks(m.Out, int8Cols)
		outs += m.Out
	}
	if done := w.counters.product(rows, outs, p.in); done != nil {
		defer done()
	}
	inputBytes := 1
	if w.isa.int8Tile == nil {
		inputBytes = 4
	}
	height := min(rows, max(1, int8RowBytes/(inputBytes*p.in*w.isa.rows))*w.isa.rows)
	rowBlocks := Blocks(rows, height)
	perTask := Blocks(panels, min(panels, Blocks(tasksPerThread*w.Threads(), rowBlocks)))
	columnBlocks := Blocks(panels, perTask)
	multiply := func(task int) {
		first, row := task%columnBlocks*perTask, task/columnBlocks*height
		p.panels(weights, first, min(panels, first+perTask), row, min(height, rows-row))
	}
	if w.isa.int8Tile == nil {
		w.Run(rowBlocks*columnBlocks, multiply)
		return
	}
	w.borrow(func(s *scratch) {
		p.width = Blocks(p.in, int8Group) * int8Group
		if cap(s.bytes) < rows*p.width {
			s.bytes = make([]uint8, rows*p.width)
		}
		p.bytes, p.scales = s.bytes[:rows*p.width], grow(&s.a, rows)
		if rows <= int8FewRows {
			p.quantize(0, rows)
			w.Run(columnBlocks, multiply)
			return
		}
		grain := grainFor(p.in)
		w.pool.RunPhases(Blocks(rows, grain), func(task int) { p.quantize(task*grain, min(rows, (task+1)*grain)) },
			rowBlocks*columnBlocks, multiply)
	})
}

// int8Product is one call of LinearInt8.
type int8Product struct {
	workers    *Workers
	y          []float32
	stride     int
	x          []float32 // [rows, in]
	rows, in   int
	accumulate bool

	bytes  []uint8   // [rows, width]: x in bytes; nothing reads those after in, whose weights are zero
	width  int       // in, rounded up to whole groups
	scales []float32 // [rows]
}

// quantize makes some rows bytes.
func (p *int8Product) quantize(lo, hi int) {
	i := p.workers.isa
	for r := lo; r < hi; r++ {
		x := p.x[r*p.in : (r+1)*p.in]
		scale, inverse := int8Scale(i.absMaximum(x))
		p.scales[r] = scale
		i.quantize(p.bytes[r*p.width:][:p.in], inverse, x)
	}
}

// panels multiplies rows row to row+count-1 with the panels first to last-1, counted through all weights.
func (p *int8Product) panels(weights []*Int8, first, last, row, count int) {
	column := 0
	for _, m := range weights {
		panels := Blocks(m.Out, int8Cols)
		for panel := max(0, first); panel < min(panels, last); panel++ {
			cols := min(int8Cols, m.Out-panel*int8Cols)
			y := p.y[row*p.stride+column+panel*int8Cols:]
			if p.workers.isa.int8Tile != nil {
				p.integers(m, panel, row, count, cols, y)
			} else {
				p.floats(m, panel, row, count, cols, y)
			}
		}
		first, last, column = first-panels, last-panels, column+m.Out
	}
}

// integers multiplies bytes with bytes, tile by tile.
func (p *int8Product) integers(m *Int8, panel, row, count, cols int, y []float32) {
	i := p.workers.isa
	t := byteTile{
		groups: m.groups(), width: p.width, cols: cols, weight: m.panel(panel),
		weightScale: m.scale[panel*int8Cols:][:int8Cols],
		offset:      m.offset[panel*int8Cols:][:int8Cols], stride: p.stride, accumulate: p.accumulate,
	}
	for r := 0; r < count; r += i.rows {
		t.rows, t.bytes, t.scales, t.y = min(i.rows,
			count-r), p.bytes[(row+r)*p.width:], p.scales[row+r:], y[r*p.stride:]
		i.int8Tile(t)
	}
}

// floats makes the panel float32, some inputs at a time, and multiplies it as Gemm would.
func (p *int8Product) floats(m *Int8, panel, row, count, cols int, y []float32) {
	i := p.workers.isa
	p.workers.borrow(func(s *scratch) {
		weight := grow(&s.b, int8Depth*int8Cols)
		for k0 := 0; k0 < p.in; k0 += int8Depth {
			k := min(int8Depth, p.in-k0)
			i.unpackBytes(&weight[0], &m.panel(panel)[k0*int8Cols], &m.scale[panel*int8Cols], k)
			for j := 0; j < cols; j += i.cols {
				for r := 0; r < count; r += i.rows {
					i.gemm(min(i.rows, count-r), min(i.cols, cols-j), k, &p.x[(row+r)*p.in+k0], 4*p.in, 4,
						&weight[j], 4*int8Cols, &y[r*p.stride+j], 4*p.stride, p.accumulate || k0 > 0)
				}
			}
		}
	})
}

// byteTile is a tile of the product: some rows of bytes times one panel.
type byteTile struct {
	rows, groups, width, cols int
	bytes                     []uint8   // [rows, width]
	scales                    []float32 // [rows]
	weight                    []int8    // [groups, 32, 4]
	weightScale               []float32 // [32]
	offset                    []int32   // [32]
	y                         []float32
	stride                    int
	accumulate                bool
}

// multiply computes a tile in portable Go, as the assembly does.
func (t byteTile) multiply() {
	const group = int8Cols * int8Group
	for r := range t.rows {
		var sum [int8Cols]int32
		copy(sum[:], t.offset)
		x := t.bytes[r*t.width:][:t.groups*int8Group]
		for g := range t.groups {
			x0, x1, x2, x3 := int32(x[4*g]), int32(x[4*g+1]), int32(x[4*g+2]), int32(x[4*g+3])
			weight := t.weight[g*group : (g+1)*group]
			for c := range sum {
				b := weight[4*c : 4*c+4 : 4*c+4]
				sum[c] += x0*int32(b[0]) + x1*int32(b[1]) + x2*int32(b[2]) + x3*int32(b[3])
			}
		}
		y := t.y[r*t.stride:][:t.cols]
		for c := range y {
			v := float32(sum[c]) * (t.scales[r] * t.weightScale[c])
			if t.accumulate {
				v = y[c] + float32(v) // not fused: the same bits as in vectors
			}
			y[c] = v
		}
	}
}
