package configs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"t5train/configs/suit"
	"t5train/data/objective"
	"t5train/internal/optional"
	"t5train/model/kernel"
	"t5train/trainer/optim"
)

// Default returns the configuration before anything is set: fine-tuning with Adafactor as transformers recommends it
// for T5 (constant 1e-3, no parameter scaling, no relative step).
func Default() *Config {
	return &Config{
		Data: Data{MaxInputLength: 512, MaxTargetLength: 128, MixtureTemperature: 1},
		Train: Train{Epochs: 3, BatchSize: 32, Accumulate: 1, Precision: kernel.Float32.String(), Seed: 1,
			LogEvery: 10},
		Optimizer:  optim.Spec{Name: optim.NameAdafactor},
		Schedule:   Schedule{Name: optim.NameConstant},
		Eval:       Eval{BatchSize: 32},
		Checkpoint: Checkpoint{KeepLast: 2},
	}
}

// DefaultPretraining returns the configuration of pre-training before anything is set: span corruption with Adafactor
// and the learning rate as T5 was trained (Raffel et al. 2020, section 3.1.2; t5x/examples/t5/t5_1_1).
func DefaultPretraining() *Config {
	c := Default()
	c.Objective = objective.Spec{Name: objective.NameSpanCorruption}
	c.Data.Split = "concat"
	c.Train.Epochs, c.Train.ZLoss = 1, 1e-4
	c.Schedule.Name = optim.NameRSqrt
	c.Eval.Samples = 2
	c.Checkpoint.EverySteps = 1000
	return c
}

// suit changes the defaults of fine-tuning, which are for pre-trained weights and thousands of rows, to those that
// suit a model and its data, where given says that a key is not set, and returns what it has set. Random weights and
// small models get T5's own optimizer, Adafactor with parameter scaling at 1e-2 (Raffel et al. 2020, section 3.1.2),
// which comes down to 0: with new weights of v1_1-tiny it brings the validation accuracy of trec from 0.59 to 0.79 and
// of sst2 from 0.65 to 0.81; adamw at 1e-3 reaches 0.66 of trec, at 3e-3 0.59.
func (c *Config) suit(f suit.Facts, given func(key string) bool) (set []string) {
	note := func(key string, value any) { set = append(set, fmt.Sprintf("%s %v", key, value)) }
	t, o := &c.Train, &c.Optimizer
	if f.Small() && t.BatchSize > 0 && !given("train.batch_size") {
		t.BatchSize = suit.SmallBatch
		note("train.batch_size", t.BatchSize)
	}
	if t.Epochs > 0 && !given("train.epochs") {
		usual := t.Epochs
		if !f.Pretrained {
			t.Epochs = 10
		}
		if t.Epochs = f.Epochs(t.Epochs, t.BatchSize, t.Accumulate); t.Epochs != usual {
			note("train.epochs", t.Epochs)
		}
	}
	c.suitEvaluation(f, given, note)
	if f.Small() && f.NoDropout && c.Model.DropoutRate == nil {
		c.Model.DropoutRate = new(suit.SmallDropout)
		note("model.dropout_rate", *c.Model.DropoutRate)
	}
	if c.LoRA.On() {
		set = append(set, o.ForAdapters(given("optimizer.name"))...)
	}
	if f.Pretrained && !(f.Small() && o.Name == optim.NameAdafactor) && !c.LoRA.On() {
		return set
	}
	if !given("schedule.name") && !o.OwnRate() {
		c.Schedule.Name = optim.NameLinear
		note("schedule.name", c.Schedule.Name)
	}
	if o.LearningRate != nil || o.OwnRate() { // which are meant for the optimizer as it is otherwise
		return set
	}
	rate, others := o.ForNewWeights()
	for _, option := range others {
		set = append(set, "optimizer."+option)
	}
	if rate == 0 {
		return set
	}
	o.LearningRate = &rate
	note("optimizer.learning_rate", rate)
	return set
}

