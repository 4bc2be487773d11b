package trainer

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"t5train/configs"
	"t5train/internal/floats"
	"t5train/internal/optional"
	"t5train/model"
	"t5train/model/kernel"
	"t5train/model/op"
	"t5train/trainer/allreduce"
	"t5train/trainer/evaluate"
	"t5train/trainer/optim"
)

// Stepper does one optimizer step: gradients summed over micro-batches, clipping, update.
type Stepper struct {
	Graph     *model.LossGraph
	params    []*op.Param   // those that are trained
	shown     []optim.Param // the same, as the optimizer sees them
	Optimizer optim.Optimizer
	average   *optim.Averaged // the optimizer, where it averages the weights; else nil
	schedule  optim.Schedule
	workers   *kernel.Workers
	clipNorm  float64 // 0 is off
	seed      uint64  // of the dropout
	group     *allreduce.Group
	reducer   *allreduce.Reducer // nil for a process on its own

	scheduleStep int // steps before the first one of the schedule

	beforeUpdate func() // called once a step, before the weights and the optimizer's state change; nil is nothing
}

// NewStepper returns the stepper of a resolved configuration, for a run of total steps, whose steps are divided over
// the ranks of group. It computes in the precision of the configuration. Whoever is done with it closes its graph.
func NewStepper(c *configs.Config, m *model.T5, w *kernel.Workers, total int,
	group *allreduce.Group) (*Stepper, error) {
	precision, err := kernel.ParsePrecision(c.Train.Precision)
	if err != nil {
		return nil, fmt.Errorf("train.precision: %w", err)
	}
	w = w.In(precision)
	s := &Stepper{params: m.Trained(), workers: w, clipNorm: c.Train.ClipNorm, seed: uint64(c.Train.Seed),
		group: group}
	s.shown = optimParams(s.params)
	if err := c.Optimizer.SetGroups(s.shown); err != nil {
		return nil, err
	}
	if s.Optimizer, err = optim.New(c.Optimizer, s.shown, w); err != nil {
		return nil, err
	}
	if decay := c.Train.EMA; decay > 0 {
		s.average = optim.NewAveraged(s.Optimizer, decay, s.shown, w)
		s.Optimizer = s.average
	}
	if s.schedule, err = newSchedule(c, total); err != nil {
		return nil, err
	}
	s.Graph, err = m.LossGraph(w, model.LossOptions{
		Dropout: float32(m.Config.DropoutRate),
		ZLoss:   float32(c.Train.ZLoss), LabelSmoothing: float32(c.Train.LabelSmoothing),
		VectorWeight: float32(optional.Value(c.Objective.VectorWeight)),
		Gradients:    true, Recompute: c.Train.Recompute,
	})
	if err != nil {
		return nil, err
	}
	if group.Size() > 1 {
		var tables []*op.Param
		if m.Shared != m.LMHead && !m.Shared.Frozen {
			tables = append(tables, m.Shared)
		}
		if s.reducer, err = allreduce.NewReducer(group, s.params, tables, w); err != nil {
			return nil, errors.Join(fmt.Errorf("make place for gradients: %w", err), s.Graph.Close())
		}
	}
	return s, nil
}

// NewProbe returns a stepper for some steps that are measured and belong to no run.
func NewProbe(c *configs.Config, m *model.T5, w *kernel.Workers, steps int) (*Stepper, error) {
	return NewStepper(c, m, w, max(c.Train.Steps, steps, c.Schedule.WarmupSteps+1), nil)
}

// StepResult is what a step did.
type StepResult struct {
	Loss         float64 // what was minimised, mean over the targets
	GradNorm     float64 // global norm before clipping
	LearningRate float64
	Tokens       int           // input and target tokens, of all ranks
	Waited       time.Duration // of this rank, for the gradients of others
}

// Step updates the weights with the gradient of the batches' loss: the mean over all their targets together, and those
// of the other ranks, so that a step of several micro-batches is the step of one large batch. number counts steps from
// 0, micro the batches before these. A loss or gradient that is not finite leaves the weights as they are.
func (s *Stepper) Step(number int, micro int64, batches []model.Batch) (StepResult, error) {
	own := 0
	for _, b := range batches {
		own += b.Targets()
	}
	all, err := allreduce.Gather(s.group, own)
	if err != nil {
		return StepResult{}, fmt.Errorf("step %d: %w", number+1, err)
	}
	targets := 0
	for _, n := range all {
		targets += n
	}
	weights := make([]float32, len(batches))
	for i := range weights {
		weights[i] = 1 / float32(targets)
	}
	return s.update(number, micro, batches, weights)
}

