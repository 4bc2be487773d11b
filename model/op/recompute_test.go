package op

import (
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"

	"t5train/model/kernel"
)

// sublayers is two blocks in a row that read a value from outside and share nothing else: norm, two products, dropout and
// a residual each.
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
		ids := g.Input("ids", rows)
		x, memory := g.Embed(g.Param(table), ids, 0.1), g.Embed(g.Param(other), ids, 0)
		for _, l := range layers {
			block := func(in gorgonia.Nodes) *gorgonia.Node {
				h := g.Linear(g.RMSNorm(in[0], g.Param(l.norm), 1e-6), []*gorgonia.Node{g.Param(l.in)}, LinearOptions{})
				h = g.Activate(h, kernel.GELU, 0.2)
				y := g.Linear(h, []*gorgonia.Node{g.Param(l.out)}, LinearOptions{Dropout: 0.3, Residual: in[0]})
				return g.Linear(in[1], []*gorgonia.Node{g.Param(l.mix)}, LinearOptions{Residual: y})
			}
			if in := (gorgonia.Nodes{x, memory}); recompute {
				x = g.Recompute(in, block)
			} else {
				x = block(in)
			}
		}
		return dot(g, g.Dropout(x, 0.2))
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
			return g.Embed(g.Param(table), g.Input("more", ragged(5, 1, 7)), 0)
		}, "differentiate recomputed block"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewGraph(kernel.NewWorkers(1))
			x := g.Embed(g.Param(table), g.Input("ids", ragged(5, 1, 7)), 0)
			y := g.Recompute(gorgonia.Nodes{x}, func(in gorgonia.Nodes) *gorgonia.Node { return c.block(g, x, in[0]) })
			// x has another reader, whose gradient waits for that of the block.
			_, err := g.Compile(dot(g, g.Linear(y, []*gorgonia.Node{g.Param(randomParam("w", 1, 10, 10))}, LinearOptions{Residual: x})))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestRecomputeKeepsBitsAndSavesMemory(t *testing.T) {
	run := func(rows *Ragged, recompute bool) (grads []float32, memory int) {
		g := NewGraph(kernel.NewWorkers(2))
		program, err := g.Compile(sublayers(rows, recompute)(g))
		if err != nil {
			t.Fatal(err)
		}
		defer program.Close()
		if err := program.Run(train); err != nil {
			t.Fatal(err)
		}
		for _, p := range g.order {
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
