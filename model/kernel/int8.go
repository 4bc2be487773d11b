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
	outs := blocks(out, int8Cols) * int8Cols
	return &Int8{
		Out: out, In: in,
		packed: make([]int8, outs*blocks(in, int8Group)*int8Group),
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

// Row writes the elements of an output to dst [In].
func (m *Int8) Row(dst []float32, o int) {
	panel, c := m.panel(o/int8Cols), o%int8Cols*int8Group
	for i := range dst[:m.In] {
		dst[i] = float32(panel[i/int8Group*int8Cols*int8Group+c+i%int8Group]) * m.scale[o]
	}
}

// Bytes returns the memory that the weight takes.
func (m *Int8) Bytes() int { return len(m.packed) + 4*len(m.scale) + 4*len(m.offset) }

// groups is the number of fours that the inputs of an output make up.
func (m *Int8) groups() int { return blocks(m.In, int8Group) }

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

// EmbedInt8 is Embed for a table in eight bits.
func EmbedInt8(w *Workers, y []float32, table *Int8, ids []int32) {
	w = w.orDefault()
	w.Rows(len(ids), grainFor(table.In), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			table.Row(y[i*table.In:(i+1)*table.In], int(ids[i]))
		}
	})
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
