package serve

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"t5train/model/decode"
)

// generated is the answer of /v1/generate.
type generated struct {
	Results []generatedResult `json:"results"` // one for each input
}

type generatedResult struct {
	Outputs        []generatedText `json:"outputs"` // best first
	TruncatedInput bool            `json:"truncated_input"`
}

type generatedText struct {
	Text      string  `json:"text"`
	LogProb   float64 `json:"log_prob"` // of all its tokens, in nats
	Score     float64 `json:"score"`    // what beams are ordered by
	Tokens    int     `json:"tokens"`   // with the end of the text, where it came
	Truncated bool    `json:"truncated"`
}

func (s *Server) generate(x *exchange, fields *object) (generated, error) {
	texts, truncate := s.texts(fields), fields.boolean("truncate", false)
	options, err := s.generateOptions(fields)
	if err != nil {
		return generated{}, err
	}
	inputs, err := s.measure(texts, truncate)
	if err != nil {
		return generated{}, err
	}
	rows := max(1, options.Beams, options.Returned)
	j := &job{
		key: generateKey(fields), inputs: inputs, rows: rows, outputs: rows * options.MaxTokens,
		compute: func(ctx context.Context, m model, b batch) ([]answer, error) {
			return generateBatch(ctx, m, b, options)
		},
	}
	if options.Sampling != nil && !fields.has("seed") {
		// All of these requests have one seed, and their inputs numbers of their own: so they can be in one batch.
		j.first = int(s.drawn.Add(int64(len(inputs)))) - len(inputs)
	}
	answers, err := s.run(x, j)
	if err != nil {
		return generated{}, err
	}
	results := make([]generatedResult, len(answers))
	for i, a := range answers {
		outputs := make([]generatedText, len(a.generated.Sequences))
		for k, q := range a.generated.Sequences {
			outputs[k] = generatedText{q.Text, q.LogProb, q.Score, q.Tokens, q.Truncated}
			x.tokensOut += q.Tokens
		}
		results[i] = generatedResult{outputs, a.generated.InputCut}
	}
	return generated{results}, nil
}

func generateBatch(ctx context.Context, m model, b batch, o decode.Options) ([]answer, error) {
	if o.Sampling != nil {
		sampling := *o.Sampling
		sampling.Indices = b.indices()
		o.Sampling = &sampling
	}
	results, err := m.Generate(ctx, b.texts(), o)
	answers := make([]answer, len(results))
	for i, r := range results {
		answers[i].generated = r
	}
	return answers, err
}

// generateKey is the same for requests that ask for the same: all fields as they were written, but the inputs.
func generateKey(fields *object) string {
	var key bytes.Buffer
	key.WriteString("generate")
	for _, name := range slices.Sorted(maps.Keys(fields.fields)) {
		if name != "inputs" && name != "truncate" {
			fmt.Fprintf(&key, "\x00%s\x00%s", name, fields.fields[name])
		}
	}
	return key.String()
}

