package predict

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"t5train/checkpoints"
	"t5train/data/tokenizer"
	"t5train/internal/ui"
	"t5train/model/generate"
)

// Generation is how answers shall be generated where that is not as the checkpoint has it. What changes answers is in
// madeBy too.
type Generation struct {
	Given    []string         // fields of generate.Table that are given
	Options  generate.Options // their values; Sampling is not nil
	Sample   bool             // the value of Sampling
	BadWords []string
	Prefix   string
	Choices  []string
}

// OptionError is a mistake in options, which a command line or a request has to mend.
type OptionError struct{ error }

func (e OptionError) Unwrap() error { return e.error }

func wrongOption(format string, args ...any) error { return OptionError{fmt.Errorf(format, args...)} }

// Over returns base with the options that are given in its place. choices is a digest of Choices, "" without.
func (g Generation) Over(
	base generate.Options,
	tok *tokenizer.Tokenizer,
) (o generate.Options, choices string, err error) {
	given := func(option generate.Option) bool { return slices.Contains(g.Given, option.Field) }
	if len(g.Given) == 0 {
		return base, "", nil
	}
	o, idle := generate.Override(base, g.Options, given, g.Sample)
	for _, option := range idle {
		needs := map[string]string{"Beams": "generation.beams 2 or more", "Sampling": "generation.sample"}[option.Needs]
		return o, "", wrongOption("generation.%s does nothing without %s", option.Key, needs)
	}
	words, err := BadWords(tok)(g.BadWords)
	if err != nil {
		return o, "", fmt.Errorf("generate: generation.bad_words: %w", err)
	}
	o.BadWords = append(o.BadWords, words...)
	if g.Prefix != "" {
		if o.Prefix, err = Prefix(tok, g.Prefix); err != nil {
			return o, "", fmt.Errorf("generate: generation.output_prefix: %w", err)
		}
	}
	if !slices.Contains(g.Given, "Allowed") {
		return o, "", nil
	}
	if err := Choose(&o, tok, g.Choices); err != nil {
		return o, "", fmt.Errorf("generate: generation.choices: %w", err)
	}
	return o, fmt.Sprintf("%d, sha256 %x", len(g.Choices), sha256.Sum256([]byte(strings.Join(g.Choices, "\n")))), nil
}

// generation sets how p generates, and the longest output where that follows.
func (p *Predictor) generation(g Generation, sink ui.Sink) error {
	if len(p.spec.Labels) > 0 {
		for _, option := range generate.Table() {
			if slices.Contains(g.Given, option.Field) {
				return wrongOption(
					"predict: generation.%s: a classification answers with labels and generates nothing: add "+
						"task.name seq2seq to generate",
					option.Key,
				)
			}
		}
		return nil
	}
	own := p.folder.Info.Task
	if _, ok := p.folder.Info.Confidence(); p.minConfidence > 0 && (!ok || own == nil || own.Name != p.spec.Name ||
		own.InputPrefix() != p.spec.InputPrefix()) {
		return wrongOption("predict: predict.min_confidence: the model does not know how often its texts are right: " +
			"a fine-tuning with validation data finds it, where some texts are right and some wrong")
	}
	if p.topLabels > 0 {
		return wrongOption(
			"predict: predict.top: the task has no labels: generation.return_sequences gives several texts",
		)
	}
	base, said, err := checkpoints.ReadGeneration(p.folder.Dir)
	if err != nil {
		return err
	}
	if said != "" {
		ui.Say(sink, "", "%s (flags override it)", said)
	}
	limit := base.MaxTokens
	base.MaxTokens = 0
	if p.how, p.choices, err = g.Over(base, p.folder.Tokenizer); err != nil {
		return err
	}
	p.noLengthPenalty = p.how.LengthPenalty != nil && *p.how.LengthPenalty == 0 && (p.choices == "" ||
		slices.Contains(g.Given, "LengthPenalty") || slices.Contains(g.Given, "Beams"))
	if p.how.Allowed != nil {
		limit = p.how.Allowed.Longest()
	}
	if p.ownMaxOutput == 0 && limit > 0 {
		p.maxOutput = limit
	}
	if len(g.Given) == 0 {
		return p.checkGeneration(p.how, func(option generate.Option) string { return option.Config })
	}
	if err := p.checkGeneration(p.how, generationKey); err != nil {
		return OptionError{err}
	}
	return nil
}

