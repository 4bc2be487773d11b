package op

import (
	"gorgonia.org/gorgonia"

	"t5train/model/kernel"
)

// LowRank is an adapter beside a linear layer (LoRA: Hu et al. 2021, Low-Rank Adaptation of Large Language Models): to
// x·wᵀ it adds Scale * drop(x)·Aᵀ·Bᵀ.
type LowRank struct {
	A       *Param // [rank, in]
	B       *Param // [out, rank]
	Scale   float32
	Dropout float32 // of x, in training
}

// add adds to the columns of y that begin at column. low is memory that it may use; it returns that for the next call.
func (l *LowRank) add(w *kernel.Workers, y Matrix, column int, x Matrix, low []float32) []float32 {
	rank, out := l.A.Shape[0], l.B.Shape[0]
	low = resize(low, x.Rows*rank)
	kernel.Gemm(w, false, true, x.Rows, rank, x.Cols, x.Data, x.Cols, l.A.Value, x.Cols, false, low, rank)
	scaleBy(low, l.Scale)
	kernel.Gemm(w, false, true, x.Rows, out, rank, low, rank, l.B.Value, rank, true, y.Data[column:], y.Cols)
	return low
}

// AddTo adds Scale * B·A to a weight [out, in].
func (l *LowRank) AddTo(w *kernel.Workers, weight []float32) {
	rank, in := l.A.Shape[0], l.A.Shape[1]
	b := append([]float32(nil), l.B.Value...)
	scaleBy(b, l.Scale)
	kernel.Gemm(w, false, false, l.B.Shape[0], in, rank, b, rank, l.A.Value, in, true, weight, in)
}

func scaleBy(x []float32, factor float32) {
	for i := range x {
		x[i] *= factor
	}
}

// adapter is a LowRank in a graph, beside one of the weights of a linear operation.
type adapter struct {
	*LowRank
	down   *gorgonia.Node // drop(x)·Aᵀ [tokens, rank]
	drop   func() kernel.Dropout
	column int       // of the output, where those of the weight begin
	width  int       // of the output
	scaled []float32 // Scale * down
}

// adapters returns those of the weights of a linear operation on x.
func (g *Graph) adapters(x *gorgonia.Node, params []*Param) []*adapter {
	var all []*adapter
	column := 0
	for _, p := range params {
		if p.LoRA != nil {
			a := &adapter{LowRank: p.LoRA, column: column, drop: func() kernel.Dropout { return kernel.Dropout{} }}
			if a.Dropout > 0 { // else the dropouts of the model have the masks that they have without adapters
				a.drop = g.dropout(a.Dropout)
			}
			a.addDown(g, x)
			all = append(all, a)
		}
		column += p.Shape[0]
	}
	for _, a := range all {
		a.width = column
	}
	return all
}

// addDown adds the operation drop(x)·Aᵀ. That of the weight has the whole gradient of x, so that it is one sum.
func (a *adapter) addDown(g *Graph, x *gorgonia.Node) {
	rank, d := a.A.Shape[0], a.A.Shape[1]
	dropped := func(x Matrix) []float32 { // valid until the next call
		p := a.drop()
		if p.Off() {
			return x.Data
		}
		g.scratch = resize(g.scratch, len(x.Data))
		p.Rows(g.workers, g.scratch, x.Data, x.Rows, d)
		return g.scratch
	}
	f := &fused{name: "low_rank", nonDiffInputs: 1}
	f.forward = func(in []gorgonia.Value, out func(int, int) Matrix) (gorgonia.Value, error) {
		v := view(in[0])
		y := out(v.Rows, rank)
		kernel.Gemm(g.workers, false, true, v.Rows, rank, d, dropped(v), d, a.A.Value, d, false, y.Data, rank)
		return y.dense, nil
	}
	f.backward = func(dDown *gorgonia.Node) gorgonia.Nodes {
		return gorgonia.Nodes{nil, g.gradNode("low_rank.dA", a.A, func(in []gorgonia.Value) error {
			v := view(in[1])
			grad, accumulate := a.A.sink()
			kernel.Gemm(g.workers, true, false, rank, d, v.Rows, view(in[0]).Data, rank, dropped(v), d, accumulate,
				grad, d)
			return nil
		}, dDown, x)}
	}
	a.down = g.matrixOp(f, rank, x, g.Param(a.A))
}

