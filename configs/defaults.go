package configs

// Default returns the configuration before anything is set: fine-tuning with Adafactor as transformers
// recommends it for T5 (constant 1e-3, no parameter scaling, no relative step).
func Default() *Config {
	return &Config{
		Data:       Data{MaxInputLength: 512, MaxTargetLength: 128},
		Train:      Train{Epochs: 3, BatchSize: 32, Accumulate: 1, Seed: 1, LogEvery: 10},
		Optimizer:  Optimizer{Name: "adafactor"},
		Schedule:   Schedule{Name: "constant"},
		Eval:       Eval{BatchSize: 32},
		Checkpoint: Checkpoint{KeepLast: 2},
	}
}

// Resolve fills what is unset and depends on other keys: the options of the chosen optimizer and the metric.
// Afterwards every option of that optimizer is non-nil, except the learning rate under relative_step. [Load]
// calls it; call it on a Config made by hand.
func (c *Config) Resolve() {
	c.Optimizer.resolve()
	if c.Eval.Metric == "" {
		switch c.Task.Name {
		case classification:
			c.Eval.Metric = "accuracy"
		case seq2seq:
			c.Eval.Metric = "loss"
		}
	}
}

func (o *Optimizer) resolve() {
	switch o.Name {
	case adafactor: // the values of transformers.Adafactor, with its recommendation for fine-tuning T5
		fill(&o.RelativeStep, false)
		fill(&o.ScaleParameter, false)
		fill(&o.WarmupInit, false)
		fill(&o.ClipThreshold, 1)
		fill(&o.DecayRate, -0.8) // Shazeer & Stern 2018, section 7.2
		fill(&o.Beta1, 0)
		fill(&o.Eps1, 1e-30) // Shazeer & Stern 2018, section 6
		fill(&o.Eps2, 1e-3)
		fill(&o.MinDimSizeToFactor, 0)
		if !*o.RelativeStep {
			fill(&o.LearningRate, 1e-3)
		}
	case adamw: // the values of torch.optim.AdamW; the rate is the one transformers recommends for T5
		fill(&o.LearningRate, 3e-4)
		fill(&o.Beta1, 0.9)
		fill(&o.Beta2, 0.999)
		fill(&o.Eps, 1e-8)
	case sgd:
		fill(&o.LearningRate, 1e-2)
		fill(&o.Momentum, 0.9)
	}
}

func fill[T any](option **T, value T) {
	if *option == nil {
		*option = &value
	}
}
