package serve

import (
	"math"
	"slices"

	"t5train/model/generate"
	"t5train/trainer/predict"
	"t5train/trainer/serve/request"
)

// generateOptions reads the fields that say how to generate. They have the names and meanings of transformers'
// GenerationConfig; prefix and choices are our own. What no field says is as Options.Generation.
func (s served) generateOptions(fields *request.Object) (generate.Options, error) {
	base := s.options.Generation
	base.MaxTokens, base.Beams, base.NumReturnSequences = s.profile.maxOutput, max(1, base.Beams),
		max(1, base.NumReturnSequences)
	own := generate.Options{Sampling: &generate.Sampling{}}
	for _, option := range generate.Table() {
		if option.Request != "" && option.Value != nil {
			s.read(fields, option, &own)
		}
	}
	sample := fields.Boolean("do_sample", false)
	o, idle := generate.Override(base, own, func(option generate.Option) bool { return fields.Has(option.Request) },
		sample)
	o.Beams = max(1, o.Beams)
	if o.Sampling != nil && !fields.Has("seed") {
		o.Sampling.Seed = s.seed
	}
	for _, option := range idle {
		if option.Needs == "Sampling" {
			fields.Lack(request.Invalid(`%s is of no effect without sampling: add "do_sample": true, or leave it out`,
				option.Request))
		}
	}
	s.constraints(fields, &o)
	if err := fields.Finish(); err != nil {
		return o, err
	}
	for _, option := range idle { // before choices have added beams, for which lengths do not count
		return o, request.Invalid(`%s is of no effect without beams: add "num_beams", or leave it out`, option.Request)
	}
	if slices.Contains(o.Prefix, s.profile.tokenizer.EOS()) {
		return o, request.Invalid("prefix holds the token that ends a text: leave it out")
	}
	for _, err := range o.Problems(s.profile.vocabulary, func(o generate.Option) string { return o.Request }) {
		return o, request.Invalid("%v", err)
	}
	return o, nil
}

// read reads the field of an option, if it is there.
func (s served) read(fields *request.Object, option generate.Option, own *generate.Options) {
	r, name := option.Range, option.Request
	switch name {
	case "num_beams", "num_return_sequences":
		r.Most = float64(s.options.MaxBeams)
	case "max_new_tokens", "min_new_tokens", "no_repeat_ngram_size":
		r.Most = float64(s.options.MaxOutputLength)
	}
	integer := func(most float64) int { return fields.Integer(name, 0, int(r.Least), int(min(r.Most, most))) }
	number := func() float64 { return fields.Number(name, 0, r.Want) }
	switch v := option.Value(own).(type) {
	case *int:
		*v = integer(math.MaxInt32)
	case *uint64:
		*v = uint64(integer(1 << 53)) // what every reader of JSON keeps exactly
	case *float64:
		*v = number()
	case **float64:
		*v = new(number())
	case *generate.EarlyStopping:
		if raw := fields.Value(name); raw != nil && v.UnmarshalJSON(raw) != nil {
			fields.Wrong(name, raw, `true, false or "never"`)
		}
	}
}

// constraintFields are the fields about texts that outputs hold or do not hold.
type constraintFields struct {
	Prefix   string   `json:"prefix,omitempty" about:"what outputs begin with"`
	BadWords []string `json:"bad_words,omitempty" about:"texts that no output holds"`
	Choices  []string `json:"choices,omitempty" about:"the only possible outputs"`
}

// constraints reads the fields about texts that outputs hold or do not hold. With choices, outputs may be as long as
// the longest.
func (s served) constraints(fields *request.Object, o *generate.Options) {
	var asked constraintFields
	fields.Read(&asked, s.options.MaxInputs)
	prefix, badWords, choices := asked.Prefix, asked.BadWords, asked.Choices
	if fields.Failed() {
		return
	}
	tok := s.profile.tokenizer
	if prefix != "" {
		ids, err := predict.Prefix(tok, prefix)
		if err != nil {
			fields.Fail(request.Invalid("prefix: %v", err))
		}
		o.Prefix = ids
	}
	words, err := s.badWords(badWords)
	if err != nil {
		fields.Fail(request.Invalid("bad_words: %v", err))
	}
	o.BadWords = slices.Concat(o.BadWords, words)
	if len(choices) == 0 {
		return
	}
	if err := predict.Choose(o, tok, choices); err != nil {
		fields.Fail(request.Invalid("choices: %v", err))
	} else if !fields.Has("max_new_tokens") {
		o.MaxTokens = min(o.Allowed.Longest(), s.options.MaxOutputLength)
	}
}
