package op

import (
	"encoding/binary"
	"fmt"
	"hash"
	"hash/fnv"
	"runtime/debug"
	"unsafe"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"t5train/model/kernel"
)

// Matrix is a value of activations, [Rows, Cols] row-major.
type Matrix struct {
	Rows, Cols int
	Data       []float32
	dense      *tensor.Dense // of a graph

	// halves says that Data has elements in bfloat16, two in a word; only those that read the value of Graph.rounded
	// see such.
	halves   bool
	adapters []*Adapter // of each row, which what is computed of it has too; nil: those of the parameters
}

// Slice returns the rows first to end, not included, in the memory of m.
func (m Matrix) Slice(first, end int) Matrix {
	s := Matrix{Rows: end - first, Cols: m.Cols, Data: m.Data[first*m.Cols : end*m.Cols]}
	if m.adapters != nil {
		s.adapters = m.adapters[first:end]
	}
	return s
}

// from returns the elements from a column on, which is even in halves.
func (m Matrix) from(column int) []float32 {
	if m.halves {
		column /= 2
	}
	return m.Data[column:]
}

// operand returns the columns from one on as products read them.
func (m Matrix) operand(column int) kernel.Operand {
	return kernel.Operand{Data: m.from(column), Stride: m.Cols, Halves: m.halves}
}

// view reads a value as a matrix; a vector is one row. In gorgonia bfloat16 are integers of 16 bits.
func view(v gorgonia.Value) Matrix {
	t := v.(*tensor.Dense)
	shape := t.Shape()
	m := Matrix{Rows: 1, Cols: shape[len(shape)-1], dense: t}
	if len(shape) == 2 {
		m.Rows = shape[0]
	}
	switch data := t.Data().(type) {
	case []float32:
		m.Data = data
	case []uint16:
		m.Data, m.halves = unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(data))), len(data)/2), true
	}
	return m
}

// fused is one operation and so one node: it is never shared, because it owns the state that its forward pass
// leaves for its backward pass.
type fused struct {
	graph *Graph
	name  string
	id    uint64
	typ   hm.Type
	shape tensor.Shape // rows are nominal: the real number is known at run time
	node  *gorgonia.Node
	in    gorgonia.Nodes
	wants []bool // which inputs have a gradient that somebody wants

	// users counts the operations that read the value; Compile fills it in.
	users int

	// nonDiffInputs counts the first inputs, which have no gradient.
	nonDiffInputs int

	// accumulates is the parameter whose gradient has a share of this operation once it has run, or nil.
	accumulates *Param

	// skipIfUnused leaves the value out when nothing reads it.
	skipIfUnused bool

	// forward computes the value. out allocates a result that lives until its users have read it.
	forward func(in []gorgonia.Value, out func(rows, cols int) Matrix) (gorgonia.Value, error)

	// backward returns, for each input, the node of its gradient given the node of the value's gradient; nil where
	// there is none or, by wants, nobody needs it. Without it the operation cannot be differentiated.
	backward func(dy *gorgonia.Node) gorgonia.Nodes
}

// Do computes the value and releases the inputs. A panic would come up in gorgonia's goroutine and end the
// process, so it becomes an error here.
func (f *fused) Do(in ...gorgonia.Value) (v gorgonia.Value, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: %v\n%s", f.name, r, debug.Stack())
		}
		if err != nil && f.graph.failure == nil {
			f.graph.failure = err
		}
	}()
	if f.skipIfUnused && f.users == 0 {
		v = gorgonia.NewF32(0)
	} else if v, err = f.forward(in, f.allocate); err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	for _, x := range in {
		if t, ok := x.(*tensor.Dense); ok {
			f.graph.pool.release(t)
		}
	}
	f.graph.added(f.accumulates)
	return v, nil
}

func (f *fused) allocate(rows, cols int) Matrix { return f.graph.pool.get(rows, cols, f.users) }

// SymDiff is gorgonia's symbolic differentiation.
func (f *fused) SymDiff(_ gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
	grads := f.backward(f.graph.sums.of(f.node, dy))
	if f.graph.failure != nil {
		return nil, f.graph.failure // the gradients may be missing
	}
	for i, wanted := range f.wants {
		if wanted {
			grads[i] = f.graph.sums.add(f.graph, f.in[i], grads[i])
		}
	}
	return grads, f.graph.failure
}

// DiffWRT reports which inputs have a gradient.
func (f *fused) DiffWRT(int) []bool { return f.wants }

// WriteHash includes the id: gorgonia merges operations that hash alike, and two dropouts must stay two.
func (f *fused) WriteHash(h hash.Hash) {
	_ = binary.Write(h, binary.LittleEndian, f.id) // a hash does not fail
	_, _ = h.Write([]byte(f.name))
}

func (f *fused) Hashcode() uint32 {
	h := fnv.New32a()
	f.WriteHash(h)
	return h.Sum32()
}

func (f *fused) Arity() int                                            { return len(f.in) }
func (f *fused) Type() hm.Type                                         { return f.typ }
func (f *fused) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) { return f.shape, nil }
func (f *fused) ReturnsPtr() bool                                      { return false }
func (f *fused) CallsExtern() bool                                     { return false }
func (f *fused) OverwritesInput() int                                  { return -1 }
func (f *fused) String() string                                        { return fmt.Sprintf("%s#%d", f.name, f.id) }