// suitEvaluation bounds the time that evaluations take.
func (c *Config) suitEvaluation(f suit.Facts, given func(key string) bool, note func(string, any)) {
	t := c.Train
	perEpoch := f.StepsPerEpoch(t.BatchSize, t.Accumulate)
	steps := max(float64(t.Steps), t.Epochs*perEpoch) // 0 where a time is given: their number is not known yet
	if perEpoch == 0 || !c.evaluates() {
		return
	}
	if !given("eval.every_steps") {
		c.Eval.EverySteps = suit.EverySteps(cmp.Or(steps, max(800, 8*perEpoch)))
		note("eval.every_steps", c.Eval.EverySteps)
	}
	if most := f.MaxHeldOut(steps / perEpoch); most > 0 && steps > 0 && !given("data.max_validation_examples") {
		c.Data.MaxValidationExamples = most
		note("data.max_validation_examples", most)
	}
}

// Pretraining reports whether this is a configuration of pre-training, which is what names an objective.
func (c *Config) Pretraining() bool { return c != nil && c.Objective.Name != "" }

// Resolve fills what is unset and depends on other keys: the options of the chosen optimizer and objective and the
// metric. A size by the name of its model, t5-small or google/t5-v1_1-small, becomes its own name. Afterwards every
// option of those two is non-nil, except the learning rate under relative_step. [Load] calls it; call it on a Config
// made by hand.
func (c *Config) Resolve() {
	c.Model.Size = strings.TrimPrefix(strings.TrimPrefix(c.Model.Size, "google/"), "t5-")
	c.Schedule.WarmupSteps = cmp.Or(c.Schedule.WarmupSteps, c.Schedule.kind().UsualWarmup)
	c.Optimizer.Resolve(c.Pretraining(), c.Schedule.base())
	c.Objective.Resolve()
	c.Distill.Resolve()
	if c.Pretraining() {
		optional.Fill(&c.Model.DropoutRate, 0)
		c.Eval.Metric = cmp.Or(c.Eval.Metric, "loss")
		c.Data.Mixture = slices.Clone(c.Data.Mixture)
		for i := range c.Data.Mixture {
			c.Data.Mixture[i].Task.Name = cmp.Or(c.Data.Mixture[i].Task.Name, textTask)
			if c.Data.Mixture[i].VectorColumn != "" {
				optional.Fill(&c.Objective.VectorWeight, 24)
			}
		}
	}
}

func (s Schedule) kind() optim.ScheduleKind {
	k, _ := optim.ScheduleOf(s.Name) // an unknown name is a mistake of its own
	return k
}

// base is the learning rate that gives the schedule a peak of 1.
func (s Schedule) base() float64 { return s.kind().Base(s.WarmupSteps) }

// RateWarning returns a warning where the learning rate of a resolved configuration is probably a mistake, or "". The
// usual mistake is about schedule rsqrt: there optimizer.learning_rate is not the peak, but the peak times the root of
// the steps of the warm-up.
func (c *Config) RateWarning() string {
	if c.Optimizer.LearningRate == nil {
		return ""
	}
	rate, base := *c.Optimizer.LearningRate, c.Schedule.base()
	usual, implausible := optim.UsualPeak(c.Optimizer.Name, c.Pretraining())
	switch {
	case base >= 10 && rate <= 5*usual: // a peak's size, and not that of a peak times the root
		return fmt.Sprintf("schedule %s divides optimizer.learning_rate, %g, by the root of warmup_steps, so that "+
			"training begins at %.2e: for a peak of %g set it to %g, or choose another "+
			"schedule", c.Schedule.Name, rate, rate/base, rate, rate*base)
	case rate/base >= implausible:
		return fmt.Sprintf("the learning rate has a peak of %g: optimizer.learning_rate of a run with schedule %s "+
			"is its peak times the root of its warmup_steps, "+
			"and does not fit another schedule: leave it out, or set it to %g", rate/base, optim.NameRSqrt, usual*base)
	case c.Pretraining() && c.Model.Path != "" && c.Optimizer.Name == optim.NameAdafactor &&
		rate/base >= usual: // Raffel et al. 2020, section 3.1.2
		return fmt.Sprintf("the learning rate begins at %.2e, as for new weights, and may undo what the model has "+
			"learnt: T5's own pre-training ended at 1e-3 after a million steps, "+
			"where optimizer.learning_rate 1e-3 with schedule.name=%s continues", rate/base, optim.NameConstant)
	}
	return ""
}
