package optim

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"t5train/model/kernel"
)

// BenchmarkStep is a step of t5-small: an embedding that no cache holds, and matrices that one does.
func BenchmarkStep(b *testing.B) {
	var params []Param
	add := func(n int, shape ...int) {
		for range n {
			size := elements(shape)
			params = append(params, Param{Name: fmt.Sprint(len(params)), Shape: shape, Value: make([]float32, size),
				Grad: make([]float32, size)})
		}
	}
	add(1, 32128, 512)
	add(72, 512, 512)
	add(12, 2048, 512)
	add(12, 512, 2048)
	add(32, 512)
	r := rand.New(rand.NewPCG(1, 1))
	for _, p := range params {
		for i := range p.Value {
			p.Value[i], p.Grad[i] = r.Float32()-0.5, r.Float32()-0.5
		}
	}
	for _, path := range kernel.ISAs() {
		w := kernel.NewWorkersOn(path, 0)
		for _, c := range optimizers {
			b.Run(fmt.Sprintf("%s/%s", c.name, path), func(b *testing.B) {
				o := must(c.make(params, w))
				step := func() {
					if err := o.Step(1e-3, params); err != nil {
						b.Fatal(err)
					}
				}
				step() // touches the state for the first time
				for b.Loop() {
					step()
				}
			})
		}
		b.Run("norm/"+path, func(b *testing.B) {
			for b.Loop() {
				GlobalNorm(params, w)
			}
		})
	}
}
