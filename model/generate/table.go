package generate

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
)

// Option is a value of Options with the names that it has elsewhere. What reads options from a command line, a request
// or generation_config.json, and what checks them, follows Table.
type Option struct {
	Field   string // of Options, or of its Sampling
	Key     string // on a command line, which has hyphens in it; "" is none
	Config  string // in generation_config.json of transformers
	Request string // in a request over HTTP
	Needs   string // the field without which it has no effect: Beams or Sampling
	Range   Range  // of numbers
	Usage   string

	// Value points to the value; o.Sampling is not nil. It is nil for Sampling itself, which is on or off, and where
	// users have texts for tokens.
	Value func(o *Options) any
}

// Range is where a number lies. In Options 0 stands besides for none, or the default, where Off is set.
type Range struct {
	Least, Most float64
	Above       bool // Least itself is outside
	Off         bool
}

var infinity = math.Inf(1)

// table is a row an option: the field, its names, what it needs, its range, what it does and where it is.
var table = []Option{
	{"MaxTokens", "", "max_new_tokens", "max_new_tokens", "", Range{Least: 1, Most: mostTokens},
		"", func(o *Options) any { return &o.MaxTokens }},
	{"MinTokens", "min_output_length", "min_new_tokens", "min_new_tokens", "", Range{Most: infinity},
		"shortest output in tokens", func(o *Options) any { return &o.MinTokens }},
	{"Beams", "beams", "num_beams", "num_beams", "", Range{Least: 1, Most: mostSequences, Off: true},
		"sequences that a beam search keeps of each input; 1 is greedy",
		func(o *Options) any { return &o.Beams }},
	{"NumReturnSequences", "return_sequences", "num_return_sequences", "num_return_sequences", "",
		Range{Least: 1, Most: mostSequences, Off: true}, "sequences to return for each input, the best first",
		func(o *Options) any { return &o.NumReturnSequences }},
	{"LengthPenalty", "length_penalty", "length_penalty", "length_penalty", "Beams",
		Range{Least: -mostExponent, Most: mostExponent},
		"of beams: power of the length that divides scores; more is longer",
		func(o *Options) any { return &o.LengthPenalty }},
	{"LengthNormAlpha", "alpha", "", "", "Beams", Range{Most: mostExponent},
		"of a beam search: divide by ((5+length)/6)^this instead, as T5 does with 0.6",
		func(o *Options) any { return &o.LengthNormAlpha }},
	{"EarlyStopping", "early_stopping", "early_stopping", "early_stopping", "Beams", Range{Most: float64(Never)},
		"end of a beam search: early, heuristic or never",
		func(o *Options) any { return &o.EarlyStopping }},
	{"Sampling", "sample", "do_sample", "do_sample", "", Range{}, "draw tokens by their probabilities", nil},
	{"Temperature", "temperature", "temperature", "temperature", "Sampling",
		Range{Least: leastDivisor, Most: infinity}, "of sampling: below 1 favours probable tokens",
		func(o *Options) any { return &o.Sampling.Temperature }},
	{"TopK", "top_k", "top_k", "top_k", "Sampling", Range{Most: infinity},
		"of sampling: only this many most probable tokens; 0 is all", func(o *Options) any { return &o.Sampling.TopK }},
	{"TopP", "top_p", "top_p", "top_p", "Sampling", Range{Most: 1, Above: true, Off: true},
		"of sampling: the likeliest tokens of this probability together; 0 is all",
		func(o *Options) any { return &o.Sampling.TopP }},
	{"MinP", "min_p", "min_p", "min_p", "Sampling", Range{Most: 1},
		"of sampling: only tokens with this part of the largest probability",
		func(o *Options) any { return &o.Sampling.MinP }},
	{"TypicalP", "typical_p", "typical_p", "typical_p", "Sampling", Range{Most: 1, Above: true, Off: true},
		"of sampling: the most typical tokens of this probability; 0 is all",
		func(o *Options) any { return &o.Sampling.TypicalP }},
	{"Epsilon", "epsilon", "epsilon_cutoff", "epsilon_cutoff", "Sampling", Range{Most: 1},
		"of sampling: only tokens with this probability", func(o *Options) any { return &o.Sampling.Epsilon }},
	{"Eta", "eta", "eta_cutoff", "eta_cutoff", "Sampling", Range{Most: 1},
		"of sampling: as epsilon, and less where many tokens are possible",
		func(o *Options) any { return &o.Sampling.Eta }},
	{"Seed", "seed", "", "seed", "Sampling", Range{Most: infinity},
		"of sampling: the same seed gives the same outputs, whatever the batches",
		func(o *Options) any { return &o.Sampling.Seed }},
	{"NoRepeatNgram", "no_repeat_ngram", "no_repeat_ngram_size", "no_repeat_ngram_size", "", Range{Most: infinity},
		"no sequence of this many tokens comes twice in an output; 0 is off",
		func(o *Options) any { return &o.NoRepeatNgram }},
	{"EncoderNoRepeatNgram", "", "encoder_no_repeat_ngram_size", "", "", Range{Most: infinity},
		"", func(o *Options) any { return &o.EncoderNoRepeatNgram }},
	{"RepetitionPenalty", "repetition_penalty", "repetition_penalty", "repetition_penalty", "",
		Range{Least: leastDivisor, Most: infinity, Off: true},
		"above 1 makes tokens of the output so far less probable",
		func(o *Options) any { return &o.RepetitionPenalty }},
	{"BadWords", "bad_words", "bad_words_ids", "bad_words", "", Range{}, "texts that no output holds", nil},
	{"Suppress", "", "suppress_tokens", "", "", Range{}, "", nil},
	{"Prefix", "output_prefix", "forced_bos_token_id", "prefix", "", Range{},
		"text that every output begins with", nil},
	{"Allowed", "choices", "", "choices", "", Range{},
		"the only possible outputs: a,b,c, or a file with one a line", nil},
}

