package op

import (
	"math"
	"slices"
	"testing"

	"gorgonia.org/gorgonia"

	"t5train/model/kernel"
)

// What is kept in bfloat16 for the backward pass changes no bit of a gradient: products round it in any case.
func TestHalvesKeepBits(t *testing.T) {
	cases := gradientCases()
	rows := ragged(7, 1, 90, 33)
	cases["layers"] = sublayers(rows, false)
	table, in, out := randomParam("table", 1, 11, 10), randomParam("in", 0.5, 40, 10), randomParam("out", 0.5, 10, 40)
	cases["feed-forward"] = func(g *Graph) *gorgonia.Node {
		g.options.Dropout = 0.1
		x := g.Embed(table, rows)
		return dot(g, g.AddLinear(x, g.Activate(x, kernel.ReLU, in), out))
	}
	cases["layers/recompute"] = sublayers(rows, true)
	for name, build := range cases {
		t.Run(name, func(t *testing.T) {
			for _, isa := range kernel.ISAs() {
				var bits [2][]uint32
				for i, halves := range []bool{false, true} {
					g := NewGraph(kernel.NewWorkersOn(isa, 2).In(kernel.BFloat16), GraphOptions{})
					if !halves {
						g.halves = nil
					}
					program, err := g.Compile(build(g))
					if err != nil {
						t.Fatal(err)
					}
					defer program.Close()
					for _, p := range g.params {
						p.ZeroGrad()
					}
					for range 2 {
						if err := program.Run(train); err != nil {
							t.Fatal(err)
						}
					}
					for _, p := range g.params {
						for _, x := range p.Grad() {
							bits[i] = append(bits[i], math.Float32bits(x))
						}
					}
				}
				if !slices.Equal(bits[0], bits[1]) {
					t.Errorf("%s: the gradients have other bits", isa)
				}
			}
		})
	}
}
