package op

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"t5train/model/kernel"
)

// sums adds up the gradients of the values that several operations read. gorgonia would do it with an operation of its
// own, which keeps every term and every sum until the next run; these come from the pool and go when they are read.
//
// gorgonia asks the producer of a value for its gradient only after all readers of the value: a reader adds its term to
// the sum and gives gorgonia a scalar in its place, and the producer takes the sum.
type sums struct {
	readers    map[*gorgonia.Node]int            // differentiable ones
	partial    map[*gorgonia.Node]*gorgonia.Node // sum of the gradients so far, where there is more than one reader
	zeroScalar *gorgonia.Node                    // the scalar that gorgonia gets
}

func newSums(expr *gorgonia.ExprGraph) sums {
	return sums{
		readers:    make(map[*gorgonia.Node]int),
		partial:    make(map[*gorgonia.Node]*gorgonia.Node),
		zeroScalar: gorgonia.NewScalar(expr, tensor.Float32, gorgonia.WithName("zero"), gorgonia.WithValue(float32(0))),
	}
}

// add takes one reader's gradient dx of x and returns what gorgonia gets.
func (s sums) add(g *Graph, x, dx *gorgonia.Node) *gorgonia.Node {
	if s.readers[x] < 2 {
		return dx
	}
	if before, ok := s.partial[x]; ok {
		dx = g.sum(before, dx)
	}
	s.partial[x] = dx
	return s.zeroScalar
}

// of returns the gradient of x where gorgonia has dx for it.
func (s sums) of(x, dx *gorgonia.Node) *gorgonia.Node {
	if sum, ok := s.partial[x]; ok {
		return sum
	}
	return dx
}

// sum returns a + b.
func (g *Graph) sum(a, b *gorgonia.Node) *gorgonia.Node {
	f := &fused{name: "sum"}
	f.forward = func(in []gorgonia.Value, out func(int, int) Matrix) (gorgonia.Value, error) {
		x := view(in[0])
		y := out(x.Rows, x.Cols)
		copy(y.Data, x.Data)
		kernel.Add(g.workers, y.Data, view(in[1]).Data)
		return y.dense, nil
	}
	return g.matrixOp(f, a.Shape()[1], a, b)
}
