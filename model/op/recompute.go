package op

import (
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"
)

// Block returns block(in). With GraphOptions.Recompute it keeps nothing of it but the result: see recompute. Values
// that a block does not have are nil.
func (g *Graph) Block(in []*gorgonia.Node, block func(in []*gorgonia.Node) *gorgonia.Node) *gorgonia.Node {
	if !g.options.Recompute {
		return block(in)
	}
	given := slices.DeleteFunc(slices.Clone(in), func(x *gorgonia.Node) bool { return x == nil })
	return g.recompute(given, func(values gorgonia.Nodes) *gorgonia.Node {
		all := make([]*gorgonia.Node, len(in))
		for i, x := range in {
			if x != nil {
				all[i], values = values[0], values[1:]
			}
		}
		return block(all)
	})
}

// Rows returns f(x): a backend without gradients computes it for a few rows at a time.
func (g *Graph) Rows(x *gorgonia.Node, f func(x *gorgonia.Node) *gorgonia.Node) *gorgonia.Node {
	return f(x)
}

// recompute returns block(in) and keeps nothing of what the block computes but its result: the backward pass computes
// the block again from in and differentiates that (Chen et al. 2016, Training Deep Nets with Sublinear Memory Cost).
// The bits of values and gradients are those of block(in), dropout included.
//
// The block is called once now and once by Compile; it must add the same operations each time. It must read matrices of
// this graph only through its argument: others would get no gradient, so Compile refuses the graph.
func (g *Graph) recompute(in gorgonia.Nodes, block func(in gorgonia.Nodes) *gorgonia.Node) *gorgonia.Node {
	detached := g.detach(in)
	first, sites := len(g.ops), g.dropouts
	y := block(detached)
	if outside := g.readsOutside(g.ops[first:], detached); outside != nil && g.failure == nil {
		g.failure = fmt.Errorf("recomputed block reads %s, want matrices through its argument only", outside.Op())
	}
	weights := g.trainedRead(g.ops[first:])
	f := g.alias("recompute")
	f.nonDiffInputs = 1 // y: its gradient goes to the second computation
	f.backward = func(dy *gorgonia.Node) gorgonia.Nodes {
		after := g.dropouts
		g.dropouts = sites
		again := g.detach(in)
		y := block(again)
		g.dropouts = after
		y.Op().(*fused).skipIfUnused = true // its value was there before
		wanted := slices.DeleteFunc(append(slices.Clone(again), weights...),
			func(x *gorgonia.Node) bool { return !g.wanted[x] })
		some, err := gorgonia.Backpropagate(gorgonia.Nodes{y}, gorgonia.Nodes{dy}, wanted)
		if err != nil {
			if g.failure == nil {
				g.failure = fmt.Errorf("differentiate recomputed block: %w", err)
			}
			return make(gorgonia.Nodes, 1+len(in)+len(weights))
		}
		grads := make(gorgonia.Nodes, 1+len(in)+len(weights))
		for i, x := range append(again, weights...) {
			if g.wanted[x] {
				grads[1+i], some = g.sums.of(x, some[0]), some[1:]
			}
		}
		return grads
	}
	return g.matrixOp(f, y.Shape()[1], append(append(gorgonia.Nodes{y}, in...), weights...)...)
}

// detach returns nodes with the values of in. To gorgonia they do not depend on anything.
func (g *Graph) detach(in gorgonia.Nodes) gorgonia.Nodes {
	out := make(gorgonia.Nodes, len(in))
	for i, x := range in {
		f := g.alias("detach")
		f.nonDiffInputs = 1
		f.backward = func(*gorgonia.Node) gorgonia.Nodes { return gorgonia.Nodes{nil} }
		out[i] = g.matrixOp(f, x.Shape()[1], x)
		g.wanted[out[i]] = g.wanted[x]
	}
	return out
}

// alias is an operation whose value is that of its first input.
func (g *Graph) alias(name string) *fused {
	f := &fused{name: name}
	f.forward = func(in []gorgonia.Value, _ func(int, int) Matrix) (gorgonia.Value, error) {
		x := view(in[0]).dense
		g.pool.retain(x, f.users)
		return x, nil
	}
	return f
}

// readsOutside returns a matrix that the operations of a block read though it is neither one of in nor of theirs nor a
// parameter, or nil.
func (g *Graph) readsOutside(ops []*fused, in gorgonia.Nodes) *gorgonia.Node {
	inside := make(map[*gorgonia.Node]bool)
	for _, n := range in {
		inside[n] = true
	}
	for _, f := range ops {
		for _, n := range f.in {
			if !g.isParam[n] && !inside[n] {
				return n
			}
		}
		inside[f.node] = true
	}
	return nil
}

// trainedRead returns the nodes of the trained parameters that the operations read, each once.
func (g *Graph) trainedRead(ops []*fused) gorgonia.Nodes {
	var read gorgonia.Nodes
	for _, f := range ops {
		for _, n := range f.in {
			if g.isParam[n] && g.wanted[n] && !read.Contains(n) {
				read = append(read, n)
			}
		}
	}
	return read
}
