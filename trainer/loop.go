package trainer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

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
	perEpoch   int64          // examples
	validation *data.Examples // nil without evaluation
	evaluator  *Evaluator
	stepper    *stepper
	total      int // steps of the whole run
	checkpoint *checkpoints.Run
	history    *history
	console    *Console
	state      state
	metrics    map[string]float64 // of the evaluation at state.Evaluated
}

func newLoop(c *configs.Config, b *Bundle, train, validation *data.Examples, w *kernel.Workers, run *checkpoints.Run, console *Console) (*loop, error) {
	l := &loop{
		config: c, bundle: b, validation: validation, perEpoch: int64(train.Len()), checkpoint: run, console: console,
		state: state{Config: decisive(c)},
	}
	var err error
	l.batches, err = data.NewBatches(train, data.Size{Examples: c.Train.BatchSize, Tokens: c.Train.BatchTokens}, data.Order{Shuffle: true, Seed: uint64(c.Train.Seed)})
	if err != nil {
		return nil, fmt.Errorf("read data.train: %w", err)
	}
	l.total = totalSteps(c.Train, l.batches)
	l.stepper = &stepper{params: b.Model.Params, parallel: w.Run, clipNorm: c.Train.ClipNorm, seed: uint64(c.Train.Seed)}
	if l.stepper.optimizer, err = newOptimizer(c.Optimizer, optimParams(b.Model.Params), w); err != nil {
		return nil, err
	}
	if l.stepper.schedule, err = newSchedule(c, l.total); err != nil {
		return nil, err
	}
	l.stepper.graph, err = b.Model.LossGraph(w, model.LossOptions{
		Dropout: float32(b.Model.Config.DropoutRate), ZLoss: float32(c.Train.ZLoss), LabelSmoothing: float32(c.Train.LabelSmoothing), Gradients: true,
	})
	if err != nil {
		return nil, err
	}
	if validation != nil {
		if l.evaluator, err = NewEvaluator(b, *b.Info.Task, w); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// totalSteps returns train.steps, or the whole steps that fit into train.epochs, at least one.
func totalSteps(t configs.Train, batches *data.Batches) int {
	if t.Steps > 0 {
		return t.Steps
	}
	whole := int64(t.Epochs)
	micro := 0
	for epoch := range whole {
		micro += batches.Count(epoch)
	}
	micro += int(math.Ceil((t.Epochs - float64(whole)) * float64(batches.Count(whole))))
	return max(1, micro/t.Accumulate)
}

func (l *loop) close() {
	l.stepper.graph.Close()
	if l.evaluator != nil {
		l.evaluator.Close()
	}
	if l.history != nil {
		l.history.close()
	}
}

// resume sets the loop to where a checkpoint left off. The weights are loaded already.
func (l *loop) resume(from start) error {
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
		if ctx.Err() == nil {
			if err := l.settle(ctx, log, newEpoch); err != nil && ctx.Err() == nil {
				return nil, err
			}
		}
		if ctx.Err() != nil {
			return l.interrupted()
		}
		if l.state.Finished {
			return l.result(false), nil
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
		l.state.EvaluateNext = l.evaluator != nil && (l.state.Step == l.total || due(l.state.Step, l.config.Eval.EverySteps, newEpoch))
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
	if l.state.Finished || improved || due(l.state.Step, c.Checkpoint.EverySteps, evaluated || l.evaluator == nil && newEpoch) {
		return l.save(improved)
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
	progress := l.console.Start("evaluate", "examples", int64(l.validation.Len()))
	values, err := l.evaluator.Evaluate(ctx, l.validation, l.config.Eval.BatchSize, progress.Set)
	progress.Stop()
	if err != nil {
		return false, err
	}
	l.metrics = metricMap(values)
	l.state.Evaluated = l.state.Step
	name := l.config.Eval.Metric
	value, ok := l.metrics[name]
	if !ok {
		return false, fmt.Errorf("evaluate: there is no metric %q to compare (eval.metric): want one of %s", name, strings.Join(metricNames(values), ", "))
	}
	if improved = l.state.Best == nil || better(name, value, *l.state.Best); improved {
		l.state.Best, l.state.BestStep, l.state.Waited = &value, l.state.Step, 0
	} else {
		l.state.Waited++
	}
	mark := ""
	if improved {
		mark = "  (best)"
	}
	l.console.Say("step %d, epoch %.2f: validation %s%s", l.state.Step, l.epoch(), FormatMetrics(values), mark)
	return improved, l.history.add(evalRecord{Kind: "eval", Step: l.state.Step, Epoch: l.epoch(), Metrics: l.metrics})
}

// better compares two values of a metric: of losses the smaller wins, and anything wins over a NaN.
func better(name string, value, best float64) bool {
	if name == "loss" || name == "perplexity" {
		value, best = -value, -best
	}
	return value > best || math.IsNaN(best) && !math.IsNaN(value)
}

// save writes a checkpoint of this step.
func (l *loop) save(best bool) error {
	step := l.state.Step
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
	if best {
		if err := l.checkpoint.SetBest(step); err != nil {
			return err
		}
	}
	return l.checkpoint.Prune(l.config.Checkpoint.KeepLast)
}

// interrupted saves what there is.
func (l *loop) interrupted() (*Result, error) {
	if l.state.Step > 0 {
		if err := l.save(false); err != nil {
			return nil, err
		}
	}
	return l.result(true), nil
}

// diverged adds to an error of a step what is left and what to do.
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
	return finite(m)
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
		case "loss", "accuracy", "f1", "token_accuracy":
			parts = append(parts, fmt.Sprintf("%s %.4f", v.Name, v.Value))
		}
	}
	return strings.Join(parts, "  ")
}

// stepLog gathers what happened between two lines of the log.
type stepLog struct {
	loop     *loop
	progress *Progress
	begun    time.Time
	since    time.Time     // last line
	paused   time.Duration // spent on other things since then
	pausedAt time.Time
	total    time.Duration // training time of this process
	first    int           // step at which this process began
	loss     float64
	steps    int
	tokens   int
}

func newStepLog(l *loop, p *Progress) *stepLog {
	now := time.Now()
	return &stepLog{loop: l, progress: p, begun: now, since: now, first: l.state.Step}
}

// pause and resume leave evaluations and checkpoints out of the throughput.
func (s *stepLog) pause()  { s.pausedAt = time.Now() }
func (s *stepLog) resume() { s.paused += time.Since(s.pausedAt) }

func (s *stepLog) step(r stepResult) error {
	l := s.loop
	s.loss += r.Loss
	s.steps++
	s.tokens += r.Tokens
	step := l.state.Step
	s.progress.Set(int64(step))
	if step%l.config.Train.LogEvery != 0 && step != l.total {
		return nil
	}
	spent := time.Since(s.since) - s.paused
	s.total += spent
	rate := float64(s.tokens) / spent.Seconds()
	loss := s.loss / float64(s.steps)
	line := fmt.Sprintf("loss %.4f  lr %.2e  %s tokens/s", loss, r.LearningRate, grouped(int(rate)))
	if s.progress.console.terminal {
		s.progress.Describe("train  %s", line)
	} else {
		left := ""
		if done := step - s.first; step < l.total {
			left = "  " + remaining(s.total, int64(done), int64(l.total-s.first)) + " left"
		}
		l.console.Say("step %d/%d  epoch %.2f  %s%s", step, l.total, l.epoch(), line, left)
	}
	s.since, s.paused, s.loss, s.steps, s.tokens = time.Now(), 0, 0, 0, 0
	return l.history.add(trainRecord{
		Kind: "train", Step: step, Epoch: l.epoch(), Loss: loss, LearningRate: r.LearningRate,
		GradNorm: r.GradNorm, TokensPerSecond: rate, Seconds: time.Since(s.begun).Seconds(),
	})
}
