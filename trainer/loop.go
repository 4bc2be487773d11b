package trainer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/data"
	"t5train/model"
	"t5train/model/kernel"
	"t5train/trainer/metric"
)

// loop is a training run: steps, with log lines, evaluations and checkpoints between them.
type loop struct {
	config     *configs.Config
	bundle     *Bundle
	batches    *data.Batches
	perEpoch   int64   // examples
	heldOut    heldOut // nil without evaluation
	stepper    *stepper
	total      int // steps of the whole run
	checkpoint *checkpoints.Run
	history    *history
	console    *Console
	state      state
	metrics    map[string]float64 // of the evaluation at state.Evaluated
}

func newLoop(c *configs.Config, b *Bundle, m *material, w *kernel.Workers, run *checkpoints.Run, console *Console) (*loop, error) {
	l := &loop{
		config: c, bundle: b, heldOut: m.heldOut, perEpoch: int64(m.train.Len()), checkpoint: run, console: console,
		state: state{Examples: int64(m.train.Len()), Stores: m.stores, Config: decisive(c)},
	}
	var err error
	if l.batches, err = trainBatches(c, m); err != nil {
		return nil, err
	}
	l.total = totalSteps(c.Train, l.batches)
	l.stepper = &stepper{params: b.Model.Params, workers: w, clipNorm: c.Train.ClipNorm, seed: uint64(c.Train.Seed)}
	if l.stepper.optimizer, err = newOptimizer(c.Optimizer, optimParams(b.Model.Params), w); err != nil {
		return nil, err
	}
	if l.stepper.schedule, err = newSchedule(c, l.total); err != nil {
		return nil, err
	}
	if l.stepper.graph, err = b.Model.LossGraph(w, lossOptions(c, b.Model)); err != nil {
		return nil, err
	}
	return l, nil
}

// trainBatches returns the micro-batches of a run.
func trainBatches(c *configs.Config, m *material) (*data.Batches, error) {
	b, err := data.NewBatches(m.train, data.Size{Examples: c.Train.BatchSize, Tokens: c.Train.BatchTokens}, m.order)
	if err != nil {
		return nil, fmt.Errorf("read data.train: %w", err)
	}
	return b, nil
}

// lossOptions returns what is minimised.
func lossOptions(c *configs.Config, m *model.T5) model.LossOptions {
	return model.LossOptions{
		Dropout: float32(m.Config.DropoutRate), ZLoss: float32(c.Train.ZLoss), LabelSmoothing: float32(c.Train.LabelSmoothing),
		Gradients: true, Recompute: c.Train.Recompute,
	}
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
	l.stepper.graph.Close()
	if l.history != nil {
		l.history.close()
	}
}

// resume sets the loop to where a checkpoint left off. The weights are loaded already.
func (l *loop) resume(from start) error {
	if was, is := from.state.Examples, l.perEpoch; was != is {
		return fmt.Errorf("resume: data.train has %d examples, but had %d when the run began: restore the files, or choose another --output", is, was)
	}
	if was, is := from.state.Stores, l.state.Stores; !slices.Equal(was, is) {
		return fmt.Errorf("resume: the text to train on has changed since the run began: its token stores were %v and are %v: restore the files, or choose another --output", was, is)
	}
	l.state = from.state
	info, err := ReadInfo(from.dir)
	if err != nil {
		return err
	}
	l.metrics = info.Metrics
	return loadOptimizer(from.dir, l.stepper.optimizer)
}

