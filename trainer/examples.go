package trainer

import (
	"context"
	"errors"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/data"
	"t5train/internal/ui"
	"t5train/model/kernel"
	"t5train/trainer/setup"
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
func TrainExamples(ctx context.Context, config *configs.Config, batches int, sink ui.Sink,
	yield func(Example) error) error {
	return WithDatasets(ctx, config, sink, func(c *configs.Config, b *checkpoints.Folder, d *setup.Datasets) error {
		all, err := TrainBatches(c, d)
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
func HeldOutExamples(ctx context.Context, config *configs.Config, sink ui.Sink,
	yield func(Example) error) error {
	return WithDatasets(ctx, config, sink, func(c *configs.Config, b *checkpoints.Folder, d *setup.Datasets) error {
		if d.HeldOut == nil {
			return errors.New("show held-out examples: there are none: set data.validation")
		}
		number := 0
		return d.HeldOut.EachBatch(ctx, func(batch *data.Batch) error {
			err := eachExample(b, number, batch, yield)
			number++
			return err
		})
	})
}

// WithDatasets calls f with what a run of the configuration would train with: the resolved configuration, the model
// and the data.
func WithDatasets(ctx context.Context, config *configs.Config, sink ui.Sink,
	f func(*configs.Config, *checkpoints.Folder, *setup.Datasets) error) error {
	c, err := resolved(config)
	if err != nil {
		return err
	}
	b, err := setup.StartModel(c, setup.Start{}, true, sink)
	if err != nil {
		return err
	}
	d, err := setup.Read(ctx, c, b, nil, kernel.NewWorkers(c.Train.Threads), sink)
	if err != nil {
		return err
	}
	defer d.Close()
	return f(c, b, d)
}

func eachExample(b *checkpoints.Folder, number int, batch *data.Batch, yield func(Example) error) error {
	for s := range batch.Sequences() {
		inputs := batch.Inputs.At(s)
		labels := batch.Labels.At(s)
		tok := b.Tokenizer
		if err := yield(Example{number, inputs, labels, tok.Decode(inputs, false),
			tok.Decode(labels, false)}); err != nil {
			return err
		}
	}
	return nil
}
