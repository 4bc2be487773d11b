package optim

import (
	_ "embed"
	"errors"

	"t5train/internal/optional"
)

// Source is this file: the comments of the fields of [Spec] are the documentation of the keys of a configuration.
//
//go:embed spec.go
var Source string

// Spec says how gradients change weights. The keys of an optimizer that is not chosen must stay unset.
//
// It is the section optimizer of a configuration, with the tags of package configs: `of` names the optimizers that have
// a key.
type Spec struct {
	// The update rule. Adafactor needs the least memory and is T5's own; adamw keeps two floats a parameter.
	Name string `yaml:"name" names:"optimizers"`
	// Peak learning rate, but with schedule rsqrt the peak times sqrt(warmup_steps). Unset: a peak of 1e-3 for
	// adafactor (with scale_parameter, in pre-training and for model.size: 1e-2), 3e-4 for adamw (model.size: 1e-3),
	// 1e-2 for sgd. Must stay unset with relative_step, which computes its own.
	LearningRate *float64 `yaml:"learning_rate" range:"> 0"`
	// Share of a weight taken away at each step, times the learning rate. 0 for fine-tuning T5; 0.01 is usual with
	// adamw. Scales of norms and position biases do not decay, unless decay_all is set.
	WeightDecay float64 `yaml:"weight_decay" range:">= 0"`
	// Let scales of norms and position biases decay like all other weights.
	DecayAll bool `yaml:"decay_all"`
	// Factors of the learning rate for parts of the model: a list such as [encoder=0.1, decoder.block.0-3=0.5], with
	// names as in train.freeze. A part of two groups has the product of their factors. Empty: 1 everywhere.
	Groups []string `yaml:"groups" unit:"modules and factors"`
	// Layer-wise decay of the learning rate: the factor of the last block of each stack, for the one before it twice,
	// and so on down to the embedding. The final norms and an lm_head of its own have none. 0 = none; 0.8 to 0.95 is
	// usual for fine-tuning.
	LayerDecay float64 `yaml:"layer_decay" range:"> 0 and <= 1" zero:"off"`

	// Adafactor: compute the learning rate from the step, min(1e-2, 1/sqrt(step)). Unset: false.
	RelativeStep *bool `yaml:"relative_step" of:"adafactor"`
	// Adafactor: multiply the learning rate by the size (RMS) of each parameter. Unset: true for pre-training, and for
	// model.size without a learning rate; else false, as transformers recommends for fine-tuning at 1e-3. True, as T5
	// was trained, makes steps about 20 times smaller for typical weights: raise the learning rate to 1e-2 for a new
	// model.
	ScaleParameter *bool `yaml:"scale_parameter" of:"adafactor"`
	// Adafactor: let the relative step start at 1e-6 x step. Unset: false. Needs relative_step.
	WarmupInit *bool `yaml:"warmup_init" of:"adafactor"`
	// Adafactor: largest RMS of an update. Unset: 1.
	ClipThreshold *float64 `yaml:"clip_threshold" range:"> 0" of:"adafactor"`
	// Adafactor: exponent c of the second moment's decay 1 - step^c. Unset: -0.8.
	DecayRate *float64 `yaml:"decay_rate" range:"< 0" of:"adafactor"`
	// Adafactor and adamw: decay of the first moment. Unset: 0.9 for adamw, 0 for adafactor. 0 = none: with adafactor
	// any other value costs one float a parameter.
	Beta1 *float64 `yaml:"beta1" range:">= 0 and < 1" of:"adafactor adamw"`
	// Adamw: decay of the second moment. Unset: 0.999.
	Beta2 *float64 `yaml:"beta2" range:">= 0 and < 1" of:"adamw"`
	// Adamw: added to the root of the second moment. Unset: 1e-8.
	Eps *float64 `yaml:"eps" range:"> 0" of:"adamw"`
	// Adafactor: added to the squared gradient. Unset: 1e-30.
	Eps1 *float64 `yaml:"eps1" range:"> 0" of:"adafactor"`
	// Adafactor: least size of a parameter that scale_parameter counts with. Unset: 1e-3.
	Eps2 *float64 `yaml:"eps2" range:"> 0" of:"adafactor"`
	// Adafactor: factor the second moment of a matrix only when both sides reach this. Unset: 0, every matrix, as
	// transformers does; 128 as T5X does.
	MinDimSizeToFactor *int `yaml:"min_dim_size_to_factor" range:">= 0" of:"adafactor"`
	// Sgd: share of the last update that is kept. Unset: 0.9.
	Momentum *float64 `yaml:"momentum" range:">= 0 and < 1" of:"sgd"`
}

// OwnRate reports whether the optimizer computes its learning rate and does not look at that of the schedule.
func (s *Spec) OwnRate() bool { return optional.Value(s.RelativeStep) }

// Resolve fills the options that are unset of the optimizer that is named, and unless it has its own, the learning
// rate: base times the usual peak. An unknown name has neither.
func (s *Spec) Resolve(pretraining bool, base float64) {
	k, err := kindOf(s.Name)
	if err != nil {
		return
	}
	k.resolve(s, pretraining)
	if !s.OwnRate() {
		optional.Fill(&s.LearningRate, k.peak(pretraining)*base)
	}
}

// Rate returns the learning rate of a resolved section; 0 if the optimizer has its own.
func (s *Spec) Rate() (float64, error) {
	if s.LearningRate == nil && !s.OwnRate() {
		return 0, errors.New("the learning rate is unset: set optimizer.learning_rate")
	}
	return optional.Value(s.LearningRate), nil
}
