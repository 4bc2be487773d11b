package trainer

import (
	"context"
	"errors"

	"t5train/configs"
	"t5train/data"
	"t5train/model/kernel"
)

// Example is one example of a run, as the model sees it.
type Example struct {
	Batch    int     `json:"batch"` // number of its batch, from 0
	InputIDs []int32 `json:"input_ids"`
	Labels   []int32 `json:"labels"`
	Inputs   string  `json:"inputs"` // the ids as text, with sentinels
	Targets  string  `json:"targets"`
}

// TrainExamples calls yield for each example of the first batches of a run, in order: what training with the
// configuration reads, on any machine. It ends early if yield or ctx does.
func TrainExamples(ctx context.Context, config *configs.Config, batches int, console *Console, yield func(Example) error) error {
	return withMaterial(ctx, config, console, func(c *configs.Config, b *Bundle, m *material) error {
		all, err := trainBatches(c, m)
		if err != nil {
			return err
		}
		var batch data.Batch
		position := int64(0)
		for n := range batches {
			if err := ctx.Err(); err != nil {
				return err
			}
			position = all.Read(position, &batch)
			if err := eachExample(b, n, &batch, yield); err != nil {
				return err
			}
		}
		return nil
	})
}

// HeldOutExamples calls yield for each example that an evaluation of a run reads, in order.
func HeldOutExamples(ctx context.Context, config *configs.Config, console *Console, yield func(Example) error) error {
	return withMaterial(ctx, config, console, func(c *configs.Config, b *Bundle, m *material) error {
		if m.heldOut == nil {
			return errors.New("show held-out examples: there are none: set data.validation")
		}
		number := 0
		return m.heldOut.eachBatch(ctx, func(batch *data.Batch) error {
			err := eachExample(b, number, batch, yield)
			number++
			return err
		})
	})
}

// withMaterial calls f with the model and the material of a run that does not begin.
func withMaterial(ctx context.Context, config *configs.Config, console *Console, f func(*configs.Config, *Bundle, *material) error) error {
	c, err := resolved(config)
	if err != nil {
		return err
	}
	b, err := startModel(c, start{}, true, console)
	if err != nil {
		return err
	}
	read := readRows
	if c.Pretraining() {
		read = readText
	}
	m, err := read(ctx, c, b, nil, kernel.NewWorkers(c.Train.Threads), console)
	if err != nil {
		return err
	}
	defer m.close()
	return f(c, b, m)
}

func eachExample(b *Bundle, number int, batch *data.Batch, yield func(Example) error) error {
	for s := range batch.Sequences() {
		inputs := batch.Inputs.At(s)
		labels := batch.Labels.At(s)
		tok := b.Tokenizer
		if err := yield(Example{number, inputs, labels, tok.Decode(inputs, false), tok.Decode(labels, false)}); err != nil {
			return err
		}
	}
	return nil
}
