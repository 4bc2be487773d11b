package peft

import _ "embed"

// Source is this file: the comments of the fields of [Spec] are the documentation of the keys of a configuration.
//
//go:embed spec.go
var Source string

// Spec trains low-rank adapters beside the linear layers of model.path and leaves its weights as they are: checkpoints
// hold the adapters alone, in the layout of Hugging Face's peft. A step is about a third faster than one that trains
// everything, and takes no memory for gradients and optimizer state of the weights.
type Spec struct {
	// Rank of the adapters; 0 = off. 8 is usual; 4 to 64.
	Rank int `yaml:"rank" range:">= 1 and <= 65536" zero:"off"`
	// What the adapters are multiplied by, times the rank. Unset: twice the rank.
	Alpha *float64 `yaml:"alpha" range:"> 0"`
	// Dropout of what adapters read, beside that of the model. 0.05 is usual for small data.
	Dropout float64 `yaml:"dropout" range:">= 0 and < 1"`
	// Linear layers with an adapter, by ends of their paths: [q, v], [EncDecAttention.q], [wi_0, wi_1, wo], or
	// [all-linear] for all in the blocks. Empty: [q, v].
	Targets []string `yaml:"targets" unit:"modules"`
	// Modules that are trained in full besides, such as [lm_head] or [final_layer_norm].
	ModulesToSave []string `yaml:"modules_to_save" unit:"modules"`
	// Type of the frozen weights in memory. Unset: that of int8 for a checkpoint in eight bits (convert), else float32.
	// int8 takes a quarter of the memory, and the adapters learn what its rounding takes away.
	Base *string `yaml:"base" oneof:"float32 bfloat16 int8"`
	// Adapter to train further, of peft or of a run, in place of a new one of a rank. It brings its own rank, alpha,
	// targets and modules_to_save.
	Adapter string `yaml:"adapter" unit:"path"`
}

// On reports whether adapters are trained and not the weights.
func (s Spec) On() bool { return s.Rank > 0 || s.Adapter != "" }

// Problem is a mistake in the value of a key.
type Problem = struct{ Key, Text string }

// Problems returns what is wrong between the keys, given whether there is a model to start from, and whether parts of
// it are frozen.
func (s Spec) Problems(hasModel, freezes bool) []Problem {
	var ps []Problem
	for _, key := range []struct {
		name string
		set  bool
		own  bool // an adapter that is trained further brings it
	}{
		{"lora.rank", s.Rank > 0, true}, {"lora.alpha", s.Alpha != nil, true},
		{"lora.targets", len(s.Targets) > 0, true}, {"lora.modules_to_save", len(s.ModulesToSave) > 0, true},
		{"lora.dropout", s.Dropout > 0, false}, {"lora.base", s.Base != nil, false},
	} {
		switch {
		case key.set && !s.On():
			ps = append(ps, Problem{key.name, "is set without adapters: set lora.rank too, such as 8"})
		case key.set && key.own && s.Adapter != "":
			ps = append(ps, Problem{key.name, "is set beside lora.adapter, which brings its own: remove one of the " +
				"two"})
		}
	}
	if s.On() && !hasModel {
		ps = append(ps, Problem{"lora", "adapters are for a model that is trained already: name one with model.path"})
	}
	if s.On() && freezes {
		ps = append(ps, Problem{"train.freeze", "is set beside lora, which freezes all but the adapters: remove it, " +
			"and choose lora.targets"})
	}
	return ps
}
