package configs

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// Default returns the configuration before anything is set: fine-tuning with Adafactor as transformers
// recommends it for T5 (constant 1e-3, no parameter scaling, no relative step).
func Default() *Config {
	return &Config{
		Data:       Data{MaxInputLength: 512, MaxTargetLength: 128, MixtureTemperature: 1},
		Train:      Train{Epochs: 3, BatchSize: 32, Accumulate: 1, Seed: 1, LogEvery: 10},
		Optimizer:  Optimizer{Name: "adafactor"},
		Schedule:   Schedule{Name: "constant"},
		Eval:       Eval{BatchSize: 32},
		Checkpoint: Checkpoint{KeepLast: 2},
	}
}

// DefaultPretraining returns the configuration of pre-training before anything is set: span corruption with Adafactor and
// the learning rate as T5 was trained (Raffel et al. 2020, section 3.1.2; t5x/examples/t5/t5_1_1).
func DefaultPretraining() *Config {
	c := Default()
	c.Objective = Objective{Name: spanCorruption}
	c.Data.Split = "concat"
	c.Train.Epochs, c.Train.ZLoss = 1, 1e-4
	c.Schedule.Name = rsqrt
	c.Eval.Samples = 2
	c.Checkpoint.EverySteps = 1000
	return c
}

// Pretraining tells whether this is a configuration of pre-training, which is what names an objective.
func (c *Config) Pretraining() bool { return c.Objective.Name != "" }

// Resolve fills what is unset and depends on other keys: the options of the chosen optimizer and objective and the
// metric. A size by the name of its model, t5-small or google/t5-v1_1-small, becomes its own name. Afterwards every option of those two is non-nil, except the learning rate under relative_step. [Load] calls
// it; call it on a Config made by hand.
func (c *Config) Resolve() {
	c.Model.Size = strings.TrimPrefix(strings.TrimPrefix(c.Model.Size, "google/"), "t5-")
	if c.Schedule.Name == rsqrt && c.Schedule.WarmupSteps == 0 {
		c.Schedule.WarmupSteps = 10_000 // Raffel et al. 2020, section 3.1.2
	}
	peak := 1.0 // base learning rate for a peak of 1
	if c.Schedule.Name == rsqrt {
		peak = math.Sqrt(float64(c.Schedule.WarmupSteps))
	}
	c.Optimizer.resolve(c.Pretraining(), peak)
	c.Objective.resolve()
	if c.Pretraining() {
		fill(&c.Model.DropoutRate, 0)
		c.Data.Mixture = slices.Clone(c.Data.Mixture)
		for i := range c.Data.Mixture {
			c.Data.Mixture[i].Task = cmp.Or(c.Data.Mixture[i].Task, "text")
		}
	}
	if c.Eval.Metric == "" && c.Pretraining() {
		c.Eval.Metric = "loss"
	}
}

func (o *Optimizer) resolve(pretraining bool, peak float64) {
	switch o.Name {
	case adafactor: // the values of transformers.Adafactor, with its recommendation for fine-tuning T5
		fill(&o.RelativeStep, false)
		fill(&o.ScaleParameter, pretraining)
		fill(&o.WarmupInit, false)
		fill(&o.ClipThreshold, 1)
		fill(&o.DecayRate, -0.8) // Shazeer & Stern 2018, section 7.2
		fill(&o.Beta1, 0)
		fill(&o.Eps1, 1e-30) // Shazeer & Stern 2018, section 6
		fill(&o.Eps2, 1e-3)
		fill(&o.MinDimSizeToFactor, 0)
		switch {
		case *o.RelativeStep:
		case pretraining:
			fill(&o.LearningRate, 1e-2*peak)
		default:
			fill(&o.LearningRate, 1e-3*peak)
		}
	case adamw: // the values of torch.optim.AdamW; the rate is the one transformers recommends for T5
		fill(&o.LearningRate, 3e-4*peak)
		fill(&o.Beta1, 0.9)
		fill(&o.Beta2, 0.999)
		fill(&o.Eps, 1e-8)
	case sgd:
		fill(&o.LearningRate, 1e-2*peak)
		fill(&o.Momentum, 0.9)
	}
}

func (o *Objective) resolve() {
	if o.Name == "" {
		return
	}
	fill(&o.InputLength, 512)
	switch o.Name {
	case spanCorruption: // Raffel et al. 2020, section 3.3.4
		fill(&o.Density, 0.15)
		fill(&o.MeanSpanLength, 3)
		fill(&o.FinalSentinel, false)
	case iid:
		fill(&o.Density, 0.15)
	case prefixLM:
		fill(&o.Density, 0.5) // t5/models/gin/objectives/prefix_lm.gin
	case ul2:
		fill(&o.ModeTokens, true)
		fill(&o.SequentialRate, 0.5)
	}
}

func fill[T any](option **T, value T) {
	if *option == nil {
		*option = &value
	}
}
