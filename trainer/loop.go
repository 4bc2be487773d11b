package trainer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/data"
	"t5train/internal/mmap"
	"t5train/internal/ui"
	"t5train/model"
	"t5train/model/kernel"
	"t5train/trainer/allreduce"
	"t5train/trainer/evaluate"
	"t5train/trainer/metric"
	"t5train/trainer/runlog"
	"t5train/trainer/setup"
)

// loop is a training run: steps, with log lines, evaluations and checkpoints between them.
type loop struct {
	config   *configs.Config
	group    *allreduce.Group
	bundle   *checkpoints.Folder
	batches  *data.Batches
	perEpoch int64        // examples
	heldOut  evaluate.Set // nil without evaluation
	stepper  *stepper
	total    int // steps of the whole run
	saver    *saver
	history  *runlog.Log
	recorder recorder
	console  *ui.Console
	state    state
	metrics  map[string]float64 // of the evaluation at state.LastEvalStep
}

func newLoop(c *configs.Config, b *checkpoints.Folder, m *setup.Datasets, w *kernel.Workers, run *checkpoints.Run, console *ui.Console, group *allreduce.Group) (*loop, error) {
	l := &loop{
		config: c, group: group, bundle: b, heldOut: m.HeldOut, perEpoch: int64(m.Train.Len()), saver: newSaver(run, c.Checkpoint.KeepLast, w), console: console, recorder: recorder{c.Output},
		state: state{Examples: int64(m.Train.Len()), Data: m.Digests, Config: resumeKeys(c)},
	}
	var err error
	if l.batches, err = TrainBatches(c, m); err != nil {
		return nil, err
	}
	l.total = totalSteps(c.Train, l.batches)
	if l.stepper, err = NewStepper(c, b.Model, w, l.total, l.group); err != nil {
		return nil, err
	}
	l.stepper.beforeUpdate = l.saver.detachAll
	if l.heldOut != nil {
		l.heldOut.SetGroup(l.group)
	}
	return l, nil
}

// TrainBatches returns the micro-batches of a run.
func TrainBatches(c *configs.Config, m *setup.Datasets) (*data.Batches, error) {
	b, err := data.NewBatches(m.Train, data.Size{Examples: c.Train.BatchSize, Tokens: c.Train.BatchTokens},
		data.Order{Shuffle: true, Seed: uint64(c.Train.Seed)})
	if err != nil {
		return nil, fmt.Errorf("read data.train: %w", err)
	}
	return b, nil
}

// totalSteps returns train.steps, or the whole steps that the micro-batches of train.epochs make, at least one. A part of
// an epoch is rounded to the nearest micro-batch: 1.1 epochs of 10 are 11, though 1.1-1 is a little more than 0.1.
func totalSteps(t configs.Train, batches *data.Batches) int {
	if t.Steps > 0 {
		return t.Steps
	}
	whole := int64(t.Epochs)
	micro := 0
	for epoch := range whole {
		micro += batches.Count(epoch)
	}
	micro += int(math.Round((t.Epochs - float64(whole)) * float64(batches.Count(whole))))
	return max(1, micro/t.Accumulate)
}

func (l *loop) close() {
	l.stepper.Graph.Close()
	if l.history != nil {
		l.history.Close()
	}
}

