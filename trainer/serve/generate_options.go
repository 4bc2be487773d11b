package serve

import (
	"math"
	"slices"

	"t5train/model/generate"
	"t5train/trainer/predict"
)

// The ranges of numbers.
var (
	aboveZero = func(x float64) bool { return x > 0 && !math.IsInf(x, 0) }
	anyFinite = func(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
	share     = func(x float64) bool { return x > 0 && x <= 1 }
	cutoff    = func(x float64) bool { return x >= 0 && x < 1 }
)

// generateOptions reads the fields that say how to generate. They have the names and meanings of transformers'
// GenerationConfig; prefix and choices are our own. What no field says is as Options.Generation.
func (s *Server) generateOptions(fields *object) (generate.Options, error) {
	o := s.options.Generation
	longest := s.options.MaxOutputLength
	o.MaxTokens = fields.whole("max_new_tokens", s.profile.maxOutput, 1, longest)
	o.MinTokens = fields.whole("min_new_tokens", o.MinTokens, 0, longest)
	o.Beams = fields.whole("num_beams", max(1, o.Beams), 1, s.options.MaxBeams)
	o.NumReturnSequences = fields.whole("num_return_sequences", max(1, o.NumReturnSequences), 1, s.options.MaxBeams)
	o.NoRepeatNgram = fields.whole("no_repeat_ngram_size", o.NoRepeatNgram, 0, longest)
	o.RepetitionPenalty = fields.number("repetition_penalty", o.RepetitionPenalty, "more than 0", aboveZero)
	if penalty := fields.number("length_penalty", 1, "a finite number", anyFinite); fields.has("length_penalty") {
		o.LengthPenalty, o.LengthNormAlpha = &penalty, 0
	}
	o.EarlyStopping = earlyStopping(fields, o.EarlyStopping)
	s.sampling(fields, &o)
	searches := o.Beams > 1 // before choices add beams of their own, for which lengths do not count
	s.constraints(fields, &o)
	if err := fields.finish(); err != nil {
		return o, err
	}
	for _, check := range []struct {
		wrong bool
		err   error
	}{
		{o.Beams > 1 && o.Sampling != nil, invalid("num_beams is %d and do_sample is true: leave one of them out", o.Beams)},
		{o.Beams > 1 && o.NumReturnSequences > o.Beams, invalid("num_return_sequences is %d, want at most num_beams, %d", o.NumReturnSequences, o.Beams)},
		{o.Beams == 1 && o.Sampling == nil && o.NumReturnSequences > 1, invalid(`num_return_sequences is %d, but there is one most probable text: set "num_beams", or "do_sample": true`, o.NumReturnSequences)},
		{!searches && fields.has("length_penalty"), invalid(`length_penalty is of no effect without beams: add "num_beams", or leave it out`)},
		{!searches && fields.has("early_stopping"), invalid(`early_stopping is of no effect without beams: add "num_beams", or leave it out`)},
		{o.MinTokens > o.MaxTokens, invalid("min_new_tokens is %d, want at most max_new_tokens, %d", o.MinTokens, o.MaxTokens)},
		{len(o.Prefix) > o.MaxTokens, invalid("prefix has %d tokens, want at most max_new_tokens, %d", len(o.Prefix), o.MaxTokens)},
		{slices.Contains(o.Prefix, s.profile.tokenizer.EOS()), invalid("prefix holds the token that ends a text: leave it out")},
	} {
		if check.wrong {
			return o, check.err
		}
	}
	if a := o.Allowed; a != nil && a.Longest() > o.MaxTokens {
		return o, invalid("a choice has %d tokens with its end, want at most max_new_tokens, %d: raise that, or leave the choice out", a.Longest(), o.MaxTokens)
	}
	if err := o.Validate(s.profile.vocabulary); err != nil {
		return o, invalid("the options do not go together: %v", err)
	}
	return o, nil
}

func earlyStopping(fields *object, otherwise generate.EarlyStopping) generate.EarlyStopping {
	switch raw := fields.value("early_stopping"); string(raw) {
	case "":
	case "false":
		return generate.Heuristic
	case "true":
		return generate.Early
	case `"never"`:
		return generate.Never
	default:
		fields.wrong("early_stopping", raw, `true, false or "never"`)
	}
	return otherwise
}

// sampling reads the fields that only mean something with do_sample, and refuses them without it. A request that asks for
// beams does not sample, and one that asks for samples has no beams, whatever the checkpoint does by itself.
func (s *Server) sampling(fields *object, o *generate.Options) {
	p := generate.Sampling{Temperature: 1}
	if o.Sampling != nil {
		p = *o.Sampling
	}
	if on := fields.boolean("do_sample", o.Sampling != nil && !fields.has("num_beams")); !on {
		o.Sampling = nil
	} else if o.Sampling = &p; !fields.has("num_beams") {
		o.Beams = 1
	}
	own := len(fields.asked)
	p.Temperature = fields.number("temperature", p.Temperature, "more than 0", aboveZero)
	p.TopK = fields.whole("top_k", p.TopK, 0, math.MaxInt32)
	p.TopP = fields.number("top_p", p.TopP, "more than 0 and at most 1", share)
	p.MinP = fields.number("min_p", p.MinP, "0 or more and less than 1", cutoff)
	p.TypicalP = fields.number("typical_p", p.TypicalP, "more than 0 and at most 1", share)
	p.Epsilon = fields.number("epsilon_cutoff", p.Epsilon, "0 or more and less than 1", cutoff)
	p.Eta = fields.number("eta_cutoff", p.Eta, "0 or more and less than 1", cutoff)
	seed := fields.whole("seed", 0, 0, 1<<53) // what every JSON reader keeps exactly
	if p.Seed = uint64(seed); !fields.has("seed") {
		p.Seed = s.seed
	}
	for _, name := range fields.asked[own:] {
		if o.Sampling == nil && fields.has(name) {
			fields.lack(invalid(`%s is of no effect without sampling: add "do_sample": true, or leave it out`, name))
		}
	}
}

// constraints reads the fields about texts that outputs hold or do not hold. With choices, outputs may be as long as the
// longest.
func (s *Server) constraints(fields *object, o *generate.Options) {
	prefix := fields.text("prefix")
	badWords := fields.texts("bad_words", s.options.MaxInputs)
	choices := fields.texts("choices", s.options.MaxInputs)
	if fields.err != nil {
		return
	}
	tok := s.profile.tokenizer
	if prefix != "" {
		ids, err := predict.Prefix(tok, prefix)
		if err != nil {
			fields.fail(invalid("prefix: %v", err))
		}
		o.Prefix = ids
	}
	words, err := s.badWords(badWords)
	if err != nil {
		fields.fail(invalid("bad_words: %v", err))
	}
	o.BadWords = slices.Concat(o.BadWords, words)
	if len(choices) == 0 {
		return
	}
	if err := predict.Choose(o, tok, choices); err != nil {
		fields.fail(invalid("choices: %v", err))
	} else if !fields.has("max_new_tokens") {
		o.MaxTokens = min(o.Allowed.Longest(), s.options.MaxOutputLength)
	}
}
