package trainer

import (
	"fmt"

	"t5train/configs"
	"t5train/model/kernel"
	"t5train/model/op"
	"t5train/trainer/optim"
)

// newOptimizer builds the optimizer of a resolved config; every option of the chosen one is set there.
func newOptimizer(c configs.Optimizer, params []optim.Param, w *kernel.Workers) (optim.Optimizer, error) {
	switch c.Name {
	case "adamw":
		return optim.NewAdamW(optim.AdamWOptions{Beta1: *c.Beta1, Beta2: *c.Beta2, Eps: *c.Eps, WeightDecay: c.WeightDecay}, params, w)
	case "sgd":
		return optim.NewSGD(optim.SGDOptions{Momentum: *c.Momentum, WeightDecay: c.WeightDecay}, params, w)
	default: // configs allows these three only
		return optim.NewAdafactor(optim.AdafactorOptions{
			RelativeStep: *c.RelativeStep, ScaleParameter: *c.ScaleParameter, WarmupInit: *c.WarmupInit,
			ClipThreshold: *c.ClipThreshold, DecayRate: *c.DecayRate, Beta1: *c.Beta1,
			Eps1: *c.Eps1, Eps2: *c.Eps2, MinDimSizeToFactor: *c.MinDimSizeToFactor, WeightDecay: c.WeightDecay,
		}, params, w)
	}
}

// newSchedule builds the learning-rate schedule for a run of total steps.
func newSchedule(c *configs.Config, total int) (optim.Schedule, error) {
	var rate float64 // with relative_step the optimizer has its own
	if c.Optimizer.LearningRate != nil {
		rate = *c.Optimizer.LearningRate
	}
	s, err := optim.NewSchedule(c.Schedule.Name, optim.ScheduleOptions{LR: rate, Warmup: int64(c.Schedule.WarmupSteps), Total: int64(total)})
	if err != nil {
		return s, fmt.Errorf("%w: train longer (train.epochs or train.steps) or lower schedule.warmup_steps", err)
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
