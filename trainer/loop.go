package trainer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"t5train/checkpoints"
	"t5train/checkpoints/safetensors"
	"t5train/configs"
	"t5train/data"
	"t5train/internal/mmap"
	"t5train/internal/ui"
	"t5train/model"
	"t5train/model/kernel"
	"t5train/model/op"
	"t5train/trainer/allreduce"
	"t5train/trainer/evaluate"
	"t5train/trainer/metric"
	"t5train/trainer/runlog"
	"t5train/trainer/setup"
	"t5train/trainer/speed"
)

// loop is a training run: steps, with evaluations and checkpoints between them, and hooks that are told of all of it.
type loop struct {
	config   *configs.Config
	group    *allreduce.Group
	folder   *checkpoints.Folder
	batches  *data.Batches
	perEpoch int64        // examples
	evalSet  evaluate.Set // nil without evaluation
	stepper  *Stepper
	total    int // steps of the whole run
	saver    *saver
	speed    *speed.Meter
	hooks    hookList
	sink     ui.Sink
	state    state
	metrics  map[string]float64 // of the evaluation at state.LastEvalStep
}

// newLoop returns the loop of a run that goes on from a state, at its beginning an empty one.
func newLoop(c *configs.Config, b *checkpoints.Folder, d *setup.Datasets, w *kernel.Workers, run *checkpoints.Run,
	from state, sink ui.Sink, group *allreduce.Group) (*loop, error) {
	l := &loop{
		config: c, group: group, folder: b, evalSet: d.HeldOut, perEpoch: int64(d.Train.Len()),
		saver: newSaver(run, c.Checkpoint.KeepLast, w), sink: sink,
		state: state{Examples: int64(d.Train.Len()), Data: d.Digests, Config: resumeKeys(c)},
	}
	var err error
	if l.batches, err = TrainBatches(c, d); err != nil {
		return nil, err
	}
	l.total = from.totalSteps(c.Train, l.batches)
	if l.stepper, err = NewStepper(c, b.Model, w, l.total-from.ScheduleStep, l.group); err != nil {
		return nil, err
	}
	l.stepper.scheduleStep = from.ScheduleStep
	l.stepper.beforeUpdate = l.saver.detachAll
	if l.evalSet != nil {
		l.evalSet.SetGroup(l.group)
		l.state.Metric = cmp.Or(c.Eval.Metric, l.evalSet.Best())
	}
	return l, nil
}

// TrainBatches returns the micro-batches of a run.
func TrainBatches(c *configs.Config, d *setup.Datasets) (*data.Batches, error) {
	b, err := data.NewBatches(d.Train, data.Size{Examples: c.Train.BatchSize, Tokens: c.Train.BatchTokens},
		data.Order{Shuffle: true, Seed: uint64(c.Train.Seed)})
	if err != nil {
		return nil, fmt.Errorf("read data.train: %w", err)
	}
	return b, nil
}

// run trains to the end, or until ctx ends. Whatever happens, a checkpoint on its way to the disk arrives there.
func (l *loop) run(ctx context.Context) (*Result, error) {
	err := l.train(ctx)
	interrupted := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
	switch {
	case interrupted:
		err = l.saveUnsaved()
	case errors.As(err, new(*mmap.Fault)): // data that can no longer be read
		err = errors.Join(err, l.saveUnsaved())
	}
	if err = errors.Join(err, l.saver.wait()); err != nil {
		return nil, l.withKept(err)
	}
	if !l.group.First() {
		l.group.SetTimeout(0) // the first rank may take its time to write the last checkpoint
	}
	if err := l.group.Agree(nil); err != nil {
		return nil, err
	}
	return newResult(l.saver.run, l.config.Output, l.state, interrupted), nil
}