// Table returns all options that have a name for users.
func Table() []Option { return slices.Clone(table) }

// text writes an integer without an exponent.
func text(x float64) string {
	if x == math.Trunc(x) {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return fmt.Sprint(x)
}

// Want returns what is wanted in place of a number, "" if it is in the range.
func (r Range) Want(x float64) string {
	switch {
	case x >= r.Least && x <= r.Most && x < infinity && !(r.Above && x == r.Least):
		return ""
	case x <= 0 && r.Least > 0 && r.Least < 1:
		return "more than 0"
	case r.Most == infinity:
		return "at least " + text(r.Least)
	case r.Above:
		return fmt.Sprintf("more than %s and at most %s", text(r.Least), text(r.Most))
	}
	return fmt.Sprintf("%s to %s", text(r.Least), text(r.Most))
}

// Number returns the value as a number, 0 for none.
func (o Option) Number(options *Options) float64 {
	if o.Value == nil {
		return 0
	}
	v := reflect.ValueOf(o.Value(options)).Elem()
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return 0
		}
		v = v.Elem()
	}
	switch {
	case v.CanFloat():
		return v.Float()
	case v.CanUint():
		return float64(v.Uint())
	}
	return float64(v.Int())
}

// check reports a number that is out of its range.
func (o Option) check(options *Options, name string) error {
	x := o.Number(options)
	want := o.Range.Want(x)
	if want == "" || x == 0 && o.Range.Off {
		return nil
	}
	if o.Range.Off {
		want += ", or 0 for none"
	}
	return fmt.Errorf("%s is %s, want %s", name, text(x), want)
}

// Override returns base with the options in its place that are given in own, whose Sampling is not nil: beams end the
// sampling of base, and sampling its beams. idle are given options that have no effect on what comes out.
func Override(base, own Options, given func(Option) bool, sample bool) (o Options, idle []Option) {
	o = base
	sampling := Sampling{Temperature: 1}
	if base.Sampling != nil {
		sampling = *base.Sampling
	}
	o.Sampling = &sampling
	asked := make(map[string]bool)
	for _, option := range table {
		asked[option.Field] = given(option)
		if asked[option.Field] && option.Value != nil {
			reflect.ValueOf(option.Value(&o)).Elem().Set(reflect.ValueOf(option.Value(&own)).Elem())
		}
	}
	if !asked["Sampling"] {
		sample = base.Sampling != nil && !asked["Beams"]
	}
	switch {
	case !sample:
		o.Sampling = nil
	case asked["Sampling"] && (!asked["Beams"] || o.Beams == 1):
		o.Beams = 0
	}
	switch {
	case asked["LengthPenalty"]:
		o.LengthNormAlpha = 0
	case asked["LengthNormAlpha"]:
		o.LengthPenalty = nil
	}
	for _, option := range table {
		off := option.Needs == "Beams" && o.Beams <= 1 || option.Needs == "Sampling" && o.Sampling == nil
		if off && asked[option.Field] {
			idle = append(idle, option)
		}
	}
	return o, idle
}

// The modes of EarlyStopping, as users write them, and as JSON of transformers has them.
var (
	stoppingNames = [...]string{Heuristic: "heuristic", Early: "early", Never: "never"}
	stoppingJSON  = [...]string{Heuristic: "false", Early: "true", Never: `"never"`}
)

func (e EarlyStopping) String() string {
	if e < Heuristic || e > Never {
		return strconv.Itoa(int(e))
	}
	return stoppingNames[e]
}

// Set reads a mode by its name.
func (e *EarlyStopping) Set(name string) error {
	at := slices.Index(stoppingNames[:], name)
	if at < 0 {
		return errors.New("heuristic, early or never")
	}
	*e = EarlyStopping(at)
	return nil
}

// Type names what Set reads.
func (e EarlyStopping) Type() string { return "mode" }

// UnmarshalJSON reads a mode as transformers writes it: true, false or "never".
func (e *EarlyStopping) UnmarshalJSON(raw []byte) error {
	at := slices.Index(stoppingJSON[:], string(raw))
	if at < 0 {
		return errors.New(`want true, false or "never"`)
	}
	*e = EarlyStopping(at)
	return nil
}