// The ranges of numbers.
var (
	aboveZero = func(x float64) bool { return x > 0 && !math.IsInf(x, 0) }
	anyFinite = func(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
	share     = func(x float64) bool { return x > 0 && x <= 1 }
	cutoff    = func(x float64) bool { return x >= 0 && x < 1 }
)

// generateOptions reads the fields that say how to generate. They have the names and meanings of transformers'
// GenerationConfig; prefix and choices are our own.
func (s *Server) generateOptions(fields *object) (decode.Options, error) {
	o := decode.Options{
		MaxTokens:         fields.whole("max_new_tokens", 0, 1, s.options.MaxOutputLength),
		MinTokens:         fields.whole("min_new_tokens", 0, 0, s.options.MaxOutputLength),
		Beams:             fields.whole("num_beams", 1, 1, s.options.MaxBeams),
		Returned:          fields.whole("num_return_sequences", 1, 1, s.options.MaxBeams),
		NoRepeatNgram:     fields.whole("no_repeat_ngram_size", 0, 0, s.options.MaxOutputLength),
		RepetitionPenalty: fields.number("repetition_penalty", 1, "more than 0", aboveZero),
	}
	if penalty := fields.number("length_penalty", 1, "a finite number", anyFinite); fields.has("length_penalty") {
		o.LengthPenalty = &penalty
	}
	o.EarlyStopping = earlyStopping(fields)
	o.Sampling = s.sampling(fields)
	s.constraints(fields, &o)
	if err := fields.finish(); err != nil {
		return o, err
	}
	for _, check := range []struct {
		wrong bool
		err   error
	}{
		{o.Beams > 1 && o.Sampling != nil, invalid("num_beams is %d and do_sample is true: leave one of them out", o.Beams)},
		{o.Beams > 1 && o.Returned > o.Beams, invalid("num_return_sequences is %d, want at most num_beams, %d", o.Returned, o.Beams)},
		{o.Beams == 1 && o.Sampling == nil && o.Returned > 1, invalid(`num_return_sequences is %d, but there is one most probable text: set "num_beams", or "do_sample": true`, o.Returned)},
		{o.MinTokens > o.MaxTokens, invalid("min_new_tokens is %d, want at most max_new_tokens, %d", o.MinTokens, o.MaxTokens)},
		{len(o.Prefix) > o.MaxTokens, invalid("prefix has %d tokens, want at most max_new_tokens, %d", len(o.Prefix), o.MaxTokens)},
		{slices.Contains(o.Prefix, s.profile.tokenizer.EOS()), invalid("prefix holds the token that ends a text: leave it out")},
		{o.Allowed != nil && o.Allowed.Longest() > o.MaxTokens, invalid("choices hold a text of more than %d tokens: raise max_new_tokens or leave that out", o.MaxTokens)},
	} {
		if check.wrong {
			return o, check.err
		}
	}
	if err := o.Validate(s.profile.vocabulary); err != nil {
		return o, invalid("the options do not go together: %v", err)
	}
	return o, nil
}

func earlyStopping(fields *object) decode.EarlyStopping {
	switch raw := fields.value("early_stopping"); string(raw) {
	case "", "false":
	case "true":
		return decode.Early
	case `"never"`:
		return decode.Never
	default:
		fields.wrong("early_stopping", raw, `true, false or "never"`)
	}
	return decode.Heuristic
}

// sampling reads the fields that only mean something with do_sample, and refuses them without it.
func (s *Server) sampling(fields *object) *decode.Sampling {
	on := fields.boolean("do_sample", false)
	own := len(fields.asked)
	p := &decode.Sampling{
		Temperature: fields.number("temperature", 1, "more than 0", aboveZero),
		TopK:        fields.whole("top_k", 0, 0, math.MaxInt32),
		TopP:        fields.number("top_p", 0, "more than 0 and at most 1", share),
		MinP:        fields.number("min_p", 0, "0 or more and less than 1", cutoff),
		TypicalP:    fields.number("typical_p", 0, "more than 0 and at most 1", share),
		Epsilon:     fields.number("epsilon_cutoff", 0, "0 or more and less than 1", cutoff),
		Eta:         fields.number("eta_cutoff", 0, "0 or more and less than 1", cutoff),
		Seed:        uint64(fields.whole("seed", 0, 0, 1<<53)), // what every JSON reader keeps exactly
	}
	if on && !fields.has("seed") {
		p.Seed = s.seed
	}
	if on {
		return p
	}
	for _, name := range fields.asked[own:] {
		if fields.has(name) {
			fields.fail(invalid(`%s is of no effect without sampling: add "do_sample": true, or leave it out`, name))
		}
	}
	return nil
}

// constraints reads the fields about texts that outputs hold or do not hold, and decides how long outputs may be.
func (s *Server) constraints(fields *object, o *decode.Options) {
	prefix := fields.text("prefix")
	badWords := fields.texts("bad_words", s.options.MaxInputs)
	choices := fields.texts("choices", s.options.MaxInputs)
	if o.MaxTokens == 0 {
		o.MaxTokens = s.profile.maxOutput
	}
	if fields.err != nil {
		return
	}
	if prefix != "" {
		o.Prefix = s.profile.tokenizer.Encode(prefix)
	}
	var err error
	if o.BadWords, err = s.encodeAll("bad_words", badWords, false); err != nil {
		fields.fail(err)
	}
	for i, word := range o.BadWords {
		if len(word) == 0 {
			fields.fail(invalid("bad_words[%d] is %s, which has no token: leave it out", i, strconv.Quote(badWords[i])))
		}
	}
	if len(choices) > 0 {
		texts, err := s.encodeAll("choices", choices, true)
		if err != nil {
			fields.fail(err)
			return
		}
		o.Allowed = decode.NewTrie(texts)
		if !fields.has("max_new_tokens") {
			o.MaxTokens = o.Allowed.Longest()
		}
	}
}