// train makes the steps that are left: batch, step, evaluation if due, checkpoint if due. The end of ctx is its error.
func (l *loop) train(ctx context.Context) error {
	defer l.start()()
	if l.state.Step == 0 {
		if err := l.evaluateFirst(ctx); err != nil {
			return err
		}
	}
	// A resumed run enters after the step of its checkpoint: the evaluation there may not be done yet.
	for resumed := l.state.Step > 0; !l.state.Finished; resumed = false {
		newEpoch := false
		if !resumed {
			if err := l.stopped(ctx); err != nil {
				return err
			}
			measured := l.speed.Start()
			epoch := l.batches.Epoch(l.state.Position)
			batches, err := l.nextBatches()
			if err != nil {
				return fmt.Errorf("step %d: %w", l.state.Step+1, err)
			}

			first, _ := l.microBatchRange()
			result, err := l.stepper.Step(l.state.Step, l.state.MicroBatches+int64(first), batches)
			if err != nil {
				return err
			}
			measured(result.Tokens, result.Waited)
			newEpoch = l.batches.Epoch(l.state.Position) != epoch
			l.count(result)
			l.state.EvalPending = l.evalDue(newEpoch)
			if err := l.hooks.step(l.stepEvent(result)); err != nil {
				return err
			}
			if err := l.saver.failed(); err != nil {
				return err
			}
		}

		if err := l.stopped(ctx); err != nil {
			return err
		}
		evaluated, improved := l.state.EvalPending, false
		if evaluated {
			var err error
			if improved, err = l.evaluate(ctx); err != nil {
				return err
			}
		}

		l.state.Finished = l.state.Step == l.total || l.outOfPatience()
		unsaved := evaluated || l.state.Finished || l.state.Step != l.saver.step
		if unsaved && l.saveDue(evaluated, improved, newEpoch) {
			if err := l.save(); err != nil {
				return err
			}
		}
	}
	return nil
}

// start shows that the run begins and measures it from now on. stop ends the progress bar.
func (l *loop) start() (stop func()) {
	c := l.config
	ui.Say(l.sink, "train", "%s steps of %s, %s optimizer, to %s",
		ui.Grouped(l.total), c.Train.Batch(), c.Optimizer.Name, c.Output)
	if w := l.stepper.workers; w.Precision() == kernel.BFloat16 && !w.MultipliesBFloat16() {
		ui.Say(l.sink, "precision", "bfloat16, which gains no time here: this processor rounds to it and multiplies "+
			"float32 (train.precision float32 does without the rounding)")
	}
	progress := ui.StartWork(l.sink, ui.Work{Name: "train", Unit: "steps", Total: int64(l.total), Reports: true})
	l.hooks = append(hookList{sinkHooks(l.sink, progress, setup.ShownFirst(c, l.state.Metric))}, l.hooks...)
	l.speed = speed.NewMeter(l.stepper.workers, l.state.Step)
	return progress.Stop
}

// stopped returns an error when the context of a rank has ended, on all ranks.
func (l *loop) stopped(ctx context.Context) error {
	ended := ctx.Err() // asked once: all ranks must come to the same
	all, err := allreduce.Gather(l.group, ended != nil)
	switch {
	case err != nil:
		return fmt.Errorf("step %d: %w", l.state.Step, err)
	case ended != nil:
		return ended
	case slices.Contains(all, true):
		return context.Canceled
	}
	return nil
}

// count adds a step to the state.
func (l *loop) count(r StepResult) {
	l.state.Step++
	l.state.MicroBatches += int64(l.config.Train.Accumulate)
	l.state.LossSum += r.Loss
	l.state.LossSteps++
}

// stepEvent describes the step that was counted last. The losses of a row are part of the state, so that a resumed run
// writes the rows of one that never stopped.
func (l *loop) stepEvent(r StepResult) StepEvent {
	s := &l.state
	e := StepEvent{Step: s.Step, Steps: l.total}
	if s.Step%l.config.Train.LogEvery != 0 && s.Step != l.total {
		return e
	}
	e.Row = &runlog.Train{
		Kind: runlog.KindTrain, Step: s.Step, Epoch: l.epoch(), Position: s.Position,
		Loss:         s.LossSum / float64(s.LossSteps),
		LearningRate: r.LearningRate, GradNorm: r.GradNorm,
	}
	l.speed.Fill(e.Row, s.Step, l.total)
	s.LossSum, s.LossSteps = 0, 0
	return e
}

