// Package progress follows texts while they are generated, and tells them bit by bit: what it has told is never taken
// back, and all bits together are the text that the predictor gives.
package progress

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"

	"t5train/data/tokenizer"
	"t5train/model/generate"
	"t5train/trainer/serve/protocol"
)

// Watch follows the texts of a job while they are generated. The worker puts tokens in and never waits for a client:
// what a slow one has not taken yet gathers here, up to the limit of tokens.
type Watch struct {
	options  Options
	fallback bool // tokens that are bytes stand for characters without a piece, and are read together

	mu      sync.Mutex
	inputs  [][]progress
	changed chan struct{} // has an element while something is new
}

// Options say how texts end, and how tokens become texts.
type Options struct {
	Tokenizer *tokenizer.Tokenizer
	Spans     []bool   // of the inputs that ask for spans: special tokens are part of their texts
	Stop      []string // texts that end an output
	KeepStop  bool     // they stand at its end
	Tokens    bool     // tell the tokens too
}

// progress is what there is of a sequence.
type progress struct {
	steps []generate.Step
	end   protocol.End
}

// New returns a watch of some inputs, each with a number of sequences.
func New(inputs, sequences int, o Options) *Watch {
	first := o.Tokenizer.Encode("a") // a byte where all tokens are bytes, as in ByT5
	w := &Watch{options: o, inputs: make([][]progress, inputs), changed: make(chan struct{}, 1),
		fallback: len(first) == 0 || !o.Tokenizer.IsByte(first[0])}
	for i := range w.inputs {
		w.inputs[i] = make([]progress, sequences)
	}
	return w
}

// Changed has an element while there may be something new.
func (w *Watch) Changed() <-chan struct{} { return w.changed }

// decode returns the text of tokens, as the predictor has it.
func (w *Watch) decode(input int, ids []int32) string {
	return w.options.Tokenizer.Decode(ids, !w.options.Spans[input])
}

// Begin forgets what there is of an input, whose batch has failed and is computed again.
func (w *Watch) Begin(input int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.inputs[input])
}

// Step takes a token, and reports whether a text has come that ends its sequence.
func (w *Watch) Step(input int, s generate.Step) (end bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := &w.inputs[input][s.Number]
	if s.Token >= 0 {
		p.steps = append(p.steps, s)
	}
	switch at, _ := findStop(w.textOf(input, p.steps), w.options.Stop); {
	case at >= 0:
		p.end = protocol.Stopped
	case s.EOS:
		p.end = protocol.EOS
	case s.Last:
		p.end = protocol.Length
	}
	select {
	case w.changed <- struct{}{}:
	default:
	}
	return p.end == protocol.Stopped
}

// textOf returns the text of tokens, "" where nobody looks for one that ends it.
func (w *Watch) textOf(input int, steps []generate.Step) string {
	if len(w.options.Stop) == 0 {
		return ""
	}
	return w.decode(input, idsOf(steps))
}

// look returns what there is of a sequence.
func (w *Watch) look(input, number int) progress {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.inputs[input][number]
	return progress{slices.Clip(p.steps), p.end}
}

// idsOf returns the tokens of a text, without the one that ends it.
func idsOf(steps []generate.Step) []int32 {
	ids := make([]int32, 0, len(steps))
	for _, s := range steps {
		if !s.EOS {
			ids = append(ids, s.Token)
		}
	}
	return ids
}

// withoutBytes leaves out the bytes at the end, and tokens between them that are no text.
func (w *Watch) withoutBytes(ids []int32) []int32 {
	tok := w.options.Tokenizer
	cut := len(ids)
	for n := cut - 1; n >= 0 && int(ids[n]) < tok.VocabSize(); n-- {
		if tok.IsByte(ids[n]) {
			cut = n
		} else if !tok.Structural(ids[n]) && ids[n] != tok.Unk() {
			break
		}
	}
	return ids[:cut]
}

// findStop returns where the first of some texts begins, -1 if none is there, and its length.
func findStop(text string, stop []string) (at, length int) {
	at = -1
	for _, s := range stop {
		if i := strings.Index(text, s); i >= 0 && (at < 0 || i < at) {
			at, length = i, len(s)
		}
	}
	return at, length
}

// CutAt ends a text at the first of some texts, which stays if keep is true.
func CutAt(text string, stop []string, keep bool) (cut string, found bool) {
	at, length := findStop(text, stop)
	if at < 0 {
		return text, false
	}
	if keep {
		at += length
	}
	return text[:at], true
}