func (l *loop) run(ctx context.Context) (*Result, error) {
	c := l.config
	l.console.Say("train: %s steps of %s, %s optimizer, to %s", grouped(l.total), l.describeBatch(), c.Optimizer.Name, c.Output)
	progress := l.console.StartBar("train", "steps", int64(l.total))
	defer progress.Stop()
	log := newStepLog(l, progress)
	newEpoch := false
	for {
		err := ctx.Err()
		if err == nil {
			err = l.settle(ctx, log, newEpoch)
		}
		switch {
		case err == nil && l.state.Finished: // also when ctx ended while the last checkpoint was written
			return l.result(false), nil
		case ctx.Err() != nil && (err == nil || errors.Is(err, ctx.Err())):
			return l.interrupted()
		case err != nil:
			return nil, l.diverged(err)
		}
		epoch := l.batches.Epoch(l.state.Position)
		batches := l.read()
		r, err := l.stepper.step(l.state.Step, l.state.MicroBatches, batches)
		if err != nil {
			return nil, l.diverged(err)
		}
		l.state.Step++
		l.state.MicroBatches += int64(len(batches))
		newEpoch = l.batches.Epoch(l.state.Position) != epoch
		l.state.EvaluateNext = l.heldOut != nil && (l.state.Step == l.total || due(l.state.Step, l.config.Eval.EverySteps, newEpoch))
		if err := log.step(r); err != nil {
			return nil, err
		}
	}
}

