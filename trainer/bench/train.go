package bench

import (
	"context"
	"math/rand/v2"
	"time"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/data"
	"t5train/data/dataset"
	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/model"
	"t5train/model/kernel"
	"t5train/trainer"
	"t5train/trainer/optim"
	"t5train/trainer/setup"
)

// Train measures training steps: forward and backward pass, clipping off, and the optimizer.
func Train(ctx context.Context, o Options) (*Result, error) {
	if err := o.checkMemory(setup.TrainedBytes(o.Model) + o.activationBytes()); err != nil {
		return nil, err
	}
	w := kernel.NewWorkers(o.Threads).In(o.Precision)
	m, err := newBenchModel(o.Model)
	if err != nil {
		return nil, err
	}
	random := randomBatch(o)
	next := func() model.Batch { return random }
	if len(o.Data) > 0 {
		if next, err = realBatches(ctx, o, w.Threads()); err != nil {
			return nil, err
		}
	}
	c := configs.Default()
	c.Optimizer.Name, c.Train.Seed, c.Train.Recompute = o.Optimizer, 0, o.Recompute
	c.Train.Precision = o.Precision.String()
	c.Resolve()
	s, err := trainer.NewStepper(c, m, w, o.Steps+o.Warmup, nil)
	if err != nil {
		return nil, err
	}
	defer s.Graph.Close()
	timed := &timedOptimizer{Optimizer: s.Optimizer}
	s.Optimizer = timed
	var losses []float64
	var targets []int // of each step
	r, err := measure(ctx, o, w, func(i int) (int, error) {
		batch := next()
		result, err := s.Step(i, int64(i), []model.Batch{batch})
		losses = append(losses, result.Loss)
		targets = append(targets, batch.Targets())
		return result.Tokens, err
	})
	if err != nil {
		return nil, err
	}
	var rates []float64
	for i, seconds := range r.StepAll {
		rates = append(rates, float64(targets[o.Warmup+i])/seconds)
	}
	r.TargetsPerS = median(rates)
	r.Optimizer = median(timed.seconds[o.Warmup:])
	r.Activations = float64(s.Graph.Memory()) / 1e6
	r.Loss = []float64{losses[0], losses[len(losses)-1]}
	return r, nil
}

// realBatches reads the text pairs of parquet files and returns their batches, shuffled, each at its natural length.
func realBatches(ctx context.Context, o Options, threads int) (next func() model.Batch, err error) {
	table, err := dataset.Open(ctx, o.Data, dataset.ForTraining, 0, 0)
	if err != nil {
		return nil, err
	}
	spec, err := table.Infer(ctx, task.Spec{Name: task.Seq2Seq, TextColumns: o.TextColumns,
		TargetColumn: o.TargetColumn},
		nil)
	if err != nil {
		return nil, err
	}
	tok, err := tokenizer.T5()
	if err != nil {
		return nil, err
	}
	if err := checkpoints.CheckTokenizer(o.Model, tok); err != nil {
		return nil, err
	}
	examples, err := table.Build(ctx, "train", spec, data.ForTraining, tok, data.Limits{MaxInput: 512, MaxTarget: 512},
		threads, nil)
	if err != nil {
		return nil, err
	}
	batches, err := data.NewBatches(examples, data.Size{Examples: o.Batch}, data.Order{Shuffle: true, Seed: 1})
	if err != nil {
		return nil, err
	}
	position := int64(0)
	return func() model.Batch {
		var b data.Batch
		position = batches.Read(position, &b)
		return b.Batch
	}, nil
}

func randomBatch(o Options) model.Batch {
	r := rand.New(rand.NewPCG(1, 1))
	var b model.Batch
	// Ordinary pieces: behind the special ones and before the sentinels.
	token := func() int32 { return int32(3 + r.IntN(max(1, o.Model.VocabSize-103))) }
	for range o.Batch {
		for range o.Encoder {
			b.Inputs.IDs = append(b.Inputs.IDs, token())
		}
		b.Inputs.End()
		for range o.Decoder {
			b.Labels.IDs = append(b.Labels.IDs, token())
		}
		b.Labels.End()
	}
	return b
}

// timedOptimizer measures the steps of an optimizer.
type timedOptimizer struct {
	optim.Optimizer
	seconds []float64
}

func (t *timedOptimizer) Step(lr float64, params []optim.Param) error {
	begun := time.Now()
	err := t.Optimizer.Step(lr, params)
	t.seconds = append(t.seconds, time.Since(begun).Seconds())
	return err
}
