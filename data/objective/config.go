package objective

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"t5train/data/tokenizer"
	"t5train/internal/ui"
)

// Config says how plain text becomes examples. Its JSON form is part of a pre-trained checkpoint.
type Config struct {
	Name           string  `json:"name"` // as in Spec, like the other fields
	InputLength    int     `json:"input_length"`
	Density        float64 `json:"density,omitempty"`
	MeanSpanLength float64 `json:"mean_span_length,omitempty"`
	FinalSentinel  bool    `json:"final_sentinel,omitempty"`
	ModeTokens     bool    `json:"mode_tokens,omitempty"`
	SequentialRate float64 `json:"sequential_rate,omitempty"`
	Split          string  `json:"split"` // of documents into chunks, as in configs.Data
}

// String lists the settings that the objective has: span_corruption of 512 tokens, documents by concat, density 0.15.
func (o Config) String() string {
	text := fmt.Sprintf("%s of %d tokens, documents by %s", o.Name, o.InputLength, o.Split)
	for f, v := range reflect.ValueOf(o).Fields() {
		name, ofSome := strings.CutSuffix(f.Tag.Get("json"), ",omitempty")
		switch {
		case !ofSome || v.IsZero():
		case v.Kind() == reflect.Bool:
			text += ", " + strings.ReplaceAll(name, "_", " ")
		default:
			text += fmt.Sprintf(", %s %v", strings.ReplaceAll(name, "_", " "), v)
		}
	}
	return text
}

// Denoisers returns what makes examples of text: one objective, or several of ul2, whose rates add up to 1.
func (o Config) Denoisers(tok *tokenizer.Tokenizer) ([]Denoiser, error) {
	kind, known := KindOf(o.Name)
	if !known {
		return nil, fmt.Errorf("objective %q does not exist: want %s", o.Name, ui.AnyOf(Names()))
	}
	v := VocabularyOf(tok)
	if kind.Spans && v.Sentinels == 0 {
		return nil, fmt.Errorf("objective %s: the tokenizer has no sentinels <extra_id_0>, <extra_id_1>, ... whose "+
			"ids count downwards, to stand for spans: use T5's tokenizer, put \"extra_ids\": 100 into its "+
			"tokenizer_config.json, or set objective.name to %s",
			o.Name, NamePrefixLM)
	}
	return kind.denoisers(o, v, tok)
}

// VocabularyOf returns what objectives want to know of a tokenizer. Sentinels that count upwards, as those of ByT5 do,
// are none for them.
func VocabularyOf(tok *tokenizer.Tokenizer) Vocabulary {
	v := Vocabulary{EOS: tok.EOS()}
	first, _ := tok.Sentinel(0)
	for n := 0; ; n++ {
		id, ok := tok.Sentinel(n)
		switch {
		case !ok:
			return v
		case id != first-int32(n):
			return Vocabulary{EOS: tok.EOS()}
		}
		v.FirstSentinel, v.Sentinels = first, n+1
	}
}

// IsSentinel reports whether a token stands for a span.
func IsSentinel(v Vocabulary, id int32) bool {
	return id <= v.FirstSentinel && int(v.FirstSentinel-id) < v.Sentinels
}

// HasSentinel reports whether any of the tokens stands for a span.
func HasSentinel(v Vocabulary, ids []int32) bool {
	return slices.ContainsFunc(ids, func(id int32) bool { return IsSentinel(v, id) })
}

// Longest returns the most input and the most target tokens that an example of any of the denoisers has.
func Longest(denoisers []Denoiser) (inputs, targets int) {
	for _, d := range denoisers {
		l := d.Objective.Lengths()
		inputs, targets = max(inputs, l.Inputs), max(targets, l.Targets)
	}
	return inputs, targets
}
