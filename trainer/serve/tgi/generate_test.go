package tgi

import (
	"iter"
	"testing"

	"t5train/trainer/serve/protocol"
)

// engine streams some deltas.
type engine struct {
	protocol.Engine
	deltas []protocol.Delta
}

func (e engine) Stream(protocol.Generation) iter.Seq2[protocol.Delta, error] {
	return func(yield func(protocol.Delta, error) bool) {
		for _, d := range e.deltas {
			if !yield(d, nil) {
				return
			}
		}
	}
}

// The tokens of the events that are not special are the text, also where it ends without a token.
func TestEventsAreTheText(t *testing.T) {
	a := protocol.Token{ID: 100, Text: "a", LogProb: -1}
	first := protocol.Delta{Text: "a", Tokens: []protocol.Token{a}}
	for name, c := range map[string]struct {
		deltas []protocol.Delta
		text   string
		last   token
	}{
		"held back": {[]protocol.Delta{first, {Text: " n", Sequence: &protocol.Sequence{Text: "a n", LogProb: -1,
			Tokens: []protocol.Token{a}}}}, "a n", token{Text: " n"}},
		"nothing left": {[]protocol.Delta{first, {Sequence: &protocol.Sequence{Text: "a", LogProb: -1,
			Tokens: []protocol.Token{a}}}}, "a", token{Special: true}},
		"beams": {[]protocol.Delta{{Text: "b", Sequence: &protocol.Sequence{Text: "b", LogProb: -2}}}, "b",
			token{Text: "b", LogProb: -2}},
	} {
		reply, err := events(engine{deltas: c.deltas}, protocol.Generation{}, &parameters{})
		if err != nil {
			t.Fatal(err)
		}
		text, last := "", event{}
		for e, err := range reply.Events {
			if err != nil {
				t.Fatal(err)
			}
			if last = e.(event); !last.Token.Special {
				text += last.Token.Text
			}
		}
		if text != c.text || last.Token != c.last || last.Text == nil || *last.Text != c.text || last.Details == nil {
			t.Errorf("%s: the tokens say %q, the last event is %+v", name, text, last)
		}
	}
}