// generationKey returns the key of a configuration that an option has, or its name in generation_config.json.
func generationKey(option generate.Option) string {
	switch {
	case option.Field == "MaxTokens":
		return "predict.max_output_length"
	case option.Key == "":
		return option.Config
	}
	return "generation." + option.Key
}

// BadWords returns what encodes texts that no output shall hold: as a word of its own, and as the rest of a longer one,
// whose tokens have no space in front. It may be called by several goroutines.
func BadWords(tok *tokenizer.Tokenizer) func(texts []string) ([][]int32, error) {
	inside := sync.OnceValue(
		func() func(string) []int32 { return withoutSpace(tok) },
	) // a tokenizer of its own, which takes a while to make
	return func(texts []string) ([][]int32, error) {
		var words [][]int32
		for _, text := range texts {
			if strings.TrimSpace(text) == "" {
				return nil, fmt.Errorf("bad word %q is empty: leave it out", text)
			}
			for _, encode := range []func(string) []int32{tok.Encode, inside()} {
				ids := encode(text)
				if slices.Contains(ids, tok.Unk()) {
					return nil, fmt.Errorf(
						"bad word %q has characters that the tokenizer does not know, so no output holds them: "+
							"leave it out",
						text,
					)
				}
				if len(ids) > 0 && !slices.ContainsFunc(words, func(w []int32) bool { return slices.Equal(w, ids) }) {
					words = append(words, ids)
				}
			}
		}
		return words, nil
	}
}

// Prefix returns the tokens of a text that outputs shall begin with. It refuses a text with characters that the
// vocabulary lacks: outputs would begin with something else.
func Prefix(tok *tokenizer.Tokenizer, text string) ([]int32, error) {
	ids := tok.Encode(text)
	switch {
	case slices.Contains(ids, tok.Unk()):
		return nil, fmt.Errorf(
			"%q has characters that the tokenizer does not know, so no output begins with it: leave them out",
			text,
		)
	case len(ids) == 0 && text != "":
		return nil, fmt.Errorf("%q has no token: leave it out", text)
	}
	return ids, nil
}

// withoutSpace returns what encodes text that continues other text. Behind a sentinel, SentencePiece puts no space in
// front of a word; a tokenizer without sentinels knows words with a space only.
func withoutSpace(tok *tokenizer.Tokenizer) func(text string) []int32 {
	sentinel, ok := tok.Sentinel(0)
	seqio, err := tok.WithRules(tokenizer.SentencePiece)
	if !ok || err != nil {
		return func(string) []int32 { return nil }
	}
	return func(text string) []int32 {
		ids := seqio.Encode("<extra_id_0>" + text)
		return ids[slices.Index(ids, sentinel)+1:]
	}
}

// choiceBeams is how many choices are followed at once. Among no more than these the most probable one is found for
// certain.
const choiceBeams = 32

// Choose restricts generation to some texts. Where the options ask for neither beams nor samples, the answer is the
// most probable text: the most probable token each time may lead to another one.
func Choose(o *generate.Options, tok *tokenizer.Tokenizer, texts []string) error {
	var sequences [][]int32
	for _, text := range texts {
		ids := tok.Encode(text)
		if len(ids) == 0 {
			return fmt.Errorf("choice %q is empty: leave it out", text)
		}
		if slices.Contains(ids, tok.Unk()) {
			return fmt.Errorf("choice %q has characters that the tokenizer does not know: write it otherwise", text)
		}
		sequences = append(sequences, append(ids, tok.EOS()))
	}
	if len(sequences) == 0 {
		return errors.New("there are no choices: want at least one")
	}
	o.Allowed = generate.NewTrie(sequences)
	if o.Beams <= 1 && o.Sampling == nil {
		o.Beams, o.LengthPenalty, o.LengthNormAlpha = min(len(sequences), choiceBeams), new(0.0), 0
	}
	return nil
}
