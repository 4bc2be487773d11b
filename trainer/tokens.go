package trainer

import (
	"context"
	"fmt"

	"t5train/data/parquetio"
	"t5train/data/store"
	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/model/kernel"
)

// TokensOptions say of which text the tokens are wanted.
type TokensOptions struct {
	Data       []string // parquet files: paths, folders or globs
	TextColumn string   // "" is inferred
	Output     string   // folder of token stores
	Threads    int      // 0 is all
	Console    *Console

	wanted    []string // split of folders; nil is train
	expect    string   // name of the store that it must be; "" is any
	temporary bool     // the caller removes the folder afterwards, so that it is not worth a word
}

// OpenTokens opens the token store of a corpus, and makes it or completes it first where that is needed. It says what it
// does. The caller closes the store.
func OpenTokens(ctx context.Context, tok *tokenizer.Tokenizer, o TokensOptions) (*store.Store, error) {
	if o.wanted == nil {
		o.wanted = forTraining
	}
	set, err := openData(o.Data, o.wanted)
	if err != nil {
		return nil, err
	}
	return openTokens(ctx, set, tok, o)
}

// openTokens is OpenTokens of a data set that is open.
func openTokens(ctx context.Context, set *parquetio.Dataset, tok *tokenizer.Tokenizer, o TokensOptions) (*store.Store, error) {
	sayNamed(o.Console, o.Data, set)
	column, said, err := task.InferText(set.Columns(), o.TextColumn)
	if err != nil {
		return nil, withConflicts(err, set)
	}
	SayLeftOut(o.Console, set)
	o.Console.Say("  %s", said)
	phases := NewPhases(o.Console)
	defer phases.Stop()
	options := store.Options{Column: column, Threads: kernel.NewWorkers(o.Threads).Threads(), Progress: phases.Progress, Expect: o.expect}
	if !o.temporary {
		options.Say = func(line string) { o.Console.Say("  %s", line) }
	}
	s, made, err := store.Build(ctx, o.Output, set, tok, options)
	if err != nil {
		return nil, err
	}
	phases.Stop()
	o.Console.Say("  %s", storeText(s.Manifest()))
	warnUnknown(o.Console, s.Manifest())
	switch {
	case o.temporary:
	case made.Rows == 0:
		o.Console.Say("  token store: %s, made before of the same text", s.Dir())
	default:
		o.Console.Say("  token store: %s, %.1f MB of text a second", s.Dir(), float64(made.TextBytes)/1e6/made.Elapsed.Seconds())
	}
	return s, nil
}

// warnUnknown says so where much of a text is lost, for losses do not: what is lost cannot be got wrong.
func warnUnknown(console *Console, m store.Manifest) {
	const much = 0.01
	tokens, bytes := float64(m.Unknown)/float64(max(m.Tokens, 1)), float64(m.UnknownBytes)/float64(max(m.TextBytes, 1))
	if tokens > much || bytes > much {
		console.Say("  warning: about %.1f %% of the text has characters that the vocabulary lacks, or is no UTF-8, and %.1f %% of the tokens are <unk>: "+
			"the model will not learn it, and losses per byte look better for it; t5train data check names the characters, t5train tokenizer train makes a vocabulary that has them",
			100*bytes, 100*tokens)
	}
}

// storeText describes what a store holds.
func storeText(m store.Manifest) string {
	text := fmt.Sprintf("%s documents, %s tokens, %s bytes of text, %.2f tokens a byte",
		grouped(int(m.Documents)), grouped(int(m.Tokens)), grouped(int(m.TextBytes)), float64(m.Tokens)/float64(max(m.TextBytes, 1)))
	if m.Unknown > 0 {
		text += fmt.Sprintf("; %s tokens are unknown", grouped(int(m.Unknown)))
	}
	if empty := m.Done - m.Documents; empty > 0 {
		text += fmt.Sprintf("; %s rows without text left out", grouped(int(empty)))
	}
	return text
}

// Phases shows the progress of one piece of work after the other.
type Phases struct {
	console *Console
	what    string
	shown   *Progress
}

// NewPhases returns the progress of work that has not begun.
func NewPhases(c *Console) *Phases { return &Phases{console: c} }

// Progress says how much of a piece of work is done. Another piece ends the one before.
func (p *Phases) Progress(what, unit string, done, total int64) {
	if what != p.what {
		p.Stop()
		p.what, p.shown = what, p.console.Start(what, unit, total)
	}
	p.shown.Set(done)
}

// Stop ends the piece of work that goes on, if any.
func (p *Phases) Stop() {
	if p.shown != nil {
		p.shown.Stop()
	}
}
