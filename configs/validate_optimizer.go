package configs

import (
	"slices"
	"strings"
)

// optimizerKeys lists the keys that only some optimizers have, with those that have them.
func (o *Optimizer) optimizerKeys() []optimizerKey {
	return []optimizerKey{
		{"optimizer.relative_step", o.RelativeStep != nil, []string{adafactor}},
		{"optimizer.scale_parameter", o.ScaleParameter != nil, []string{adafactor}},
		{"optimizer.warmup_init", o.WarmupInit != nil, []string{adafactor}},
		{"optimizer.clip_threshold", o.ClipThreshold != nil, []string{adafactor}},
		{"optimizer.decay_rate", o.DecayRate != nil, []string{adafactor}},
		{"optimizer.beta1", o.Beta1 != nil, []string{adafactor, adamw}},
		{"optimizer.beta2", o.Beta2 != nil, []string{adamw}},
		{"optimizer.eps", o.Eps != nil, []string{adamw}},
		{"optimizer.eps1", o.Eps1 != nil, []string{adafactor}},
		{"optimizer.eps2", o.Eps2 != nil, []string{adafactor}},
		{"optimizer.min_dim_size_to_factor", o.MinDimSizeToFactor != nil, []string{adafactor}},
		{"optimizer.momentum", o.Momentum != nil, []string{sgd}},
	}
}

type optimizerKey struct {
	path   string
	set    bool
	owners []string
}

func (o *Optimizer) problems() []problem {
	var ps []problem
	if slices.Contains([]string{adafactor, adamw, sgd}, o.Name) { // of an unknown optimizer nothing is foreign
		for _, k := range o.optimizerKeys() {
			if k.set && !slices.Contains(k.owners, o.Name) {
				ps = append(ps, mistake(k.path,
					"is a key of %s, but optimizer.name is %s: remove it, or unset it with --set %s=null",
					strings.Join(k.owners, " and "), o.Name, k.path))
			}
		}
	}
	if o.relativeStep() && o.LearningRate != nil {
		ps = append(ps, mistake("optimizer.learning_rate",
			"got %g, want it unset with optimizer.relative_step, which computes its own: remove one of the two",
			*o.LearningRate))
	}
	if o.WarmupInit != nil && *o.WarmupInit && !o.relativeStep() {
		ps = append(ps, mistake("optimizer.warmup_init",
			"got true, want false without optimizer.relative_step: set that too"))
	}
	return ps
}

func (o *Optimizer) relativeStep() bool { return o.RelativeStep != nil && *o.RelativeStep }