// evalDue reports whether an evaluation follows the last step.
func (l *loop) evalDue(newEpoch bool) bool {
	return l.evalSet != nil && (l.state.Step == l.total || due(l.state.Step, l.config.Eval.EverySteps, newEpoch))
}

// outOfPatience reports whether the last evaluations were all no better than the best one.
func (l *loop) outOfPatience() bool {
	return l.config.Eval.Patience > 0 && l.state.EvalsSinceBest >= l.config.Eval.Patience
}

// saveDue reports whether a checkpoint follows the last step.
func (l *loop) saveDue(evaluated, improved, newEpoch bool) bool {
	c := l.config.Checkpoint
	late := c.EveryMinutes > 0 && l.saver.age().Minutes() >= c.EveryMinutes
	otherwise := evaluated || l.evalSet == nil && newEpoch
	return l.state.Finished || improved || late || due(l.state.Step, c.EverySteps, otherwise)
}

// due reports whether what happens every n steps, n being every, happens now; every 0 leaves it to otherwise.
func due(step, every int, otherwise bool) bool {
	if every == 0 {
		return otherwise
	}
	return step%every == 0
}

// microBatchRange returns which micro-batches of a step are those of this rank.
func (l *loop) microBatchRange() (first, number int) {
	number = l.config.Train.Accumulate / l.group.Size()
	return number * l.group.Rank(), number
}

// nextBatches passes over the batches of the next step and returns those of this rank. After an error the position
// stays.
func (l *loop) nextBatches() (batches []model.Batch, err error) {
	position := l.state.Position
	first, number := l.microBatchRange()
	err = mmap.Guard(func() error {
		for i := range l.config.Train.Accumulate {
			if i < first || i >= first+number {
				position = l.batches.Skip(position)
				continue
			}
			var b data.Batch
			position = l.batches.Read(position, &b)
			batches = append(batches, b.Batch)
		}
		return nil
	})
	if err == nil {
		l.state.Position = position
	}
	return batches, err
}

// evaluate computes the metrics on the validation data and reports whether they are the best so far.
func (l *loop) evaluate(ctx context.Context) (improved bool, err error) {
	values, samples, err := l.measure(ctx)
	if err != nil {
		return false, err
	}
	all := metric.Map(values)
	name := l.state.Metric
	value, ok := all[name]
	if !ok {
		return false, fmt.Errorf("evaluate: there is no metric %q to compare (eval.metric): want one of %s",
			name, strings.Join(metric.Names(values), ", "))
	}
	s := &l.state
	l.metrics, s.LastEvalStep, s.EvalPending = runlog.OnlyFinite(all), s.Step, false
	loss := all["loss"]
	if improved = s.improves(name, value, loss); improved {
		s.Best, s.BestLoss, s.BestStep, s.EvalsSinceBest = &value, &loss, s.Step, 0
	} else {
		s.EvalsSinceBest++
	}
	return improved, l.hooks.eval(EvalEvent{
		Step: s.Step, Epoch: l.epoch(), Metrics: all, Metric: name, Improved: improved, SinceBest: s.EvalsSinceBest,
		Stopping: l.outOfPatience() && s.Step < l.total, Samples: samples,
	})
}

