package optim

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"t5train/internal/optional"
	"t5train/model/kernel"
)

// The names of the optimizers.
const (
	NameAdafactor = "adafactor"
	NameAdamW     = "adamw"
	NameSGD       = "sgd"
)

// optimizerKind is one optimizer.
type optimizerKind struct {
	name string

	tuned, pretrained float64 // usual peaks of the learning rate: of fine-tuning and of pre-training
	implausible       float64 // a peak from here on is taken for a mistake
	state             int     // floats a parameter that it keeps with its usual options, rounded down

	// newWeights sets the options that suit the fine-tuning of random weights, says which, and returns the peak of the
	// learning rate for them; nil is as for other weights.
	newWeights func(s *Spec) (peak float64, set []string)
	// resolve fills the options that are unset.
	resolve func(s *Spec, pretraining bool)
	// build returns the optimizer of a resolved section.
	build func(s Spec, params []Param, w *kernel.Workers) (Optimizer, error)
}

// optimizerKinds lists the optimizers: whatever wants their names or what is usual for them asks here.
func optimizerKinds() []optimizerKind {
	return []optimizerKind{
		{
			name: NameAdafactor, tuned: 1e-3, pretrained: 1e-2, implausible: 0.1,
			newWeights: scaledForNewWeights, resolve: resolveAdafactor, build: buildAdafactor,
		},
		{
			// as transformers recommends for T5
			name: NameAdamW, tuned: 3e-4, pretrained: 3e-4, implausible: 0.1, state: 2,
			newWeights: func(*Spec) (float64, []string) { return 1e-3, nil },
			resolve: func(s *Spec, _ bool) {
				d := DefaultAdamW()
				optional.Fill(&s.Beta1, d.Beta1)
				optional.Fill(&s.Beta2, d.Beta2)
				optional.Fill(&s.Eps, d.Eps)
			},
			build: func(s Spec, params []Param, w *kernel.Workers) (Optimizer, error) {
				return NewAdamW(AdamWOptions{Beta1: *s.Beta1, Beta2: *s.Beta2, Eps: *s.Eps, WeightDecay: s.WeightDecay},
					params, w)
			},
		},
		{
			name: NameSGD, tuned: 1e-2, pretrained: 1e-2, implausible: math.Inf(1), state: 1,
			resolve: func(s *Spec, _ bool) { optional.Fill(&s.Momentum, DefaultSGD().Momentum) },
			build: func(s Spec, params []Param, w *kernel.Workers) (Optimizer, error) {
				return NewSGD(SGDOptions{Momentum: *s.Momentum, WeightDecay: s.WeightDecay}, params, w)
			},
		},
	}
}

// scaledForNewWeights is T5's own way with new weights: steps in proportion to the parameters.
func scaledForNewWeights(s *Spec) (peak float64, set []string) {
	if s.ScaleParameter == nil {
		s.ScaleParameter = new(true)
		set = []string{"scale_parameter true"}
	}
	if *s.ScaleParameter {
		return 1e-2, set
	}
	return 1e-3, set
}

func resolveAdafactor(s *Spec, pretraining bool) {
	d := DefaultAdafactor()
	optional.Fill(&s.RelativeStep, d.RelativeStep)
	optional.Fill(&s.ScaleParameter, d.ScaleParameter || pretraining)
	optional.Fill(&s.WarmupInit, d.WarmupInit)
	optional.Fill(&s.ClipThreshold, d.ClipThreshold)
	optional.Fill(&s.DecayRate, d.DecayRate)
	optional.Fill(&s.Beta1, d.Beta1)
	optional.Fill(&s.Eps1, d.Eps1)
	optional.Fill(&s.Eps2, d.Eps2)
	optional.Fill(&s.MinDimSizeToFactor, d.MinDimSizeToFactor)
}

func buildAdafactor(s Spec, params []Param, w *kernel.Workers) (Optimizer, error) {
	return NewAdafactor(AdafactorOptions{
		RelativeStep: *s.RelativeStep, ScaleParameter: *s.ScaleParameter, WarmupInit: *s.WarmupInit,
		ClipThreshold: *s.ClipThreshold, DecayRate: *s.DecayRate, Beta1: *s.Beta1,
		Eps1: *s.Eps1, Eps2: *s.Eps2, MinDimSizeToFactor: *s.MinDimSizeToFactor, WeightDecay: s.WeightDecay,
	}, params, w)
}

func (k optimizerKind) peak(pretraining bool) float64 {
	if pretraining {
		return k.pretrained
	}
	return k.tuned
}

// Names returns the names of the optimizers.
func Names() []string {
	var names []string
	for _, k := range optimizerKinds() {
		names = append(names, k.name)
	}
	return names
}

func kindOf(name string) (optimizerKind, error) {
	kinds := optimizerKinds()
	if i := slices.IndexFunc(kinds, func(k optimizerKind) bool { return k.name == name }); i >= 0 {
		return kinds[i], nil
	}
	return optimizerKind{}, fmt.Errorf("optimizer %q is unknown, want one of %s", name, strings.Join(Names(), ", "))
}

// New returns the optimizer of a section for the parameters, whose gradients it does not look at yet. Options that
// [Spec.Resolve] has not filled are those of fine-tuning.
func New(s Spec, params []Param, w *kernel.Workers) (Optimizer, error) {
	k, err := kindOf(s.Name)
	if err != nil {
		return nil, err
	}
	k.resolve(&s, false)
	return k.build(s, params, w)
}

// UsualPeak returns the peak of the learning rate where none is set and the least one that cannot be meant; 0 and 0 for
// an unknown name.
func UsualPeak(name string, pretraining bool) (usual, implausible float64) {
	k, _ := kindOf(name)
	return k.peak(pretraining), k.implausible
}

// StateFloats returns how many floats a parameter the optimizer of a name keeps with its usual options, rounded down.
func StateFloats(name string) int {
	k, _ := kindOf(name)
	return k.state
}

// ForAdapters makes the optimizer one that suits adapters, which begin at zero and learn little by adafactor's steps:
// adamw at the rate of peft's examples for T5. named says that the user has named the optimizer. It returns what it has
// set.
func (s *Spec) ForAdapters(named bool) (set []string) {
	if !named {
		s.Name = NameAdamW
		set = append(set, "optimizer.name "+s.Name)
	}
	if s.Name == NameAdamW && s.LearningRate == nil {
		s.LearningRate = new(1e-3)
		set = append(set, fmt.Sprintf("optimizer.learning_rate %g", *s.LearningRate))
	}
	return set
}

// ForNewWeights sets the options that suit the fine-tuning of random weights, where they are unset, and says which. Its
// peak of the learning rate is 0 where that of other weights suits these too.
func (s *Spec) ForNewWeights() (peak float64, set []string) {
	k, err := kindOf(s.Name)
	if err != nil || k.newWeights == nil {
		return 0, nil
	}
	return k.newWeights(s)
}
