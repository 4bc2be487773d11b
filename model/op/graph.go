package op

import (
	"fmt"
	"maps"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"t5train/model/kernel"
)

// Step is what changes from run to run besides the inputs.
type Step struct {
	Train     bool    // dropout is on
	Seed      uint64  // of the dropout
	Step      uint32  // number of the forward pass, for the dropout
	GradScale float32 // multiplies the loss before it is differentiated: 1/tokens for a mean

	// Final, if not nil, is called for each parameter as soon as its gradient has all that this run adds, while the
	// backward pass goes on.
	Final func(*Param)
}

// Graph is a gorgonia graph under construction. It is for one goroutine; parameters may be shared between
// graphs that do not run at the same time.
type Graph struct {
	options GraphOptions
	expr    *gorgonia.ExprGraph
	workers *kernel.Workers
	pool    *pool
	ops     []*fused
	params  map[*Param]*gorgonia.Node
	byNode  map[*gorgonia.Node]*Param
	order   []*Param
	shares  map[*Param]int // operations of a run that add to the gradient
	missing map[*Param]int // those of them that are still to come
	sums    sums           // gradients of values that several operations read
	sites   uint32         // dropouts so far
	step    Step
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
		params:  make(map[*Param]*gorgonia.Node),
		byNode:  make(map[*gorgonia.Node]*Param),
		shares:  make(map[*Param]int),
		missing: make(map[*Param]int),
	}
	g.sums = newSums(g.expr)
	return g
}

// Param returns the node of a parameter, the same for every call with the same parameter.
func (g *Graph) Param(p *Param) *gorgonia.Node {
	if n, ok := g.params[p]; ok {
		return n
	}
	value := tensor.New(tensor.WithShape(p.Shape...), tensor.WithBacking(p.Value))
	n := gorgonia.NewTensor(g.expr, tensor.Float32, len(p.Shape), gorgonia.WithShape(p.Shape...), gorgonia.WithName(p.Name), gorgonia.WithValue(value))
	g.params[p], g.byNode[n] = n, p
	g.order = append(g.order, p)
	return n
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
	f.typ = hm.NewFnType(append(types, out)...)
	n, err := gorgonia.ApplyOp(f, in...)
	if err != nil {
		// Only a mistake in this package can lead here; Compile reports it.
		if g.failure == nil {
			g.failure = fmt.Errorf("add %s: %w", f.name, err)
		}
		return in[0]
	}
	f.node = n
	g.ops = append(g.ops, f)
	for i, diff := range f.DiffWRT(len(in)) {
		if _, param := g.byNode[in[i]]; diff && !param {
			g.sums.readers[in[i]]++
		}
	}
	return n
}

// receipt is the gradient node of a parameter: run adds to the parameter's gradient in place, if an operation before has
// not done so, and the scalar value only lets gorgonia order the work.
func (g *Graph) receipt(name string, p *Param, run func(in []gorgonia.Value) error, in ...*gorgonia.Node) *gorgonia.Node {
	f := &fused{name: name, adds: p}
	f.forward = func(in []gorgonia.Value, _ func(int, int) Matrix) (gorgonia.Value, error) {
		return gorgonia.NewF32(0), run(in)
	}
	return g.scalarOp(f, in...)
}

// added counts an operation that has added its share to the gradient of p; nil is none.
func (g *Graph) added(p *Param) {
	if p == nil || g.step.Final == nil {
		return
	}
	if g.missing[p]--; g.missing[p] == 0 {
		g.step.Final(p)
	}
}

// sidecar is a second value of the operation behind primary. The primary calls put with the number of rows
// while it runs and fills the result; the sidecar's node then has it as value.
func (g *Graph) sidecar(name string, cols func() int, primary *gorgonia.Node) (n *gorgonia.Node, put func(rows int) Matrix) {
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
	site := g.sites
	g.sites++
	return func() kernel.Dropout {
		if !g.step.Train {
			return kernel.Dropout{}
		}
		return kernel.Dropout{Rate: rate, Seed: g.step.Seed, Step: g.step.Step, Op: site}
	}
}

// Program is a compiled graph. Close frees it.
type Program struct {
	graph *Graph
	vm    gorgonia.VM
}

// CompileForward compiles the graph without gradients.
func (g *Graph) CompileForward() (*Program, error) {
	if g.failure != nil {
		return nil, fmt.Errorf("build graph: %w", g.failure)
	}
	byNode := make(map[*gorgonia.Node]*fused, len(g.ops))
	hashes := make(map[uint32]string)
	for _, f := range g.ops {
		byNode[f.node] = f
		if f.adds != nil {
			g.shares[f.adds]++
		}
		// gorgonia tells nodes apart by 32-bit hashes; a collision would silently merge two of them.
		if other, taken := hashes[f.node.Hashcode()]; taken {
			return nil, fmt.Errorf("build graph: the nodes %s and %s have the same hash", f, other)
		}
		hashes[f.node.Hashcode()] = f.String()
	}
	for _, f := range g.ops {
		for _, n := range f.in {
			if source, ok := byNode[n]; ok {
				source.users++
			}
		}
	}
	return &Program{graph: g, vm: gorgonia.NewTapeMachine(g.expr)}, nil
}

// Compile differentiates loss, a scalar, with respect to every parameter of the graph and compiles the result.
func (g *Graph) Compile(loss *gorgonia.Node) (*Program, error) {
	nodes := make(gorgonia.Nodes, len(g.order))
	for i, p := range g.order {
		nodes[i] = g.params[p]
	}
	if _, err := gorgonia.Grad(loss, nodes...); err != nil {
		return nil, fmt.Errorf("differentiate graph: %w", err)
	}
	return g.CompileForward()
}

// Run computes every node of the graph once.
func (p *Program) Run(s Step) error {
	p.graph.step = s
	p.graph.failure = nil
	p.graph.pool.reset()
	if s.Final != nil {
		maps.Copy(p.graph.missing, p.graph.shares)
	}
	err := p.vm.RunAll()
	p.vm.Reset()
	if err != nil && p.graph.failure != nil {
		err = p.graph.failure // gorgonia wraps it in the whole program
	}
	return err
}

// Memory returns the bytes reserved for activations and their gradients, as the largest run so far needed them.
func (p *Program) Memory() int { return 4 * p.graph.pool.total }

// Close frees the program.
func (p *Program) Close() error { return p.vm.Close() }