// settle evaluates and saves after a step, where that is due. A run that was stopped before it was done does it when it
// goes on.
func (l *loop) settle(ctx context.Context, log *stepLog, newEpoch bool) error {
	if l.state.Step == 0 {
		return nil
	}
	log.pause()
	defer log.resume()
	c, evaluated, improved := l.config, l.state.EvaluateNext, false
	if evaluated {
		var err error
		if improved, err = l.evaluate(ctx); err != nil {
			return err
		}
		l.state.EvaluateNext = false
	}
	enough := c.Eval.Patience > 0 && l.state.Waited >= c.Eval.Patience
	l.state.Finished = enough || l.state.Step == l.total
	if enough && l.state.Step < l.total {
		l.console.Say("stop: %d evaluations without a better %s", l.state.Waited, c.Eval.Metric)
	}
	if l.state.Finished || improved || due(l.state.Step, c.Checkpoint.EverySteps, evaluated || l.heldOut == nil && newEpoch) {
		return l.save()
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

// read takes the batches of the next step.
func (l *loop) read() []model.Batch {
	batches := make([]model.Batch, l.config.Train.Accumulate)
	for i := range batches {
		var b data.Batch
		l.state.Position = l.batches.Read(l.state.Position, &b)
		batches[i] = modelBatch(l.bundle.Model, b)
	}
	return batches
}

// evaluate computes the metrics on the validation data and tells whether they are the best so far.
func (l *loop) evaluate(ctx context.Context) (improved bool, err error) {
	progress := l.console.Start("evaluate", "examples", int64(l.heldOut.Len()))
	values, shown, err := l.heldOut.Evaluate(ctx, progress.Set)
	progress.Stop()
	if err != nil {
		return false, fmt.Errorf("step %d: %w", l.state.Step, err)
	}
	all := metricMap(values)
	name := l.config.Eval.Metric
	value, ok := all[name]
	if !ok {
		return false, fmt.Errorf("evaluate: there is no metric %q to compare (eval.metric): want one of %s", name, strings.Join(metricNames(values), ", "))
	}
	l.metrics, l.state.Evaluated = onlyFinite(all), l.state.Step
	if improved = finite(value) && (l.state.Best == nil || better(name, value, *l.state.Best)); improved {
		l.state.Best, l.state.BestStep, l.state.Waited = &value, l.state.Step, 0
	} else {
		l.state.Waited++
	}
	mark := ""
	if improved {
		mark = "  (best)"
	}
	l.console.Say("step %d, epoch %.2f: validation %s%s", l.state.Step, l.epoch(), FormatMetrics(values), mark)
	for _, line := range shown {
		l.console.Say("  %s", line)
	}
	return improved, l.history.add(evalRecord{Kind: kindEval, Step: l.state.Step, Epoch: l.epoch(), Metrics: l.metrics})
}

// better compares two values of a metric: of losses the smaller wins.
func better(name string, value, best float64) bool {
	switch name {
	case "loss", "perplexity", "loss_per_byte", "bits_per_byte":
		return value < best
	default:
		return value > best
	}
}

// save writes a checkpoint of this step, unless an update has spoilt the weights: the good checkpoints before it stay.
func (l *loop) save() error {
	step := l.state.Step
	if name := spoilt(l.bundle.Model.Params); name != "" {
		return fmt.Errorf("step %d: %s has weights that are no finite numbers: %w", step, name, errDiverged)
	}
	l.bundle.Info.Step, l.bundle.Info.Metrics = step, nil
	if l.state.Evaluated == step {
		l.bundle.Info.Metrics = l.metrics
	}
	err := l.checkpoint.Save(step, func(d *checkpoints.Dir) error {
		if err := l.bundle.Write(d); err != nil {
			return err
		}
		return l.state.write(d, l.stepper.optimizer)
	})
	if err != nil {
		return err
	}
	if err := l.markBest(); err != nil {
		return err
	}
	return l.checkpoint.Prune(l.config.Checkpoint.KeepLast)
}

// markBest makes the checkpoint of this step the best if the state says that it is.
func (l *loop) markBest() error {
	if l.state.BestStep == 0 || l.state.BestStep != l.state.Step {
		return nil
	}
	return l.checkpoint.SetBest(l.state.BestStep)
}

// interrupted saves what there is.
func (l *loop) interrupted() (*Result, error) {
	if l.state.Step > 0 {
		if err := l.save(); err != nil {
			return nil, l.diverged(err)
		}
	}
	return l.result(true), nil
}

// diverged adds to errDiverged what is left and what to do; other errors stay as they are.
func (l *loop) diverged(err error) error {
	if !errors.Is(err, errDiverged) {
		return err
	}
	kept := "there is no checkpoint yet"
	if step, ok, latestErr := l.checkpoint.Latest(); latestErr == nil && ok {
		kept = fmt.Sprintf("the checkpoint of step %d in %s is good", step, l.checkpoint.Dir(step))
	}
	return fmt.Errorf("%w: %s; lower optimizer.learning_rate, add schedule.warmup_steps or set train.clip_norm", err, kept)
}

func (l *loop) result(interrupted bool) *Result {
	r := &Result{Step: l.state.Step, BestStep: l.state.BestStep, Interrupted: interrupted}
	if l.state.BestStep > 0 {
		r.Checkpoint = l.checkpoint.Dir(l.state.BestStep)
		if info, err := ReadInfo(r.Checkpoint); err == nil {
			r.Metrics = info.Metrics
		}
	} else if l.state.Step > 0 {
		r.Checkpoint = l.checkpoint.Dir(l.state.Step)
	}
	return r
}

func (l *loop) epoch() float64 { return float64(l.state.Position) / float64(l.perEpoch) }

func (l *loop) describeBatch() string {
	t := l.config.Train
	size := fmt.Sprintf("%d examples", t.BatchSize)
	if t.BatchTokens > 0 {
		size = fmt.Sprintf("up to %s tokens", grouped(t.BatchTokens))
	}
	if t.Accumulate > 1 {
		size = fmt.Sprintf("%d x %s", t.Accumulate, size)
	}
	return size
}

func metricMap(values []metric.Value) map[string]float64 {
	m := make(map[string]float64, len(values))
	for _, v := range values {
		m[v.Name] = v.Value
	}
	return m
}

func metricNames(values []metric.Value) []string {
	var names []string
	for _, v := range values {
		names = append(names, v.Name)
	}
	return names
}

// FormatMetrics writes the metrics that a person looks at first in one line.
func FormatMetrics(values []metric.Value) string {
	var parts []string
	for _, v := range values {
		switch v.Name {
		case "loss", "bits_per_byte", "accuracy", "f1", "token_accuracy", "span_accuracy":
			parts = append(parts, fmt.Sprintf("%s %.4f", v.Name, v.Value))
		}
	}
	return strings.Join(parts, "  ")
}
