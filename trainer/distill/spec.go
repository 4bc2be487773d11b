package distill

import (
	_ "embed"

	"t5train/internal/optional"
)

// Source is this file: the comments of the fields of [Spec] are the documentation of the keys of a configuration.
//
//go:embed spec.go
var Source string

// Spec learns from a larger model, the teacher, beside the targets of the data or in their place. Its outputs are
// computed once, before the first step, and kept in a file of bounded size; a run that is killed meanwhile goes on
// where it was.
type Spec struct {
	// The teacher: a model, run or checkpoint, in float32, bfloat16 or int8, that was trained for the same task. Empty:
	// none.
	Teacher string `yaml:"teacher" unit:"path"`
	// What the student learns to write: the targets of the data, or the teacher's best outputs (Kim and Rush 2016),
	// whatever its vocabulary. Unset: data.
	Targets *string `yaml:"targets" oneof:"data teacher"`
	// Weight of the divergence from the teacher's probabilities (Hinton et al. 2015); the cross-entropy with the
	// targets has the rest. 0 learns from the targets alone. Above 0 the teacher must have the student's vocabulary.
	// Unset: 0.5.
	Weight *float64 `yaml:"weight" range:">= 0 and <= 1"`
	// Temperature of both distributions: above 1 improbable tokens count for more. 1 to 4. Unset: 2.
	Temperature *float64 `yaml:"temperature" range:"> 0 and <= 1000"`
	// Tokens whose probabilities are kept in each place of a target; the others are one outcome. A place takes 8 bytes
	// for each. Unset: 16.
	TopK *int `yaml:"top_k" unit:"tokens" range:">= 1 and <= 65536"`
	// Beams of the search for the teacher's best outputs. Unset: 1, the most probable token each time.
	Beams *int `yaml:"beams" range:">= 1 and <= 1024"`
	// File of the teacher's outputs, which runs on the same data can share. Empty: teacher.outputs in output.
	Outputs string `yaml:"outputs" unit:"path"`
}

// On reports whether there is a teacher.
func (s Spec) On() bool { return s.Teacher != "" }

// FromTeacher reports whether the targets are the teacher's.
func (s Spec) FromTeacher() bool { return optional.Value(s.Targets) == "teacher" }

// Resolve fills what is unset, if there is a teacher.
func (s *Spec) Resolve() {
	if !s.On() {
		return
	}
	optional.Fill(&s.Targets, "data")
	optional.Fill(&s.Weight, 0.5)
	optional.Fill(&s.Temperature, 2)
	optional.Fill(&s.TopK, 16)
	optional.Fill(&s.Beams, 1)
}

// Problem is a mistake in the value of a key.
type Problem = struct{ Key, Text string }

// Problems returns what is wrong between the keys, given whether the run has components of its own.
func (s Spec) Problems(mixture bool) (ps []Problem) {
	if !s.On() {
		for _, key := range []struct {
			name string
			set  bool
		}{
			{"targets", s.Targets != nil}, {"weight", s.Weight != nil}, {"temperature", s.Temperature != nil},
			{"top_k", s.TopK != nil}, {"beams", s.Beams != nil}, {"outputs", s.Outputs != ""},
		} {
			if key.set {
				ps = append(ps, Problem{"distill." + key.name,
					"is set without a teacher: name one with distill.teacher, or remove the key"})
			}
		}
		return ps
	}
	if mixture {
		ps = append(ps, Problem{"distill.teacher", "a mixture cannot be distilled: train on one task with data.train"})
	}
	if optional.Value(s.Weight) == 0 && !s.FromTeacher() {
		ps = append(ps, Problem{"distill.weight", "got 0 with the targets of the data, so nothing is learnt from the " +
			"teacher: raise it, or set distill.targets to teacher"})
	}
	return ps
}