// update is Step with a weight for the summed loss of each batch.
func (s *Stepper) update(number int, micro int64, batches []model.Batch, weights []float32) (StepResult, error) {
	r := StepResult{LearningRate: s.schedule.LR(int64(number - s.scheduleStep))}
	for _, p := range s.params {
		p.ZeroGrad()
	}
	waited := s.reducer.Waited()
	losses, err := s.backward(micro, batches, weights)
	if err != nil {
		return r, fmt.Errorf("step %d: %w", number+1, err)
	}
	r.Waited = s.reducer.Waited() - waited
	for _, l := range losses {
		r.Loss += l.Loss
		r.Tokens += l.Tokens
	}
	for i, p := range s.params {
		s.shown[i].Grad, s.shown[i].Rows = p.Grad(), p.GradRows()
	}
	r.GradNorm = optim.ClipGlobalNorm(s.shown, s.clipNorm, s.workers)
	if err := r.checkFinite(); err != nil {
		return r, s.group.Common(fmt.Errorf("step %d: %w", number+1, err))
	}
	if s.beforeUpdate != nil {
		s.beforeUpdate()
	}
	if err := s.Optimizer.Step(r.LearningRate, s.shown); err != nil {
		return r, fmt.Errorf("step %d: %w", number+1, err)
	}
	return r, nil
}

// batchLoss is what a micro-batch adds to a step.
type batchLoss struct {
	Loss   float64
	Tokens int
}

// backward computes the gradients of the batches of all ranks, each its own, and returns the losses of all of them in
// order.
func (s *Stepper) backward(micro int64, batches []model.Batch, weights []float32) ([]batchLoss, error) {
	losses := make([]batchLoss, len(batches))
	run := func(i int, final func(*op.Param)) error {
		b := batches[i]
		totals, err := s.Graph.Run(b, op.Pass{
			Train: true, Seed: s.seed, Number: uint32(micro) + uint32(i), GradScale: weights[i], Final: final,
		})
		losses[i] = batchLoss{totals.Loss * float64(weights[i]), b.Tokens()}
		return err
	}
	last := len(batches) - 1
	for i := range last {
		if err := run(i, nil); err != nil {
			return nil, err
		}
	}
	if err := s.reducer.Reduce(func(final func(*op.Param)) error { return run(last, final) }); err != nil {
		return nil, err
	}
	all, err := allreduce.Gather(s.group, losses)
	return slices.Concat(all...), err
}

// checkFinite makes sure that the step is one to be taken.
func (r StepResult) checkFinite() error {
	switch {
	case !floats.IsFinite(r.Loss):
		return fmt.Errorf("the loss is %g: %w", r.Loss, evaluate.ErrDiverged)
	case !floats.IsFinite(r.GradNorm):
		return fmt.Errorf("the gradient norm is %g: %w", r.GradNorm, evaluate.ErrDiverged)
	}
	return nil
}

// newSchedule builds the learning-rate schedule for a run of total steps.
func newSchedule(c *configs.Config, total int) (optim.Schedule, error) {
	rate, err := c.Optimizer.Rate()
	if err != nil {
		return optim.Schedule{}, err
	}
	s, err := optim.NewSchedule(c.Schedule.Name, optim.ScheduleOptions{
		LR: rate, Warmup: int64(c.Schedule.WarmupSteps), Total: int64(total),
	})
	if err != nil {
		return s, fmt.Errorf("%w: train longer (train.epochs, train.steps or train.minutes) or lower "+
			"schedule.warmup_steps", err)
	}
	return s, nil
}

// optimParams shows the parameters of a model to the optimizer.
func optimParams(params []*op.Param) []optim.Param {
	list := make([]optim.Param, len(params))
	for i, p := range params {
		list[i] = optim.Param{Name: p.Name, Shape: p.Shape, Value: p.Value}
	}
	return list
}
