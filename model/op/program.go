package op

import (
	"errors"
	"fmt"
	"maps"

	"gorgonia.org/gorgonia"
)

// Pass is what changes from run to run besides the inputs.
type Pass struct {
	Train     bool    // dropout is on
	Seed      uint64  // of the dropout
	Number    uint32  // of the forward pass, for the dropout
	GradScale float32 // multiplies the loss before it is differentiated: 1/tokens for a mean

	// Final, if not nil, is called for each parameter as soon as its gradient has all that this run adds, while the
	// backward pass runs on.
	Final func(*Param)
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
		if f.accumulates != nil {
			g.gradUses[f.accumulates]++
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

// Compile differentiates loss, a scalar, with respect to every parameter of the graph that is not frozen and compiles
// the result.
func (g *Graph) Compile(loss *gorgonia.Node) (*Program, error) {
	var nodes gorgonia.Nodes
	for _, p := range g.params {
		if !p.Frozen {
			nodes = append(nodes, g.nodes[p])
		}
	}
	if len(nodes) == 0 {
		return nil, errors.New("differentiate graph: all parameters are frozen: leave some to train")
	}
	if _, err := gorgonia.Grad(loss, nodes...); err != nil {
		return nil, fmt.Errorf("differentiate graph: %w", err)
	}
	return g.CompileForward()
}

// Run computes every node of the graph once.
func (p *Program) Run(pass Pass) error {
	p.graph.pass = pass
	p.graph.failure = nil
	p.graph.pool.reset()
	if pass.Final != nil {
		maps.Copy(p.graph.pendingUses, p.graph.gradUses)
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
