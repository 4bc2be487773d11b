package trainer

import (
	"errors"
	"fmt"

	"t5train/configs"
	"t5train/data"
	"t5train/data/objective"
	"t5train/data/store"
	"t5train/data/tokenizer"
)

// Objective says how plain text becomes examples. Its JSON form is part of a pre-trained checkpoint.
type Objective struct {
	Name           string  `json:"name"` // as in configs.Objective, like the other fields
	InputLength    int     `json:"input_length"`
	Density        float64 `json:"density,omitempty"`
	MeanSpanLength float64 `json:"mean_span_length,omitempty"`
	FinalSentinel  bool    `json:"final_sentinel,omitempty"`
	ModeTokens     bool    `json:"mode_tokens,omitempty"`
	SequentialRate float64 `json:"sequential_rate,omitempty"`
	Split          string  `json:"split"` // of documents into pieces, as in configs.Data
}

// objectiveOf returns the objective of a resolved configuration.
func objectiveOf(c *configs.Config) Objective {
	o := c.Objective
	return Objective{
		Name: o.Name, InputLength: *o.InputLength, Density: valueOf(o.Density), MeanSpanLength: valueOf(o.MeanSpanLength),
		FinalSentinel: valueOf(o.FinalSentinel), ModeTokens: valueOf(o.ModeTokens), SequentialRate: valueOf(o.SequentialRate), Split: c.Data.Split,
	}
}

// valueOf returns what an option holds; zero if it is unset.
func valueOf[T any](option *T) (value T) {
	if option != nil {
		value = *option
	}
	return value
}

// denoisers returns what makes examples of text: one objective, or several of ul2, whose rates add up to 1.
func (o Objective) denoisers(tok *tokenizer.Tokenizer) ([]objective.Denoiser, error) {
	v := vocabularyOf(tok)
	if v.Sentinels == 0 && o.Name != "prefix_lm" && o.Name != "lm" {
		return nil, fmt.Errorf("objective %s: the tokenizer has no sentinels <extra_id_0>, <extra_id_1>, ... whose ids count downwards, to stand for gaps: "+
			"use T5's tokenizer, put \"extra_ids\": 100 into its tokenizer_config.json, or set objective.name to prefix_lm", o.Name)
	}
	var one objective.Objective
	var err error
	switch o.Name {
	case "span_corruption":
		one, err = objective.NewSpanCorruption(objective.SpanOptions{
			Input: o.InputLength, Density: o.Density, Mean: o.MeanSpanLength, FinalSentinel: o.FinalSentinel,
		}, v)
	case "iid":
		one, err = objective.NewIID(objective.IIDOptions{Input: o.InputLength, Density: o.Density}, v)
	case "prefix_lm":
		one, err = objective.NewPrefixLM(objective.PrefixLMOptions{Input: o.InputLength, Density: o.Density}, v)
	case "lm":
		one, err = objective.NewLM(o.InputLength, v)
	case "ul2":
		options := objective.UL2Options{Input: o.InputLength, Sequential: o.SequentialRate}
		if o.ModeTokens {
			options.Regular, options.SequenceToSequence, options.Extreme = tok.Encode("[NLU]"), tok.Encode("[S2S]"), tok.Encode("[NLG]")
		}
		return objective.UL2(options, v)
	default:
		return nil, fmt.Errorf("objective %q does not exist: want span_corruption, iid, prefix_lm, lm or ul2", o.Name)
	}
	if err != nil {
		return nil, err
	}
	return []objective.Denoiser{{Name: o.Name, Rate: 1, Objective: one}}, nil
}

// vocabularyOf returns what objectives want to know of a tokenizer. Sentinels that count upwards, as those of ByT5 do,
// are none for them.
func vocabularyOf(tok *tokenizer.Tokenizer) objective.Vocabulary {
	v := objective.Vocabulary{EOS: tok.EOS()}
	first, _ := tok.Sentinel(0)
	for n := 0; ; n++ {
		id, ok := tok.Sentinel(n)
		switch {
		case !ok:
			return v
		case id != first-int32(n):
			return objective.Vocabulary{EOS: tok.EOS()}
		}
		v.FirstSentinel, v.Sentinels = first, n+1
	}
}

// isSentinel tells whether a token stands for a gap.
func isSentinel(v objective.Vocabulary, id int32) bool {
	return id <= v.FirstSentinel && int(v.FirstSentinel-id) < v.Sentinels
}

// longest returns the most input and the most target tokens that an example of any of the denoisers has.
func longest(denoisers []objective.Denoiser) (inputs, targets int) {
	for _, d := range denoisers {
		l := d.Objective.Lengths()
		inputs, targets = max(inputs, l.Inputs), max(targets, l.Targets)
	}
	return inputs, targets
}

// somePieces is a sample of the pieces of a text.
type somePieces struct {
	all    *store.Pieces
	sample data.Sample
}

// Len implements data.Pieces.
func (p somePieces) Len() int { return p.sample.Len() }

// Piece implements data.Pieces.
func (p somePieces) Piece(i int, into []int32) []int32 { return p.all.Piece(p.sample.At(i), into) }

// Bytes is that of store.Pieces.
func (p somePieces) Bytes(i int) int { return p.all.Bytes(p.sample.At(i)) }

// piecesOf cuts a store for a denoiser; split is how its texts are cut.
func piecesOf(split string, s *store.Store, d objective.Denoiser) (*store.Pieces, error) {
	all, err := s.Pieces(store.Split(split), d.Objective.Lengths().Tokens)
	if err == nil && all.Len() == 0 {
		err = errNoText
	}
	return all, err
}

var errNoText = errors.New("the files have no text: every row is empty or null in this column")

// sourceOf returns the training examples of a store. An epoch is about one pass over its text, also where several
// denoisers, each with pieces of a length of its own, share it. Each takes the pieces that draw chooses.
func sourceOf(split string, s *store.Store, denoisers []objective.Denoiser, draw func(pieces int) data.Sample, seed uint64) (data.Source, error) {
	var tasks []data.Task
	for _, d := range denoisers {
		all, err := piecesOf(split, s, d)
		if err != nil {
			return nil, err
		}
		pieces := somePieces{all, draw(all.Len())}
		tasks = append(tasks, data.Task{Name: d.Name, Source: data.NewCorrupted(pieces, d.Objective, seed), Rate: d.Rate, Part: d.Rate})
	}
	if len(tasks) == 1 {
		return tasks[0].Source, nil
	}
	return data.NewMixture(tasks, seed)
}