// run trains to the end, or until ctx ends. Whatever happens, a checkpoint on its way to the disk arrives there.
func (l *loop) run(ctx context.Context) (*Result, error) {
	interrupted, err := l.train(ctx)
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

func (l *loop) train(ctx context.Context) (interrupted bool, err error) {
	c := l.config
	l.console.Say("train: %s steps of %s, %s optimizer, to %s", ui.Grouped(l.total), l.describeBatch(), c.Optimizer.Name, c.Output)
	progress := l.console.StartBar("train", "steps", int64(l.total))
	defer progress.Stop()
	log := newStepLog(l, progress)
	newEpoch := false
	for {
		err := l.stopped(ctx)
		if err == nil {
			err = l.settle(ctx, log, newEpoch)
		}
		if err == nil && !l.state.Finished { // else ctx may have ended while the last checkpoint was written
			err = l.stopped(ctx)
		}
		switch {
		case err == nil && l.state.Finished:
			return false, nil
		case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
			return true, l.interrupted()
		case err != nil:
			return false, l.saved(err)
		}
		epoch := l.batches.Epoch(l.state.Position)
		batches, err := l.read()
		if err != nil {
			return false, l.saved(fmt.Errorf("step %d: %w", l.state.Step+1, err))
		}
		first, _ := l.share()
		r, err := l.stepper.Step(l.state.Step, l.state.MicroBatches+int64(first), batches)
		if err != nil {
			return false, err
		}
		l.state.Step++
		l.state.MicroBatches += int64(c.Train.Accumulate)
		newEpoch = l.batches.Epoch(l.state.Position) != epoch
		l.state.EvalPending = l.heldOut != nil && (l.state.Step == l.total || due(l.state.Step, l.config.Eval.EverySteps, newEpoch))
		if err := log.step(r); err != nil {
			return false, err
		}
		if err := l.saver.failed(); err != nil {
			return false, err
		}
	}
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

// settle evaluates and saves after a step, where that is due. A run that was stopped before it was done does it when it
// goes on.
func (l *loop) settle(ctx context.Context, log *stepLog, newEpoch bool) error {
	log.pause()
	defer log.resume()
	if l.state.Step == 0 {
		return l.evaluateFirst(ctx)
	}
	c, evaluated, improved := l.config, l.state.EvalPending, false
	if evaluated {
		var err error
		if improved, err = l.evaluate(ctx); err != nil {
			return err
		}
		l.state.EvalPending = false
	}
	enough := c.Eval.Patience > 0 && l.state.EvalsSinceBest >= c.Eval.Patience
	l.state.Finished = enough || l.state.Step == l.total
	if enough && l.state.Step < l.total {
		l.console.Say("stop: %d evaluations without a better %s", l.state.EvalsSinceBest, l.compared())
	}
	if !evaluated && !l.state.Finished && l.state.Step == l.saver.step {
		return nil // the run goes on from this very checkpoint
	}
	late := c.Checkpoint.EveryMinutes > 0 && l.saver.age().Minutes() >= c.Checkpoint.EveryMinutes
	if l.state.Finished || improved || late || due(l.state.Step, c.Checkpoint.EverySteps, evaluated || l.heldOut == nil && newEpoch) {
		if err := l.save(); err != nil {
			return err
		}
	}
	if l.state.Finished && l.group.First() {
		return l.recorder.finish(l)
	}
	return nil
}

// due tells whether something that happens every so many steps happens now; every 0 leaves it to otherwise.
func due(step, every int, otherwise bool) bool {
	if every == 0 {
		return otherwise
	}
	return step%every == 0
}

// share returns which micro-batches of a step are those of this rank.
func (l *loop) share() (first, number int) {
	each := l.config.Train.Accumulate / l.group.Size()
	return each * l.group.Rank(), each
}

// read passes over the batches of the next step and returns those of this rank. After an error the position stays.
func (l *loop) read() (batches []model.Batch, err error) {
	position := l.state.Position
	first, number := l.share()
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

// evaluate computes the metrics on the validation data and tells whether they are the best so far.
func (l *loop) evaluate(ctx context.Context) (improved bool, err error) {
	values, shown, err := l.measure(ctx)
	if err != nil {
		return false, err
	}
	all := metric.Map(values)
	name := l.compared()
	value, ok := all[name]
	if !ok {
		return false, fmt.Errorf("evaluate: there is no metric %q to compare (eval.metric): want one of %s", name, strings.Join(metric.Names(values), ", "))
	}
	l.metrics, l.state.LastEvalStep = runlog.OnlyFinite(all), l.state.Step
	loss := all["loss"]
	if improved = l.state.improves(name, value, loss); improved {
		l.state.Best, l.state.BestLoss, l.state.BestStep, l.state.EvalsSinceBest = &value, &loss, l.state.Step, 0
	} else {
		l.state.EvalsSinceBest++
	}
	mark := ""
	if improved {
		mark = "  (best)"
	}
	l.console.Say("step %d, epoch %.2f: validation %s%s", l.state.Step, l.epoch(), metric.Format(all, setup.ShownFirst(l.config)...), mark)
	for _, line := range shown {
		l.console.Say("  %s", line)
	}
	if !l.group.First() {
		return improved, nil
	}
	if err := l.recorder.evaluated(l, shown, improved); err != nil {
		return false, err
	}
	return improved, l.history.AddEval(runlog.Eval{Kind: runlog.KindEval, Step: l.state.Step, Epoch: l.epoch(), Metrics: l.metrics, Time: runlog.Now()})
}

// measure evaluates the model as it is, and shows how far that is.
func (l *loop) measure(ctx context.Context) (values []metric.Value, shown []string, err error) {
	progress := l.console.Start("evaluate", "examples", int64(l.heldOut.Len()))
	defer progress.Stop()
	err = mmap.Guard(func() error {
		values, shown, err = l.heldOut.Evaluate(ctx, progress.Set)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("step %d: %w", l.state.Step, err)
	}
	return values, shown, nil
}

// evaluateFirst tells how good a model is that is pre-trained further, to compare with what comes of it.
func (l *loop) evaluateFirst(ctx context.Context) error {
	if l.heldOut == nil || !l.config.Pretraining() || l.config.Model.Path == "" {
		return nil
	}
	values, _, err := l.measure(ctx)
	if err != nil {
		return err
	}
	all := runlog.OnlyFinite(metric.Map(values))
	l.console.Say("step 0, the model as it was: validation %s", metric.Format(all, setup.ShownFirst(l.config)...))
	if !l.group.First() {
		return nil
	}
	return l.history.AddEval(runlog.Eval{Kind: runlog.KindEval, Metrics: all, Time: runlog.Now()})
}

// compared is the metric that decides which checkpoint is the best.
func (l *loop) compared() string { return cmp.Or(l.config.Eval.Metric, l.heldOut.Best()) }

// save makes a checkpoint of this step: in the background, if training goes on.
func (l *loop) save() error {
	if !l.group.First() {
		return nil
	}
	m, err := l.snapshot()
	if err != nil {
		return err
	}
	if l.state.Finished {
		return l.saver.write(m)
	}
	return l.saver.start(m)
}

// snapshot returns the checkpoint of this step. Weights that are not finite are an error: the good checkpoints before it stay.
func (l *loop) snapshot() (snapshot, error) {
	step := l.state.Step
	if name := firstNonFinite(l.bundle.Model.Params); name != "" {
		return snapshot{}, fmt.Errorf("step %d: %s has weights that are no finite numbers: %w", step, name, evaluate.ErrDiverged)
	}
	info := &l.bundle.Info
	info.Step, info.Metrics, info.Temperature = step, nil, 0
	if l.state.LastEvalStep == step {
		info.Metrics, info.Temperature = l.metrics, l.metrics["temperature"] // 0 without one
	}
	files, err := l.bundle.Files()
	if err != nil {
		return snapshot{}, err
	}
	own, err := l.state.file()
	if err != nil {
		return snapshot{}, err
	}
	return snapshot{
		step: step, best: l.state.BestStep == step, files: append(files, own),
		weights: l.bundle.Weights(), optimizer: optimizerTensors(l.stepper.Optimizer),
	}, nil
}

// interrupted saves what there is, unless that has just been done.
func (l *loop) interrupted() error {
	if l.state.Step == 0 || l.state.Step == l.saver.step || !l.group.First() {
		return nil
	}
	m, err := l.snapshot()
	if err != nil {
		return err
	}
	return l.saver.write(m)
}

// saved saves what there is before data that can no longer be read ends the run with err.
func (l *loop) saved(err error) error {
	if errors.As(err, new(*mmap.Fault)) {
		err = errors.Join(err, l.interrupted())
	}
	return err
}

// withKept adds to the error that ends a run what is left of it, and what to do.
func (l *loop) withKept(err error) error {
	if errors.As(err, new(*allreduce.LateError)) {
		err = fmt.Errorf("%w; --rank-timeout says how long ranks wait", err)
	}
	step, ok, latestErr := l.saver.run.Latest()
	kept := ok && latestErr == nil
	switch {
	case errors.Is(err, evaluate.ErrDiverged) && kept:
		return fmt.Errorf("%w: the checkpoint of step %d in %s is good; %s", err, step, l.saver.run.Dir(step), againstDivergence)
	case errors.Is(err, evaluate.ErrDiverged):
		return fmt.Errorf("%w: there is no checkpoint yet; %s", err, againstDivergence)
	case kept:
		return fmt.Errorf("%w; the checkpoint of step %d is kept: the same command goes on from there", err, step)
	}
	return fmt.Errorf("%w; there is no checkpoint yet", err)
}

const againstDivergence = "lower optimizer.learning_rate, add schedule.warmup_steps or set train.clip_norm"

func (l *loop) epoch() float64 { return float64(l.state.Position) / float64(l.perEpoch) }

func (l *loop) describeBatch() string {
	t := l.config.Train
	size := fmt.Sprintf("%d examples", t.BatchSize)
	if t.BatchTokens > 0 {
		size = fmt.Sprintf("up to %s tokens", ui.Grouped(t.BatchTokens))
	}
	if t.Accumulate > 1 {
		size = fmt.Sprintf("%d x %s", t.Accumulate, size)
	}
	return size
}
