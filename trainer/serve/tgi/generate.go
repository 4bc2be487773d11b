package tgi

import (
	"t5train/trainer/serve/protocol"
	"t5train/trainer/serve/request"
)

// generated is the answer to an input.
type generated struct {
	Text    string   `json:"generated_text"`
	Details *details `json:"details,omitempty"`
}

// details are told where a request asks for them.
type details struct {
	sequence
	BestOf []bestOf `json:"best_of_sequences,omitempty" about:"the other samples"`
}

// sequence is about a text.
type sequence struct {
	FinishReason string  `json:"finish_reason" about:"length, eos_token or stop_sequence"`
	Count        int     `json:"generated_tokens"`
	Seed         *int    `json:"seed"`
	Prefill      []token `json:"prefill" about:"none: the input is not part of the output"`
	Tokens       []token `json:"tokens" about:"none of a beam search"`
}

// bestOf is a sample that is not the best one.
type bestOf struct {
	Text string `json:"generated_text"`
	sequence
}

type token struct {
	ID      int32   `json:"id"`
	Text    string  `json:"text"`
	LogProb float64 `json:"logprob" about:"in nats"`
	Special bool    `json:"special" about:"it stands for no text"`
}

// event is one of a stream: a token, and with the last one the whole text.
type event struct {
	Index   int            `json:"index" about:"of the token, from 1"`
	Token   token          `json:"token"`
	Text    *string        `json:"generated_text" about:"null while more comes"`
	Details *streamDetails `json:"details" about:"null while more comes"`
}

type streamDetails struct {
	FinishReason string `json:"finish_reason" about:"length, eos_token or stop_sequence"`
	Count        int    `json:"generated_tokens"`
	InputLength  int    `json:"input_length" about:"tokens of the input"`
	Seed         *int   `json:"seed"`
}

// reason is a finish_reason.
func reason(end protocol.End) string {
	switch end {
	case protocol.Length:
		return "length"
	case protocol.Stopped:
		return "stop_sequence"
	}
	return "eos_token"
}

func generate(e protocol.Engine, fields *request.Object) (protocol.Reply, error) {
	var asked generateRequest
	e, g, err := read(e, fields, &asked, &asked)
	if err != nil {
		return protocol.Reply{}, err
	}
	one, err := answer(e, g, &asked.Parameters)
	return protocol.Reply{Body: one}, err
}

func stream(e protocol.Engine, fields *request.Object) (protocol.Reply, error) {
	var asked generateRequest
	e, g, err := read(e, fields, &asked, &asked)
	if err != nil {
		return protocol.Reply{}, err
	}
	return events(e, g, &asked.Parameters)
}

// answer waits for the text to an input.
func answer(e protocol.Engine, g protocol.Generation, p *parameters) (generated, error) {
	g.Tokens = p.Details || p.BestOf != nil // of which the probabilities say which text is the best
	answers, err := e.Generate(g)
	if err != nil {
		return generated{}, err
	}
	var all []bestOf
	for _, s := range answers[0].Sequences {
		one := bestOf{s.Text, sequence{FinishReason: reason(s.End), Count: s.Count, Seed: p.Seed, Prefill: []token{},
			Tokens: []token{}}}
		for _, t := range s.Tokens {
			one.Tokens = append(one.Tokens, token(t))
		}
		all = append(all, one)
	}
	one := generated{Text: all[0].Text}
	if p.Details {
		one.Details = &details{all[0].sequence, all[1:]}
	}
	return one, nil
}

// events yields an event for each token. A beam search, whose tokens are not told, has one for its text. A text that
// ends without a token has one more for its end: with what is left of the text, or else with a special token.
func events(e protocol.Engine, g protocol.Generation, p *parameters) (protocol.Reply, error) {
	if p.BestOf != nil && *p.BestOf > 1 {
		return protocol.Reply{}, request.Invalid("best_of is %d, want 1 of a stream: ask without one", *p.BestOf).
			Of("best_of")
	}
	g.Tokens = true
	return protocol.Reply{Events: func(yield func(any, error) bool) {
		index := 0
		for d, err := range e.Stream(g) {
			if err != nil {
				yield(nil, err)
				return
			}
			tokens := d.Tokens
			if s := d.Sequence; s != nil && len(tokens) == 0 {
				rest := protocol.Token{Text: d.Text, Special: d.Text == ""}
				if len(s.Tokens) == 0 {
					rest.LogProb = s.LogProb
				}
				tokens = []protocol.Token{rest}
			}
			for i, t := range tokens {
				index++
				one := event{Index: index, Token: token(t)}
				if s := d.Sequence; s != nil && i == len(tokens)-1 {
					one.Text = &s.Text
					one.Details = &streamDetails{reason(s.End), s.Count, d.InputTokens, p.Seed}
				}
				if !yield(one, nil) {
					return
				}
			}
		}
	}}, nil
}
