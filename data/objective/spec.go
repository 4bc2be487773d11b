package objective

import (
	_ "embed"

	"t5train/internal/optional"
)

// Source is this file: the comments of the fields of [Spec] are the documentation of the keys of a configuration.
//
//go:embed spec.go
var Source string

// Spec says how plain text becomes inputs and targets. The keys of an objective that is not chosen must stay unset.
//
// It is the section objective of a configuration, with the tags of package configs: `of` names the objectives that have
// a key. [Spec.Config] is what a checkpoint keeps of it.
type Spec struct {
	// How: span_corruption is T5's own; iid draws each token of noise by itself; prefix_lm gives the beginning of a
	// text and asks for the rest, lm asks for all of it; ul2 mixes span corruptions and prefix_lm.
	Name string `yaml:"name" names:"objectives"`
	// Longest input with its end token, or for lm, which has no input, the longest target; the text for it and the
	// targets are computed. Attention's time grows with the square of it. Unset: 512.
	InputLength *int `yaml:"input_length" unit:"tokens" range:">= 2 and <= 1048576"`
	// Span_corruption, iid and prefix_lm: share of the text that is asked for. Unset: 0.15, for prefix_lm 0.5, which
	// cuts anywhere.
	Density *float64 `yaml:"density" range:"> 0 and < 1" of:"span_corruption iid prefix_lm"`
	// Span_corruption: mean length of a span. Unset: 3.
	MeanSpanLength *float64 `yaml:"mean_span_length" unit:"tokens" range:">= 1 and <= 1048576" of:"span_corruption"`
	// Span_corruption: end the targets with one more sentinel, as in the figure of the paper. Unset: false, as T5's own
	// code and models.
	FinalSentinel *bool `yaml:"final_sentinel" of:"span_corruption"`
	// Ul2: whether an input begins with [NLU], [S2S] or [NLG], which tell the model the kind of noise. Unset: true.
	ModeTokens *bool `yaml:"mode_tokens" of:"ul2"`
	// Ul2: share of the examples that are prefix_lm. Unset: 0.5, which serves generation; 0.2 serves other tasks.
	SequentialRate *float64 `yaml:"sequential_rate" range:"> 0 and < 1" of:"ul2"`
	// Weight of a vector beside a target token, where a component of the mixture has a vector_column. Unset: 24.
	VectorWeight *float64 `yaml:"vector_weight" range:"> 0"`
}

// Resolve fills the options that are unset of the objective that is named, if one is.
func (s *Spec) Resolve() {
	if s.Name == "" {
		return
	}
	optional.Fill(&s.InputLength, 512)
	if k, known := KindOf(s.Name); known {
		k.resolve(s)
	}
}

// Config returns what the section says once it is resolved, with how documents are split into chunks.
func (s *Spec) Config(split string) Config {
	return Config{
		Name: s.Name, InputLength: optional.Value(s.InputLength), Density: optional.Value(s.Density),
		MeanSpanLength: optional.Value(s.MeanSpanLength), FinalSentinel: optional.Value(s.FinalSentinel),
		ModeTokens: optional.Value(s.ModeTokens), SequentialRate: optional.Value(s.SequentialRate), Split: split,
	}
}
