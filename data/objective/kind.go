package objective

import (
	"slices"

	"t5train/data/tokenizer"
	"t5train/internal/optional"
)

// The names of the objectives.
const (
	NameSpanCorruption = "span_corruption"
	NameIID            = "iid"
	NamePrefixLM       = "prefix_lm"
	NameLM             = "lm"
	NameUL2            = "ul2"
)

// Kind is an objective as a configuration names it.
type Kind struct {
	Name       string
	Spans      bool // its inputs have sentinels for spans, so the tokenizer needs some
	ReadsInput bool // its inputs hold text

	resolve   func(s *Spec)
	denoisers func(o Config, v Vocabulary, tok *tokenizer.Tokenizer) ([]Denoiser, error)
}

// kinds lists the objectives: whatever wants their names or what they need asks here.
func kinds() []Kind {
	return []Kind{
		{NameSpanCorruption, true, true, func(s *Spec) { // Raffel et al. 2020, section 3.3.4
			optional.Fill(&s.Density, 0.15)
			optional.Fill(&s.MeanSpanLength, 3)
			optional.Fill(&s.FinalSentinel, false)
		}, alone(func(o Config, v Vocabulary) (Objective, error) {
			return NewSpanCorruption(SpanOptions{
				Input: o.InputLength, Density: o.Density, Mean: o.MeanSpanLength, FinalSentinel: o.FinalSentinel,
			}, v)
		})},
		{NameIID, true, true, func(s *Spec) { optional.Fill(&s.Density, 0.15) },
			alone(func(o Config, v Vocabulary) (Objective, error) {
				return NewIID(IIDOptions{Input: o.InputLength, Density: o.Density}, v)
			})},
		{NamePrefixLM, false, true, func(s *Spec) {
			optional.Fill(&s.Density, 0.5) // t5/models/gin/objectives/prefix_lm.gin
		}, alone(func(o Config, v Vocabulary) (Objective, error) {
			return NewPrefixLM(PrefixLMOptions{Input: o.InputLength, Density: o.Density}, v)
		})},
		{NameLM, false, false, func(*Spec) {},
			alone(func(o Config, v Vocabulary) (Objective, error) { return NewLM(o.InputLength, v) })},
		{NameUL2, true, true, func(s *Spec) {
			optional.Fill(&s.ModeTokens, true)
			optional.Fill(&s.SequentialRate, 0.5)
		}, func(o Config, v Vocabulary, tok *tokenizer.Tokenizer) ([]Denoiser, error) {
			options := UL2Options{Input: o.InputLength, Sequential: o.SequentialRate}
			if o.ModeTokens {
				options.Regular, options.Extreme = tok.Encode("[NLU]"), tok.Encode("[NLG]")
				options.SequenceToSequence = tok.Encode("[S2S]")
			}
			return UL2(options, v)
		}},
	}
}

// alone makes all examples by one objective.
func alone(build func(Config, Vocabulary) (Objective, error)) func(
	Config, Vocabulary, *tokenizer.Tokenizer) ([]Denoiser, error) {
	return func(o Config, v Vocabulary, _ *tokenizer.Tokenizer) ([]Denoiser, error) {
		one, err := build(o, v)
		if err != nil {
			return nil, err
		}
		return []Denoiser{{Name: o.Name, Rate: 1, Objective: one}}, nil
	}
}

// Names returns the names of the objectives.
func Names() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.Name)
	}
	return names
}

// KindOf returns the objective of a name, and whether there is one.
func KindOf(name string) (Kind, bool) {
	all := kinds()
	if i := slices.IndexFunc(all, func(k Kind) bool { return k.Name == name }); i >= 0 {
		return all[i], true
	}
	return Kind{}, false
}
