package op

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"

	"t5train/model/kernel"
	"t5train/model/kernel/xent"
)

// builder makes a graph that ends in a scalar; dot closes one over a matrix.
type builder func(g *Graph) *gorgonia.Node

// dot is a loss for tests: the sum of y times fixed coefficients, so that every element of y has a gradient
// of its own.
func dot(g *Graph, y *gorgonia.Node) *gorgonia.Node {
	f := &fused{name: "dot"}
	coefficient := func(i int) float32 { return float32(math.Sin(float64(3*i + 1))) }
	f.forward = func(in []gorgonia.Value, _ func(int, int) Matrix) (gorgonia.Value, error) {
		var sum float64
		for i, v := range view(in[0]).Data {
			sum += float64(v) * float64(coefficient(i))
		}
		return gorgonia.NewF32(float32(sum)), nil
	}
	f.backward = func(dy *gorgonia.Node) gorgonia.Nodes {
		b := &fused{name: "dot.dX"}
		b.forward = func(in []gorgonia.Value, out func(int, int) Matrix) (gorgonia.Value, error) {
			v := view(in[1])
			dx := out(v.Rows, v.Cols)
			for i := range dx.Data {
				dx.Data[i] = coefficient(i)
			}
			return dx.dense, nil
		}
		return gorgonia.Nodes{g.matrixOp(b, y.Shape()[1], dy, y)}
	}
	return g.scalarOp(f, y)
}

func randomParam(name string, scale float64, shape ...int) *Param {
	p := NewParam(name, shape...)
	r := rand.New(rand.NewPCG(uint64(len(name)*1000+len(p.Value)), 7))
	for i := range p.Value {
		p.Value[i] = float32(r.NormFloat64() * scale)
	}
	return p
}

func ragged(lengths ...int) *Ragged {
	r := &Ragged{Offsets: []int32{0}}
	for _, n := range lengths {
		for range n {
			r.IDs = append(r.IDs, int32((len(r.IDs)*5+1)%11))
		}
		r.Offsets = append(r.Offsets, int32(len(r.IDs)))
	}
	return r
}

// checkGradients compares the gradient of every parameter with central differences of the loss.
func checkGradients(t *testing.T, pass Pass, build builder) {
	t.Helper()
	w := kernel.NewWorkers(2)
	g := NewGraph(w, GraphOptions{})
	loss := build(g)
	program, err := g.Compile(loss)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	// The value of a node is gone after a run, so a forward graph reads the loss.
	var value float64
	f := NewGraph(w, GraphOptions{})
	probe := &fused{name: "probe"}
	probe.forward = func(in []gorgonia.Value, _ func(int, int) Matrix) (gorgonia.Value, error) {
		value = float64(in[0].Data().(float32))
		return in[0], nil
	}
	f.scalarOp(probe, build(f))
	forward, err := f.CompileForward()
	if err != nil {
		t.Fatal(err)
	}
	defer forward.Close()
	evaluate := func() float64 {
		if err := forward.Run(pass); err != nil {
			t.Fatal(err)
		}
		return value
	}
	for _, p := range g.params {
		p.ZeroGrad()
	}
	if err := program.Run(pass); err != nil {
		t.Fatal(err)
	}
	const h = 1e-2
	for _, p := range trainedParams(g) {
		var worst, size float64
		for i, v := range p.Value {
			p.Value[i] = v + h
			up := evaluate()
			p.Value[i] = v - h
			down := evaluate()
			p.Value[i] = v
			numeric := (up - down) / (2 * h)
			worst = max(worst, math.Abs(numeric-float64(p.Grad()[i])))
			size = max(size, math.Abs(numeric))
		}
		if size == 0 {
			t.Errorf("%s: the loss does not depend on it", p.Name)
		}
		if worst > 4e-3*size {
			t.Errorf("%s: gradient is off by %.2g of %.2g", p.Name, worst, size)
		}
	}
	// A second batch adds to the gradient.
	before := make(map[*Param][]float32)
	for _, p := range trainedParams(g) {
		before[p] = append([]float32(nil), p.Grad()...)
	}
	if err := program.Run(pass); err != nil {
		t.Fatal(err)
	}
	for p := range before {
		for i, v := range p.Grad() {
			if math.Abs(float64(v-2*before[p][i])) > 1e-5*math.Abs(float64(v))+1e-6 {
				t.Fatalf("%s: element %d is %g after two runs and %g after one", p.Name, i, v, before[p][i])
			}
		}
	}
}

func trainedParams(g *Graph) []*Param {
	return slices.DeleteFunc(slices.Clone(g.params), func(p *Param) bool { return p.Frozen })
}

var train = Pass{Train: true, Seed: 99, Number: 3, GradScale: 1}

func TestGradients(t *testing.T) {
	for name, build := range gradientCases() {
		t.Run(name, func(t *testing.T) { checkGradients(t, train, build) })
	}
}