// Teller tells a sequence.
type Teller struct {
	watch         *Watch
	input, number int

	steps  int              // told
	text   string           // told
	tokens []protocol.Token // told
	done   bool
}

// Tellers returns those of the sequences of an input.
func (w *Watch) Tellers(input int) []*Teller {
	tellers := make([]*Teller, len(w.inputs[input]))
	for n := range tellers {
		tellers[n] = &Teller{watch: w, input: input, number: n}
	}
	return tellers
}

// Done reports whether all has been told.
func (t *Teller) Done() bool { return t.done }

// Next returns what is new, ok is false if nothing is.
func (t *Teller) Next() (d protocol.Delta, ok bool) {
	p := t.watch.look(t.input, t.number)
	if t.done || len(p.steps) <= t.steps && p.end == "" {
		return d, false
	}
	d = protocol.Delta{Input: t.input, Number: t.number}
	if !t.watch.options.Tokens {
		d.Text = t.tell(p.steps, p.end)
	} else {
		d.Text, d.Tokens = t.tellTokens(p)
	}
	t.steps = max(t.steps, len(p.steps))
	t.tokens = append(t.tokens, d.Tokens...)
	if p.end != "" {
		t.done = true
		d.Sequence = &protocol.Sequence{Text: t.text, Count: len(p.steps), LogProb: sumOf(p.steps), End: p.end,
			Tokens: t.tokens}
	}
	return d, true
}

// tellTokens tells one token after the other. At an end that is no token, where the options have left none, the text
// may have more than the tokens: what was held back for the next one.
func (t *Teller) tellTokens(p progress) (text string, tokens []protocol.Token) {
	for i := t.steps; i < len(p.steps); i++ {
		end := protocol.End("")
		if i == len(p.steps)-1 {
			end = p.end
		}
		fresh := t.tell(p.steps[:i+1], end)
		text += fresh
		tokens = append(tokens, t.token(p.steps[i], fresh))
	}
	if p.end != "" && len(tokens) == 0 {
		text = t.tell(p.steps, p.end)
	}
	return text, tokens
}

// tell returns what tokens add to the text that was told.
func (t *Teller) tell(steps []generate.Step, end protocol.End) string {
	ids := idsOf(steps)
	if end == "" && t.watch.fallback { // one more byte can make those before it no character
		ids = t.watch.withoutBytes(ids)
	}
	text := t.watch.decode(t.input, ids)
	if end == "" {
		text = settled(text, t.watch.options.Stop)
	} else {
		text, _ = CutAt(text, t.watch.options.Stop, t.watch.options.KeepStop)
	}
	fresh, ok := strings.CutPrefix(text, t.text)
	if !ok {
		return ""
	}
	t.text = text
	return fresh
}

// token returns a token with what it has added to the text. One that is special is no part of it, so that the others
// together are the text: a sentinel that shows is not special, nor is the end of a text that settles what was before.
func (t *Teller) token(s generate.Step, text string) protocol.Token {
	tok := t.watch.options.Tokenizer
	special := text == "" && (s.EOS || int(s.Token) < tok.VocabSize() && tok.Structural(s.Token))
	if special {
		text = cmp.Or(tok.Decode([]int32{s.Token}, false), tok.Piece(s.Token))
	}
	return protocol.Token{ID: s.Token, Text: text, LogProb: s.LogProb, Special: special}
}

func sumOf(steps []generate.Step) (sum float64) {
	for _, s := range steps {
		sum += s.LogProb
	}
	return sum
}

// unsettled are ends of a text that the next token may change: the cleaning of spaces makes "do n't" "don't".
var unsettled = []string{" ", " '", " n", " n'", " 'v", " 'r"}

// settled returns the beginning of a text that more tokens leave as it is: without half a character, and without what
// may become a text of stop.
func settled(text string, stop []string) string {
	text = strings.TrimRight(text, "\uFFFD")
	hold := 0
	for _, end := range unsettled {
		if strings.HasSuffix(text, end) {
			hold = max(hold, len(end))
		}
	}
	for _, s := range stop {
		for n := min(len(s)-1, len(text)); n > hold; n-- {
			if strings.HasSuffix(text, s[:n]) {
				hold = n
			}
		}
	}
	return text[:len(text)-hold]
}

// Best sorts sequences by the mean log-probability of their tokens.
func Best(sequences []protocol.Sequence) {
	mean := func(s protocol.Sequence) float64 { return s.LogProb / math.Max(1, float64(s.Count)) }
	slices.SortStableFunc(sequences, func(a, b protocol.Sequence) int {
		switch x, y := mean(a), mean(b); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
}
