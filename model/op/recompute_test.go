package op

import (
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"

	"t5train/model/kernel"
)

// sublayers is two blocks in a row that read a value from outside and share nothing else: norm, two products, dropout
// and a residual each.
func sublayers(rows *Ragged, recompute bool) builder {
	const d, inner = 10, 16
	table, other := randomParam("table", 1, 11, d), randomParam("other", 1, 11, d)
	type layer struct{ norm, in, out, mix *Param }
	var layers []layer
	for _, name := range []string{"a", "bb"} {
		layers = append(layers, layer{
			randomParam(name+".norm", 1, d), randomParam(name+".in", 0.5, inner, d),
			randomParam(name+".out", 0.5, d, inner), randomParam(name+".mix", 0.5, d, d),
		})
	}
	return func(g *Graph) *gorgonia.Node {
		memory := g.Embed(other, rows)
		g.options.Dropout = 0.1
		x := g.Embed(table, rows)
		for _, l := range layers {
			g.options.Recompute = recompute
			x = g.Block([]*gorgonia.Node{x, nil, memory}, func(in []*gorgonia.Node) *gorgonia.Node {
				y := g.AddLinear(in[0], g.Activate(g.RMSNorm(in[0], l.norm, 1e-6), kernel.GELU, l.in), l.out)
				return g.linear(in[2], []*Param{l.mix}, fusedInto{residual: y})
			})
		}
		return dot(g, g.Dropout(x))
	}
}

func TestRecomputedGradients(t *testing.T) {
	checkGradients(t, train, sublayers(ragged(5, 1, 7), true))
}

// A block must not lose the gradient of what it reads past its argument, nor may one that does not read its argument
// end the process.
func TestRecomputeRefuses(t *testing.T) {
	table := randomParam("table", 1, 11, 10)
	for name, c := range map[string]struct {
		block func(g *Graph, x, in *gorgonia.Node) *gorgonia.Node
		want  string
	}{
		"a matrix from outside": {func(g *Graph, x, in *gorgonia.Node) *gorgonia.Node { return g.sum(in, x) },
			"recomputed block reads embed#"},
		"a block that ignores its argument": {func(g *Graph, _, _ *gorgonia.Node) *gorgonia.Node {
			return g.Embed(table, ragged(5, 1, 7))
		}, "differentiate recomputed block"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewGraph(kernel.NewWorkers(1), GraphOptions{})
			x := g.Embed(table, ragged(5, 1, 7))
			y := g.recompute(gorgonia.Nodes{x}, func(in gorgonia.Nodes) *gorgonia.Node { return c.block(g, x, in[0]) })
			// x has another reader, whose gradient waits for that of the block.
			_, err := g.Compile(dot(g, g.AddLinear(x, y, randomParam("w", 1, 10, 10))))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestRecomputeKeepsBitsAndSavesMemory(t *testing.T) {
	run := func(rows *Ragged, recompute bool) (grads []float32, memory int) {
		g := NewGraph(kernel.NewWorkers(2), GraphOptions{})
		program, err := g.Compile(sublayers(rows, recompute)(g))
		if err != nil {
			t.Fatal(err)
		}
		defer program.Close()
		if err := program.Run(train); err != nil {
			t.Fatal(err)
		}
		for _, p := range g.params {
			grads = append(grads, p.Grad()...)
		}
		return grads, program.Memory()
	}
	rows := ragged(20000, 1, 30000)
	kept, much := run(rows, false)
	again, less := run(rows, true)
	if !slices.Equal(kept, again) {
		t.Error("the gradients differ")
	}
	if less >= much*9/10 {
		t.Errorf("%d bytes with recomputation and %d without", less, much)
	}
}