// A gradient in bfloat16 differs from that in float32, which differences confirm, by what the rounding of operands
// makes: each has a relative error of 2⁻⁹ at most, and no gradient here has more than 6 products one after the other,
// so 12 operands. The scores of attention are exponents, where a relative error counts as often as the score is large:
// 2 here. The norm of the difference is held to the sum of that. Without products nothing is rounded.
func TestGradientsInBFloat16(t *testing.T) {
	const bound = 2 * 12.0 / 512
	for name, build := range gradientCases() {
		t.Run(name, func(t *testing.T) {
			var grads [][][]float32
			for _, w := range []*kernel.Workers{kernel.NewWorkers(1), kernel.NewWorkers(1).In(kernel.BFloat16),
				kernel.NewWorkers(3).In(kernel.BFloat16)} {
				g := NewGraph(w, GraphOptions{})
				program, err := g.Compile(build(g))
				if err != nil {
					t.Fatal(err)
				}
				defer program.Close()
				var of [][]float32
				for _, p := range g.params {
					p.ZeroGrad()
				}
				if err := program.Run(train); err != nil {
					t.Fatal(err)
				}
				for _, p := range g.params {
					of = append(of, slices.Clone(p.Grad()))
				}
				grads = append(grads, of)
			}
			rounded := false
			for i, want := range grads[0] {
				got := grads[1][i]
				var diff, size float64
				for j, v := range want {
					diff, size = math.Hypot(diff, float64(got[j]-v)), math.Hypot(size, float64(v))
				}
				if !(diff <= bound*size) {
					t.Errorf("gradient %d: error %.2g, bound %.2g", i, diff/size, bound)
				}
				if !slices.Equal(got, grads[2][i]) {
					t.Errorf("gradient %d: one and three threads give different bits", i)
				}
				rounded = rounded || diff > 0
			}
			kind, _, _ := strings.Cut(name, "/")
			products := !slices.Contains([]string{"embed", "dropout", "rms_norm", "activate", "activate_gated"}, kind)
			if rounded != products {
				t.Errorf("rounded: %v, want %v", rounded, products)
			}
		})
	}
}

