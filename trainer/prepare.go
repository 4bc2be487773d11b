package trainer

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/internal/durable"
	"t5train/model/kernel"
	"t5train/trainer/dist"
)

// readMaterial reads what a run works with. was are the digests of what a run that goes on has trained on so far.
type readMaterial func(ctx context.Context, c *configs.Config, b *Bundle, was map[string]string, w *kernel.Workers, console *Console) (*material, error)

// train is a run on what read finds.
func train(ctx context.Context, config *configs.Config, o FinetuneOptions, read readMaterial) (*Result, error) {
	// Everything that can be wrong with the input is found before anything is written.
	p, err := prepare(ctx, config, o, read)
	if p != nil {
		defer p.close()
	}
	if err := o.World.Agree(err); err != nil {
		return nil, err
	}
	if err := p.compare(); err != nil {
		return nil, err
	}
	if o.World.First() {
		err = p.claim()
	}
	if err := o.World.Agree(err); err != nil {
		return nil, err
	}
	if p.from.state.Finished {
		return newResult(p.run, p.from.state, false), nil
	}
	processors, err := dist.Gather(o.World, processor(p.workers))
	if err != nil {
		return nil, err
	}
	p.loop.computeOn(processors)
	o.World.Watch(o.Patience)
	return p.loop.run(ctx)
}

// prepared is a run that has written nothing yet.
type prepared struct {
	config   *configs.Config
	options  FinetuneOptions
	run      *checkpoints.Run
	from     start
	workers  *kernel.Workers
	material *material
	loop     *loop // nil if the run is finished
	closers  []func()
}

func (p *prepared) close() {
	for _, c := range slices.Backward(p.closers) {
		c()
	}
}

// prepare reads all that a run needs. It may return an error and what there is to close.
func prepare(ctx context.Context, config *configs.Config, o FinetuneOptions, read readMaterial) (*prepared, error) {
	c, err := resolved(config)
	if err != nil {
		return nil, err
	}
	if err := divisible(c.Train, o.World.Size()); err != nil {
		return nil, err
	}
	p := &prepared{config: c, options: o}
	if p.run, err = checkpoints.OpenRun(c.Output); err != nil {
		return nil, err
	}
	if p.from, err = startOf(p.run, c, o); err != nil || p.from.state.Finished {
		return p, err
	}
	if o.Initial != "" && !p.from.resume {
		if err := checkOut(c.Model.Path, o.Initial); err != nil {
			return nil, fmt.Errorf("save the initial model to %s: %w (a model to start from is --model)", o.Initial, err)
		}
	}
	p.workers = kernel.NewWorkers(o.World.Threads(c.Train.Threads))
	bundle, err := startModel(c, p.from, o.Console)
	if err != nil {
		return nil, err
	}
	var was map[string]string
	if p.from.resume {
		was = p.from.state.Data
	}
	if p.material, err = read(ctx, c, bundle, was, p.workers, o.Console); err != nil {
		return nil, err
	}
	p.closers = append(p.closers, func() { p.material.close() })
	if p.loop, err = newLoop(c, bundle, p.material, p.workers, p.run, o.Console, o.World); err != nil {
		return p, err
	}
	p.closers = append(p.closers, p.loop.close)
	warnRate(c, o.Console)
	if p.from.resume {
		err = p.loop.resume(p.from)
	}
	return p, err
}

// divisible makes sure that all ranks have the same number of micro-batches.
func divisible(t configs.Train, ranks int) error {
	if t.Accumulate%ranks == 0 {
		return nil
	}
	remedy := fmt.Sprintf("set train.accumulate to a multiple of %d, or start another number of ranks", ranks)
	if t.Accumulate == 1 && t.BatchSize%ranks == 0 {
		remedy += fmt.Sprintf("; train.accumulate=%d with train.batch_size=%d are the same examples a step", ranks, t.BatchSize/ranks)
	}
	return fmt.Errorf("divide a step over %d ranks: it has %d micro-batches (train.accumulate), and each rank computes the same number of them: %s", ranks, t.Accumulate, remedy)
}

// compare makes sure that all ranks are about to do the same.
func (p *prepared) compare() error {
	w := p.options.World
	if w.Size() == 1 {
		return nil
	}
	own := view{Step: p.from.step, Resume: p.from.resume, Config: decisive(p.config)}
	if p.loop != nil {
		own.Data, own.Examples = p.loop.state.Data, p.loop.state.Examples
		own.Weights = weightsDigest(p.loop.bundle)
	}
	return dist.Compare(w, own, view.differs)
}

// claim takes the output folder and prepares it.
func (p *prepared) claim() error {
	c, l := p.config, p.loop
	if p.from.state.Finished {
		return p.from.finished(p.run, c, p.options.Console)
	}
	unlock, err := checkpoints.LockRun(c.Output)
	if err != nil {
		return err
	}
	p.closers = append(p.closers, unlock)
	if err := p.from.check(p.run, c.Output); err != nil {
		return err
	}
	if p.from.resume {
		err = tidy(p.run, p.from.step, l.state.BestStep == p.from.step, c.Checkpoint.KeepLast)
	} else {
		err = p.from.discard(p.run)
	}
	if err != nil {
		return err
	}
	if initial := p.options.Initial; initial != "" && !p.from.resume {
		if err := checkpoints.Create(initial, l.bundle.Write); err != nil {
			return err
		}
		p.options.Console.Say("initial model: written to %s", initial)
	}
	yaml, err := c.YAML()
	if err != nil {
		return err
	}
	if err := checkpoints.ReplaceFile(filepath.Join(c.Output, configName), yaml); err != nil {
		return fmt.Errorf("write %s: %w", configName, durable.WithRemedy(err))
	}
	if err := l.recorder.begin(l, p.material, p.workers); err != nil {
		return err
	}
	l.history, err = openHistory(filepath.Join(c.Output, historyName), l.state.Step, l.state.Step > 0 && l.state.Evaluated == l.state.Step)
	return err
}

// warnRate says so where the learning rate may be another one than was meant.
func warnRate(c *configs.Config, console *Console) {
	if text := c.RateWarning(); text != "" {
		console.Say("warning: %s", text)
	}
}
