package objective

import "fmt"

// UL2Options are the settings of UL2's mixture of denoisers.
type UL2Options struct {
	Input int // most input tokens of an example, EOS and mode token included
	// Sequential is the rate of prefix language modelling, above 0 and below 1: a half serves generation, a fifth the
	// rest. The six span corruptions share what is left equally.
	Sequential float64
	// The ids of the mode tokens, which tell the model what is asked of it: those of "[NLU]" for regular span
	// corruption, of "[S2S]" for prefix language modelling and of "[NLG]" for extreme span corruption. None: no token.
	Regular, SequenceToSequence, Extreme []int32
}

// Denoiser is a part of a mixture of objectives.
type Denoiser struct {
	Name      string  // "R mean 3 density 0.15"
	Rate      float64 // part of the examples; the rates add up to 1
	Objective Objective
}

// UL2 returns the denoisers of UL2 (Tay et al. 2022, "UL2: Unifying language learning paradigms", table 1): two regular
// span corruptions R, prefix language modelling S, four extreme span corruptions X. Each takes chunks of a length of
// its own. One that would need more spans than there are sentinels gets shorter inputs: with 100 sentinels, density
// 0.5 and mean length 3 allow some 400 tokens.
func UL2(o UL2Options, v Vocabulary) ([]Denoiser, error) {
	if !(o.Sequential > 0 && o.Sequential < 1) {
		return nil, fmt.Errorf("ul2: rate of prefix language modelling %g, want more than 0 and less than 1",
			o.Sequential)
	}
	spans := []struct {
		mode          string
		mean, density float64
		prefix        []int32
	}{
		{"R", 3, 0.15, o.Regular}, {"R", 8, 0.15, o.Regular},
		{"X", 3, 0.5, o.Extreme}, {"X", 8, 0.5, o.Extreme}, {"X", 64, 0.15, o.Extreme}, {"X", 64, 0.5, o.Extreme},
	}
	// S: a quarter of the text is to be predicted on average.
	sequential, err := NewPrefixLM(PrefixLMOptions{Input: o.Input, Density: 0.25, Prefix: o.SequenceToSequence}, v)
	if err != nil {
		return nil, fmt.Errorf("ul2: %w", err)
	}
	denoisers := []Denoiser{{Name: "S", Rate: o.Sequential, Objective: sequential}}
	for _, s := range spans {
		options := SpanOptions{Input: o.Input, Density: s.density, Mean: s.mean, Prefix: s.prefix}
		if v.Sentinels > 0 { // else let the error speak of the input asked for
			options.Input = options.inputFor(v.Sentinels)
		}
		corruption, err := NewSpanCorruption(options, v)
		if err != nil {
			return nil, fmt.Errorf("ul2: %w", err)
		}
		denoisers = append(denoisers, Denoiser{
			Name: fmt.Sprintf("%s mean %g density %g", s.mode, s.mean, s.density),
			Rate: (1 - o.Sequential) / float64(len(spans)), Objective: corruption,
		})
	}
	return denoisers, nil
}
