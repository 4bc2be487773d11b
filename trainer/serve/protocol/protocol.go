// Package protocol is what the server and the protocols that it speaks have in common: a protocol reads its requests,
// asks the [Engine], and writes the answers as its clients want them.
package protocol

import (
	"fmt"
	"iter"
	"time"

	"t5train/data/task"
	"t5train/trainer/serve/request"
)

// Endpoint is a method and a path with what they do.
type Endpoint struct {
	Method, Path string // GET stands for HEAD too; {name} at the end of the path is a field of the request
	About        string // what is answered

	// Values of the types that a request, an answer and an event of a stream have, for /openapi.json; nil where there
	// is none.
	Request, Answer, Event any

	Open      bool // needs no key
	BodyKey   bool // the request may hold the key, which Serve then gives to Engine.CheckKey
	Forms     bool // the body may be a form
	Lenient   bool // fields of a request that nobody asks for are ignored, and one that is null is absent
	Serve     func(e Engine, fields *request.Object) (Reply, error)
	Explain   func(p *request.Problem) (status int, body any) // an error in the protocol's words
	ErrorBody any                                             // a value of the type of that body
}

// Foreign completes endpoints of a protocol whose requests have fields that no server need know: explain makes errors
// of its own, of which body has the type.
func Foreign(all []Endpoint, explain func(*request.Problem) (status int, body any), body any) []Endpoint {
	for i := range all {
		all[i].Lenient, all[i].Explain, all[i].ErrorBody = true, explain, body
	}
	return all
}

// Reply is what is answered: a value that becomes JSON, or a stream of server-sent events.
type Reply struct {
	Body   any
	Events iter.Seq2[any, error] // each becomes JSON; an error ends them
	Done   string                // the data of the last event, if the protocol has one
}

// Engine answers one request.
type Engine interface {
	Model() Model
	// Named returns the engine of the model, or of the model with an adapter, by a name of Names or MODEL:ADAPTER; nil
	// if there is none.
	Named(name string) Engine
	// Names returns what the server answers with: the model, and then its adapters.
	Names() []string
	// Generate waits for texts: for each input its sequences, the best first.
	Generate(g Generation) ([]Answer, error)
	// Stream yields texts as they are generated: several deltas of each sequence, of which the last has its End. Of a
	// beam search there is one of each, for its outputs are known at its end only.
	Stream(g Generation) iter.Seq2[Delta, error]
	// Embed returns the vectors of inputs.
	Embed(g Generation) ([]Vector, error)
	// CheckKey refuses a key that is not among those of the server, which may have none.
	CheckKey(key string) error
}

// Model is what a server answers with, and its limits.
type Model struct {
	Name       string
	Version    string // of the server
	Started    time.Time
	Task       task.Spec
	DType      string // of the weights in memory
	Dimensions int    // of its vectors

	Samples bool // where a request does not say it
	Beams   int  // likewise; 1 is none

	MaxInputs    int // texts of a request
	MaxInput     int // tokens of an input
	MaxOutput    int // tokens of an output that may be asked for
	MaxSequences int // of an input
	Queue        int // inputs that may wait
}

// Generation asks for texts, or for vectors.
type Generation struct {
	Name   string   // of the field that has the inputs
	Places []string // of each input in the request, in messages; nil is the field, with an index where it has several
	Inputs []string // as `t5train predict --text` takes them: the rule of the task makes the model's inputs of them

	Options   *request.Object // with the names of /v1/generate
	Stop      []string        // texts that end an output
	KeepStop  bool            // which then stand at its end
	Truncate  bool            // inputs that are too long lose their end
	Tokens    bool            // tell the tokens
	Normalize bool            // vectors of length 1
}

// Place names an input in messages.
func (g Generation) Place(i int) string {
	switch {
	case g.Places != nil:
		return g.Places[i]
	case len(g.Inputs) == 1:
		return g.Name
	}
	return fmt.Sprintf("%s[%d]", g.Name, i)
}

// Passed are options of /v1/generate that requests of other protocols may have too, under the same names.
func Passed() []string {
	return []string{"do_sample", "num_beams", "length_penalty", "early_stopping", "top_k", "min_p", "typical_p",
		"min_new_tokens", "repetition_penalty", "no_repeat_ngram_size", "bad_words", "prefix", "choices"}
}

// End is why a text ended; empty while it goes on.
type End string

// The ends of texts.
const (
	EOS     End = "eos"
	Stopped End = "stop"   // by a text of Generation.Stop
	Length  End = "length" // at the limit of tokens
)

// Answer is that to one input.
type Answer struct {
	Sequences   []Sequence
	InputTokens int // EOS included
}

// Sequence is a generated text.
type Sequence struct {
	Text    string
	Count   int     // of its tokens, EOS included
	LogProb float64 // of all its tokens, in nats
	End     End
	Tokens  []Token // where Generation.Tokens asks for them; a beam search does not tell them
}

// Token is a generated token.
type Token struct {
	ID      int32
	Text    string // what it adds to the text; nothing yet, if it is the beginning of a character
	LogProb float64
	Special bool // it stands for no text
}

// Delta is what has been generated of a sequence since the last one.
type Delta struct {
	Input, Number int
	Text          string
	Tokens        []Token // none of a beam search, nor at an end that is no token
	InputTokens   int
	Sequence      *Sequence // the whole of it, at its end
}

// Vector is that of one text.
type Vector struct {
	Values []float32
	Tokens int // EOS included
}