// up adds Scale * down·Bᵀ to its columns of y.
func (a *adapter) up(g *Graph, y, down Matrix) {
	out, rank := a.B.Shape[0], a.B.Shape[1]
	kernel.Gemm(g.workers, false, true, y.Rows, out, rank, a.scale(down), rank, a.B.Value, rank, true,
		y.Data[a.column:], a.width)
}

func (a *adapter) scale(down Matrix) []float32 {
	a.scaled = append(a.scaled[:0], down.Data...)
	scaleBy(a.scaled, a.Scale)
	return a.scaled
}

// dDown returns the gradient of down, given that of the output [tokens, width].
func (a *adapter) dDown(g *Graph, dy *gorgonia.Node) *gorgonia.Node {
	out, rank := a.B.Shape[0], a.B.Shape[1]
	f := &fused{name: "low_rank.dDown"}
	f.forward = func(in []gorgonia.Value, allocate func(int, int) Matrix) (gorgonia.Value, error) {
		d := view(in[0])
		y := allocate(d.Rows, rank)
		kernel.Gemm(g.workers, false, false, d.Rows, rank, out, d.Data[a.column:], a.width, a.B.Value, rank, false,
			y.Data, rank)
		scaleBy(y.Data, a.Scale)
		return y.dense, nil
	}
	return g.matrixOp(f, rank, dy)
}

// dB adds to the gradient of B, given that of the output.
func (a *adapter) dB(g *Graph, dy *gorgonia.Node) *gorgonia.Node {
	out, rank := a.B.Shape[0], a.B.Shape[1]
	return g.gradNode("low_rank.dB", a.B, func(in []gorgonia.Value) error {
		d := view(in[0])
		grad, accumulate := a.B.sink()
		kernel.Gemm(g.workers, true, false, out, rank, d.Rows, d.Data[a.column:], a.width, a.scale(view(in[1])), rank,
			accumulate, grad, rank)
		return nil
	}, dy, a.down)
}

// addDX adds the gradient of x that goes through down to dx [tokens, in].
func (a *adapter) addDX(g *Graph, dx, dDown Matrix) {
	rank, d := a.A.Shape[0], a.A.Shape[1]
	p := a.drop()
	if p.Off() {
		kernel.Gemm(g.workers, false, false, dx.Rows, d, rank, dDown.Data, rank, a.A.Value, d, true, dx.Data, d)
		return
	}
	g.scratch = resize(g.scratch, len(dx.Data))
	kernel.Gemm(g.workers, false, false, dx.Rows, d, rank, dDown.Data, rank, a.A.Value, d, false, g.scratch, d)
	p.Rows(g.workers, g.scratch, g.scratch, dx.Rows, d)
	kernel.Add(g.workers, dx.Data, g.scratch)
}

// Adapter is adapters beside the linear layers of a model, by their weights. Where rows of a Ragged have one, it stands
// in place of what the parameters have: so a model that nothing changes has many. It may be shared by several Eagers.
type Adapter map[*Param]*LowRank

// adapt adds what the adapters of the rows of x do to x·wᵀ, side by side for each weight. Rows that follow each other
// and have the same adapter are computed together.
func (t *temporaries) adapt(y, x Matrix, weights []*Param) {
	for first, end := 0, 0; first < x.Rows; first = end {
		for end = first + 1; end < x.Rows && x.adapters[end] == x.adapters[first]; end++ {
		}
		column := 0
		for _, w := range weights {
			if a := x.adapters[first]; a != nil && (*a)[w] != nil {
				t.low = (*a)[w].add(t.workers, y.Slice(first, end), column, x.Slice(first, end), t.low)
			}
			column += w.Shape[0]
		}
	}
}

// Repeat returns an adapter for each of n tokens, behind those of others that are there.
func Repeat(to []*Adapter, a *Adapter, n int) []*Adapter {
	for range n {
		to = append(to, a)
	}
	return to
}

// AdapterOf returns the adapter of a row, nil if the rows have none of their own.
func (m Matrix) AdapterOf(row int32) *Adapter {
	if m.adapters == nil {
		return nil
	}
	return m.adapters[row]
}

// HasAdapters reports whether rows have adapters of their own.
func (m Matrix) HasAdapters() bool { return m.adapters != nil }
