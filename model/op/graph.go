package op

import (
	"fmt"
	"slices"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"t5train/model/kernel"
)

// Graph is a gorgonia graph under construction. It is not safe for concurrent use; parameters may be
// shared between graphs that do not run at the same time.
type Graph struct {
	options GraphOptions
	expr    *gorgonia.ExprGraph
	workers *kernel.Workers
	pool    *pool
	ops     []*fused
	params  []*Param // in the order of their first use
	nodes   map[*Param]*gorgonia.Node
	isParam map[*gorgonia.Node]bool
	wanted  map[*gorgonia.Node]bool           // a parameter that is trained, or computed from one: it has a gradient
	sums    sums                              // gradients of values that several operations read
	halves  map[*gorgonia.Node]*gorgonia.Node // values that products read, rounded; nil in float32

	dropouts    uint32         // so far
	gradUses    map[*Param]int // operations of a run that add to the gradient
	pendingUses map[*Param]int // those of them that are still to come
	pass        Pass

	scratch []float32 // of the operation that runs

	failure error // the first one, while building or running
}

// GraphOptions configure NewGraph.
type GraphOptions struct {
	Dropout   float32 // the rate of every dropout
	Recompute bool    // Block keeps its arguments only
}

// NewGraph returns an empty graph whose operations run on the given workers.
func NewGraph(w *kernel.Workers, o GraphOptions) *Graph {
	g := &Graph{
		options: o,
		expr:    gorgonia.NewGraph(),
		workers: w,
		pool:    newPool(),
		nodes:   make(map[*Param]*gorgonia.Node),
		isParam: make(map[*gorgonia.Node]bool),
		wanted:  make(map[*gorgonia.Node]bool),

		gradUses: make(map[*Param]int), pendingUses: make(map[*Param]int),
	}
	g.sums = newSums(g.expr)
	if w.Precision() == kernel.BFloat16 {
		g.halves = make(map[*gorgonia.Node]*gorgonia.Node)
	}
	return g
}

// Param returns the node of a parameter, the same for every call with the same parameter.
func (g *Graph) Param(p *Param) *gorgonia.Node {
	if n, ok := g.nodes[p]; ok {
		return n
	}
	shape, value := p.Shape, p.Value
	if value == nil { // packed: see floats, which reads the parameter itself
		shape, value = []int{1, 1}, make([]float32, 1)
	}
	n := gorgonia.NewTensor(g.expr, tensor.Float32, len(shape), gorgonia.WithShape(shape...), gorgonia.WithName(p.Name),
		gorgonia.WithValue(tensor.New(tensor.WithShape(shape...), tensor.WithBacking(value))))
	g.nodes[p], g.isParam[n], g.wanted[n] = n, true, !p.Frozen
	g.params = append(g.params, p)
	return n
}

// floats returns the elements of a parameter. Those of a packed one are unpacked to memory that is valid until the next
// call: one weight at a time is in float32.
func (g *Graph) floats(p *Param) []float32 {
	packed := p.packed()
	if packed == nil {
		return p.Value
	}
	const rowsPerTask = 32 // a panel of either packing
	g.scratch = resize(g.scratch, p.Size())
	in := p.Shape[1]
	g.workers.Rows(p.Shape[0], rowsPerTask, func(first, end int) {
		packed.Rows(g.scratch[first*in:end*in], first, end)
	})
	return g.scratch
}

// matrixOp adds an operation with a matrix as value.
func (g *Graph) matrixOp(f *fused, cols int, in ...*gorgonia.Node) *gorgonia.Node {
	return g.add(f, gorgonia.TensorType{Dims: 2, Of: tensor.Float32}, tensor.Shape{1, cols}, in...)
}

// scalarOp adds an operation with a float32 as value.
func (g *Graph) scalarOp(f *fused, in ...*gorgonia.Node) *gorgonia.Node {
	return g.add(f, tensor.Float32, tensor.ScalarShape(), in...)
}

func (g *Graph) add(f *fused, out hm.Type, shape tensor.Shape, in ...*gorgonia.Node) *gorgonia.Node {
	types := make([]hm.Type, 0, len(in)+1)
	for _, n := range in {
		types = append(types, n.Type())
	}
	f.graph, f.id, f.shape, f.in = g, uint64(len(g.ops)), shape, in
	f.wants = make([]bool, len(in))
	for i, x := range in {
		f.wants[i] = f.backward != nil && i >= f.nonDiffInputs && g.wanted[x]
	}
	f.typ = hm.NewFnType(append(types, out)...)
	n, err := gorgonia.ApplyOp(f, in...)
	if err != nil {
		// Only a mistake in this package can lead here; Compile reports it.
		if g.failure == nil {
			g.failure = fmt.Errorf("add %s: %w", f.name, err)
		}
		return in[0]
	}
	f.node, g.wanted[n] = n, slices.Contains(f.wants, true)
	g.ops = append(g.ops, f)
	for i, wanted := range f.wants {
		if wanted && !g.isParam[in[i]] {
			g.sums.readers[in[i]]++
		}
	}
	return n
}

// gradNode is the gradient node of a parameter: run adds to the parameter's gradient in place, if an operation before
// has not done so, and the scalar value only lets gorgonia order the work.
func (g *Graph) gradNode(name string, p *Param, run func(in []gorgonia.Value) error,
	in ...*gorgonia.Node) *gorgonia.Node {
	f := &fused{name: name, accumulates: p}
	f.forward = func(in []gorgonia.Value, _ func(int, int) Matrix) (gorgonia.Value, error) {
		return gorgonia.NewF32(0), run(in)
	}
	return g.scalarOp(f, in...)
}

// added counts an operation that has added its share to the gradient of p; nil is none.
func (g *Graph) added(p *Param) {
	if p == nil || g.pass.Final == nil {
		return
	}
	if g.pendingUses[p]--; g.pendingUses[p] == 0 {
		g.pass.Final(p)
	}
}

// extraOutput is a second value of the operation behind primary. The primary calls put with the number of rows
// while it runs and fills the result; the returned node then has it as value.
func (g *Graph) extraOutput(name string, cols func() int, primary *gorgonia.Node) (n *gorgonia.Node,
	put func(rows int) Matrix) {
	f := &fused{name: name}
	var left Matrix
	f.forward = func([]gorgonia.Value, func(int, int) Matrix) (gorgonia.Value, error) { return left.dense, nil }
	n = g.matrixOp(f, 1, primary)
	return n, func(rows int) Matrix {
		left = f.allocate(rows, cols())
		return left
	}
}

// dropout returns a dropout of its own; rate 0 is none.
func (g *Graph) dropout(rate float32) func() kernel.Dropout {
	id := g.dropouts
	g.dropouts++
	return func() kernel.Dropout {
		if !g.pass.Train {
			return kernel.Dropout{}
		}
		return kernel.Dropout{Rate: rate, Seed: g.pass.Seed, Pass: g.pass.Number, Op: id}
	}
}