// measure evaluates the model that a checkpoint would have, with a progress bar.
func (l *loop) measure(ctx context.Context) (values []metric.Value, samples []string, err error) {
	progress := ui.Start(l.sink, "evaluate", "examples", int64(l.evalSet.Len()))
	defer progress.Stop()
	if a := l.stepper.average; a != nil {
		a.Swap()
		defer a.Swap()
	}
	err = mmap.Guard(func() error {
		values, samples, err = l.evalSet.Evaluate(ctx, progress.Set)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("step %d: %w", l.state.Step, err)
	}
	return values, samples, nil
}

// evaluateFirst evaluates a model that is pre-trained further, for comparison.
func (l *loop) evaluateFirst(ctx context.Context) error {
	if err := l.stopped(ctx); err != nil {
		return err
	}
	if !l.evaluatesFirst() {
		return nil
	}
	values, _, err := l.measure(ctx)
	if err != nil {
		return err
	}
	return l.hooks.eval(EvalEvent{Metrics: metric.Map(values), Metric: l.state.Metric})
}

func (l *loop) evaluatesFirst() bool {
	return l.evalSet != nil && l.config.Pretraining() && l.config.Model.Path != ""
}

// save makes a checkpoint of this step: in the background, unless it is the last one.
func (l *loop) save() error {
	if l.state.Finished {
		return l.saveBy((*saver).write)
	}
	return l.saveBy((*saver).start)
}

// saveUnsaved makes a checkpoint of a run that ends before it is finished, unless this step has one.
func (l *loop) saveUnsaved() error {
	if l.state.Step == 0 || l.state.Step == l.saver.step {
		return nil
	}
	return l.saveBy((*saver).write)
}

// saveBy makes a checkpoint of this step, on the first rank.
func (l *loop) saveBy(write func(*saver, snapshot) error) error {
	if !l.group.First() {
		return nil
	}
	m, err := l.snapshot()
	if err != nil {
		return err
	}
	if err := write(l.saver, m); err != nil {
		return err
	}
	return l.hooks.checkpoint(CheckpointEvent{Step: m.step, Best: m.best, Finished: l.state.Finished})
}

// snapshot returns the checkpoint of this step. Weights that are not finite are an error: the good checkpoints before
// it stay.
func (l *loop) snapshot() (snapshot, error) {
	step := l.state.Step
	if name := op.FirstNonFinite(l.folder.Model.Trained()); name != "" {
		return snapshot{}, fmt.Errorf("step %d: %s has weights that are not finite: %w", step, name,
			evaluate.ErrDiverged)
	}
	info := &l.folder.Info
	info.Step, info.Metrics, info.Temperature = step, nil, 0
	if l.state.LastEvalStep == step {
		info.Metrics, info.Temperature = l.metrics, l.metrics["temperature"] // 0 without one
	}
	files, err := l.folder.Files()
	if err != nil {
		return snapshot{}, err
	}
	own, err := l.state.file()
	if err != nil {
		return snapshot{}, err
	}
	weights := l.folder.Weights()
	if a := l.stepper.average; a != nil {
		for _, t := range tensorsOf(a.Average()) { // not of what is frozen
			t.Name = l.folder.TensorName(t.Name)
			weights[slices.IndexFunc(weights, func(w safetensors.Tensor) bool { return w.Name == t.Name })] = t
		}
	}
	return snapshot{
		step: step, best: l.state.BestStep == step, files: append(files, own),
		weights: weights, optimizer: tensorsOf(l.stepper.Optimizer.State()),
	}, nil
}

// withKept adds to the error that ends a run what is left of it, and what to do.
func (l *loop) withKept(err error) error {
	if errors.As(err, new(*allreduce.LateError)) {
		err = fmt.Errorf("%w; run.rank_timeout says how long ranks wait", err)
	}
	step, ok, latestErr := l.saver.run.Latest()
	kept := ok && latestErr == nil
	switch {
	case errors.Is(err, evaluate.ErrDiverged) && kept:
		return fmt.Errorf("%w: the checkpoint of step %d in %s is good; %s",
			err, step, l.saver.run.Dir(step), againstDivergence)
	case errors.Is(err, evaluate.ErrDiverged):
		return fmt.Errorf("%w: there is no checkpoint yet; %s", err, againstDivergence)
	case kept:
		return fmt.Errorf("%w; the checkpoint of step %d is kept: the same command resumes from there", err, step)
	}
	return fmt.Errorf("%w; there is no checkpoint yet", err)
}

const againstDivergence = "lower optimizer.learning_rate, add schedule.warmup_steps or set train.clip_norm"

func (l *loop) epoch() float64 { return float64(l.state.Position) / float64(l.perEpoch) }
