package bench

import (
	"context"

	"t5train/model"
	"t5train/model/generate"
	"t5train/model/kernel"
)

// Generate measures the generation of Decoder tokens from each of Batch inputs, greedy or by beam search; no sequence
// ends early.
func Generate(ctx context.Context, o Options) (*Result, error) {
	weight := 4.0 // bytes
	build := newBenchModel
	switch o.DType {
	case "int8":
		weight = 1
		build = func(c model.Config) (*model.T5, error) { return model.NewInt8(c, 1) }
	case kernel.BFloat16.String():
		weight = 2
		build = func(c model.Config) (*model.T5, error) { return model.NewBFloat16(c, 1) }
	}
	if err := o.checkMemory(weight*float64(o.Model.Parameters()) + o.cacheBytes()); err != nil {
		return nil, err
	}
	w := kernel.NewWorkers(o.Threads)
	m, err := build(o.Model)
	if err != nil {
		return nil, err
	}
	g := generate.New(m, w)
	b := randomBatch(o)
	inputs := make([][]int32, o.Batch)
	for i := range inputs {
		inputs[i] = b.Inputs.At(i)
	}
	return measure(ctx, o, w, func(int) (int, error) {
		_, err := g.Generate(ctx, inputs, generate.Options{MaxTokens: o.Decoder, MinTokens: o.Decoder, Beams: o.Beams})
		return o.Batch * o.Decoder, err
	})
}