// gradientCases are all operations.
func gradientCases() map[string]builder {
	const vocab, d, inner = 11, 10, 12
	cases := map[string]builder{}
	table := func() *Param { return randomParam("table", 1, vocab, d) }
	tokens := ragged(5, 1, 7)
	// with returns what add adds to g with a rate of dropout of its own.
	with := func(g *Graph, rate float32, add func() *gorgonia.Node) *gorgonia.Node {
		g.options.Dropout = rate
		defer func() { g.options.Dropout = 0 }()
		return add()
	}
	embed := func(g *Graph, p *Param) *gorgonia.Node { return g.Embed(p, tokens) }

	for _, rate := range []float32{0, 0.3} {
		p := table()
		cases[fmt.Sprintf("embed/dropout=%g", rate)] = func(g *Graph) *gorgonia.Node {
			return dot(g, with(g, rate, func() *gorgonia.Node { return embed(g, p) }))
		}
	}
	{
		p := table()
		cases["dropout"] = func(g *Graph) *gorgonia.Node {
			x := embed(g, p)
			return dot(g, with(g, 0.4, func() *gorgonia.Node { return g.Dropout(x) }))
		}
	}
	{
		p, w := table(), randomParam("norm", 1, d)
		cases["rms_norm"] = func(g *Graph) *gorgonia.Node { return dot(g, g.RMSNorm(embed(g, p), w, 1e-6)) }
	}
	for _, rate := range []float32{0, 0.25} {
		for _, relu := range []bool{false, true} {
			p, w1, w2 := table(), randomParam("w1", 1, 4, d), randomParam("w22", 1, 3, d)
			if relu {
				// A difference has no meaning across the kink: positive inputs and weights of one sign a row
				// keep every product away from it, on both sides.
				for i, v := range p.Value {
					p.Value[i] = 0.5 + float32(math.Abs(float64(v)))
				}
				for i, v := range w1.Value {
					w1.Value[i] = float32(math.Copysign(float64(v), float64(i/d%2)-0.5))
				}
			}
			cases[fmt.Sprintf("linear/relu=%v/dropout=%g", relu, rate)] = func(g *Graph) *gorgonia.Node {
				return dot(g, g.linear(embed(g, p), []*Param{w1, w2}, fusedInto{relu: relu, dropout: rate}))
			}
		}
		p, w := table(), randomParam("square", 1, d, d)
		cases[fmt.Sprintf("linear/residual/dropout=%g", rate)] = func(g *Graph) *gorgonia.Node {
			x := embed(g, p)
			return dot(g, g.linear(x, []*Param{w}, fusedInto{residual: x, dropout: rate}))
		}
	}
	for _, a := range []kernel.Activation{kernel.GELU, kernel.GELUErf, kernel.SiLU} {
		p := table()
		cases["activate/"+a.String()] = func(g *Graph) *gorgonia.Node {
			x := embed(g, p)
			return dot(g, with(g, 0.2, func() *gorgonia.Node { return g.activate(x, a) }))
		}
		q := table()
		cases["activate_gated/"+a.String()] = func(g *Graph) *gorgonia.Node {
			x := embed(g, q)
			return dot(g, with(g, 0.2, func() *gorgonia.Node { return g.activateGated(x, a) }))
		}
	}
	buckets := Buckets{Count: 8, MaxDistance: 12}
	for _, causal := range []bool{false, true} {
		for _, rate := range []float32{0, 0.3} {
			p, bias := table(), randomParam("bias", 1, 8, 3)
			wq, wk, wv := randomParam("q", 0.5, inner, d), randomParam("kk", 0.5, inner, d), randomParam("vvv", 0.5,
				inner, d)
			both := buckets
			both.Bidirectional = !causal
			cases[fmt.Sprintf("self_attention/causal=%v/dropout=%g", causal, rate)] = func(g *Graph) *gorgonia.Node {
				qkv := g.Linear(embed(g, p), wq, wk, wv)
				return dot(g, with(g, rate, func() *gorgonia.Node {
					return g.SelfAttention(qkv, g.RelativeBias(bias, both, tokens),
						Heads{Count: 3, Dim: 4, Causal: causal}, tokens)
				}))
			}
		}
	}
	for _, mask := range []bool{false, true} {
		p := table()
		wq, wk, wv := randomParam("q", 0.5, inner, d), randomParam("kk", 0.5, inner, d), randomParam("vvv", 0.5, inner,
			d)
		keys := ragged(4, 9, 2)
		if mask { // among others all keys of the last sequence
			keys.Masked = []bool{true, false, false, true, false, false, true, false, false, false, false, false, true,
				true, true}
		}
		cases[fmt.Sprintf("cross_attention/masked=%v", mask)] = func(g *Graph) *gorgonia.Node {
			q := g.Linear(embed(g, p), wq)
			kv := g.Linear(g.Embed(p, keys), wk, wv)
			return dot(g, with(g, 0.2, func() *gorgonia.Node {
				return g.CrossAttention(q, kv, Heads{Count: 3, Dim: 4}, tokens, keys)
			}))
		}
	}
	labels := &Ragged{IDs: append([]int32(nil), tokens.IDs...), Offsets: tokens.Offsets}
	labels.IDs[2], labels.IDs[9] = kernel.IgnoreLabel, kernel.IgnoreLabel
	for name, o := range map[string]LossOptions{
		"plain":           {},
		"scaled":          {Scale: 0.3},
		"z_loss":          {ZLoss: 0.1},
		"label_smoothing": {LabelSmoothing: 0.2, ZLoss: 0.01},
		"soft":            {Soft: softTargets(len(labels.IDs), vocab, 3, 2, 0.7), ZLoss: 0.01},
		"soft alone":      {Soft: softTargets(len(labels.IDs), vocab, vocab, 0.5, 1)},
	} {
		p, head := table(), randomParam("head", 0.5, vocab, d)
		cases["cross_entropy/"+name] = func(g *Graph) *gorgonia.Node {
			return g.CrossEntropy(embed(g, p), head, labels, o, new(kernel.Totals))
		}
		q := table()
		cases["cross_entropy/tied/"+name] = func(g *Graph) *gorgonia.Node {
			return g.CrossEntropy(embed(g, q), q, labels, o, new(kernel.Totals))
		}
	}
	for name, vectors := range map[string][][]float32{
		"all":       {{1, -2, 0.5}, {0.3, 0.1, 0.7}, {-1, 0, 2}},
		"one":       {nil, {0.3, -0.1, 0.7, 1, 2, 3, 4, 5, 6, 7}, nil},
		"no length": {{0, 0, 0}, {1, 1, 1}, nil},
		"none":      nil,
	} {
		p, head, norm := table(), randomParam("head", 0.5, vocab, d), randomParam("norm", 1, d)
		cases["vector_loss/"+name] = func(g *Graph) *gorgonia.Node {
			h := g.RMSNorm(embed(g, p), norm, 1e-6) // which the cross-entropy reads too
			var totals kernel.Totals
			ce := g.CrossEntropy(h, head, labels, LossOptions{}, &totals)
			loss := g.VectorLoss(ce, h, tokens, MeanOfRows, &vectors, 3, &totals)
			return g.VectorLoss(loss, h, tokens, FirstRow, &vectors, 2, &totals)
		}
	}
	return cases
}

// softTargets returns random targets with k probabilities of their own in each place.
func softTargets(labels, vocab, k int, temperature, weight float32) *xent.Soft {
	r := rand.New(rand.NewPCG(5, 6))
	s := &xent.Soft{K: k, Temperature: temperature, Weight: weight}
	for range labels {
		p, sum := make([]float32, k+1), float32(0)
		for i := range p[:min(k+1, vocab)] { // without others where all have their own
			p[i] = 0.1 + r.Float32()
			sum += p[i]
		}
		for i, id := range r.Perm(vocab)[:k] {
			s.IDs, s.Probabilities = append(s.IDs, int32(id)), append(s.Probabilities, p[i]/sum)
		}
		s.Probabilities = append(s.Probabilities, p[k]/sum)
	}
	return s
}
