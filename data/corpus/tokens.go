package corpus

import (
	"context"
	"fmt"

	"t5train/data/chunks"
	"t5train/data/dataset"
	"t5train/data/parquetio"
	"t5train/data/task/infer"
	"t5train/data/tokenizer"
	"t5train/internal/ui"
	"t5train/model/kernel"
)

// TokensOptions say of which text the tokens are wanted.
type TokensOptions struct {
	Data       []string // parquet files: paths, folders or globs
	TextColumn string   // "" is inferred
	Output     string   // folder of token stores
	Threads    int      // 0 is all
	Sink       ui.Sink

	Wanted    []string // split of folders; nil is train
	Expect    string   // name of the store that it must be; "" is any
	Temporary bool     // the caller removes the folder afterwards, so that it is not worth a word
}

// OpenTokens opens the token store of a corpus, and makes it or completes it first where that is needed. It says what
// it does. The caller closes the store.
func OpenTokens(ctx context.Context, tok *tokenizer.Tokenizer, o TokensOptions) (*chunks.Store, error) {
	if o.Wanted == nil {
		o.Wanted = dataset.ForTraining
	}
	set, err := dataset.OpenData(ctx, o.Data, o.Wanted)
	if err != nil {
		return nil, err
	}
	return TokensOfSet(ctx, set, tok, o)
}

// TokensOfSet is OpenTokens of a data set that is open.
func TokensOfSet(ctx context.Context, set *parquetio.Dataset, tok *tokenizer.Tokenizer,
	o TokensOptions) (*chunks.Store, error) {
	dataset.SayNamed(o.Sink, o.Data, set)
	column, note, err := infer.Text(set.Columns(), o.TextColumn)
	if err != nil {
		return nil, dataset.WithConflicts(err, set)
	}
	dataset.SayLeftOut(o.Sink, set)
	infer.Send(o.Sink, note)
	s, made, err := chunks.Build(ctx, o.Output, set, tok, chunks.Options{
		Column: column, Threads: kernel.NewWorkers(o.Threads).Threads(), Expect: o.Expect,
		Temporary: o.Temporary, Sink: o.Sink,
	})
	if err != nil {
		return nil, err
	}
	ui.Detail(o.Sink, "", "%s", storeText(s.Manifest()))
	warnUnknown(o.Sink, s.Manifest())
	switch {
	case o.Temporary:
	case made.Rows == 0:
		ui.Detail(o.Sink, "token store", "%s, made before of the same text", s.Dir())
	default:
		ui.Detail(o.Sink, "token store", "%s, %.1f MB of text a second", s.Dir(),
			float64(made.TextBytes)/1e6/made.Elapsed.Seconds())
	}
	return s, nil
}

// warnUnknown warns where much of a text is lost, for losses do not: what is lost cannot be got wrong.
func warnUnknown(sink ui.Sink, m chunks.Manifest) {
	const much = 0.01
	tokens, bytes := float64(m.Unknown)/float64(max(m.Tokens, 1)), float64(m.UnknownBytes)/float64(max(m.TextBytes, 1))
	if tokens > much || bytes > much {
		ui.Detail(sink, ui.Warning, "about %.1f %% of the text has characters that the vocabulary lacks, or is no "+
			"UTF-8, and %.1f %% of the tokens are <unk>: the model will not learn it, and losses per byte look "+
			"better for it; t5train check names the characters, t5train tokenizer train makes a vocabulary that "+
			"has them",
			100*bytes, 100*tokens)
	}
}

// storeText describes what a store holds.
func storeText(m chunks.Manifest) string {
	text := fmt.Sprintf("%s documents, %s tokens, %s bytes of text, %.2f tokens a byte",
		ui.Grouped(int(m.Documents)), ui.Grouped(int(m.Tokens)), ui.Grouped(int(m.TextBytes)),
		float64(m.Tokens)/float64(max(m.TextBytes, 1)))
	if m.Unknown > 0 {
		text += fmt.Sprintf("; %s tokens are unknown", ui.Grouped(int(m.Unknown)))
	}
	if empty := m.Done - m.Documents; empty > 0 {
		text += fmt.Sprintf("; %s rows without text left out", ui.Grouped(int(empty)))
	}
	return text
}
