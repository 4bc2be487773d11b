package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"t5train/data/tokenizer"
	"t5train/internal/bounded"
	"t5train/internal/lfs"
	"t5train/model/generate"
	"t5train/trainer/predict"
)

// generationFlags say how text is generated.
type generationFlags struct {
	beams, returned, minLength, noRepeatNgram int
	lengthPenalty, alpha, repetitionPenalty   float64
	earlyStopping, prefix, choices            string
	badWords                                  []string
	sample                                    bool

	choicesDigest string // of what --choices names
	sampling      generate.Sampling
}

// The flags that do nothing without another one.
var (
	beamFlags     = [...]string{"length-penalty", "alpha", "early-stopping"}
	samplingFlags = [...]string{"temperature", "top-k", "top-p", "min-p", "typical-p", "epsilon", "eta", "seed"}
	otherFlags    = [...]string{"beams", "return-sequences", "sample", "no-repeat-ngram", "repetition-penalty", "min-output-length", "bad-words", "output-prefix", "choices"}
)

func (g *generationFlags) add(c *cobra.Command) {
	g.addForOne(c)
	c.Flags().IntVar(&g.returned, "return-sequences", 1, "sequences to return for each input, the best first")
}

// addForOne adds the flags for a command that takes one output of each input.
func (g *generationFlags) addForOne(c *cobra.Command) {
	f := c.Flags()
	f.IntVar(&g.beams, "beams", 1, "sequences that a beam search keeps for each input; 1 takes the most probable token each time")
	f.Float64Var(&g.lengthPenalty, "length-penalty", 1, "of a beam search: a score is the log-probability divided by length^this; larger favours long outputs")
	f.Float64Var(&g.alpha, "alpha", 0, "of a beam search: divide by ((5+length)/6)^this instead, as T5 does with 0.6")
	f.StringVar(&g.earlyStopping, "early-stopping", "heuristic", "when a beam search ends: heuristic, early (as soon as there are enough outputs) or never (before none can be better)")
	f.BoolVar(&g.sample, "sample", false, "draw tokens by their probabilities")
	f.Float64Var(&g.sampling.Temperature, "temperature", 1, "of sampling: below 1 favours probable tokens")
	f.IntVar(&g.sampling.TopK, "top-k", 0, "of sampling: only so many most probable tokens; 0 is all")
	f.Float64Var(&g.sampling.TopP, "top-p", 0, "of sampling: only the most probable tokens that together have this probability; 0 is all")
	f.Float64Var(&g.sampling.MinP, "min-p", 0, "of sampling: only tokens with this part of the largest probability")
	f.Float64Var(&g.sampling.TypicalP, "typical-p", 0, "of sampling: only tokens of typical information that together have this probability; 0 is all")
	f.Float64Var(&g.sampling.Epsilon, "epsilon", 0, "of sampling: only tokens with this probability")
	f.Float64Var(&g.sampling.Eta, "eta", 0, "of sampling: as --epsilon, and less where many tokens are possible")
	f.Uint64Var(&g.sampling.Seed, "seed", 0, "of sampling: the same seed gives the same outputs, whatever the batches")
	f.IntVar(&g.noRepeatNgram, "no-repeat-ngram", 0, "no sequence of so many tokens comes twice in an output; 0 is off")
	f.Float64Var(&g.repetitionPenalty, "repetition-penalty", 1, "above 1 makes tokens of the output so far less probable")
	f.IntVar(&g.minLength, "min-output-length", 0, "shortest output in tokens")
	f.StringSliceVar(&g.badWords, "bad-words", nil, "texts that no output holds")
	f.StringVar(&g.prefix, "output-prefix", "", "text that every output begins with")
	f.StringVar(&g.choices, "choices", "", "the only possible outputs, of which the most probable is found: a,b,c or a file with one a line")
}

// set returns the first flag of generation that is given, "" if none is.
func (g *generationFlags) set(c *cobra.Command) string {
	for _, group := range [][]string{beamFlags[:], samplingFlags[:], otherFlags[:]} {
		for _, name := range group {
			if c.Flags().Changed(name) {
				return name
			}
		}
	}
	return ""
}

// check reports flags with values that can never be, before a model is loaded.
func (g *generationFlags) check(c *cobra.Command) error {
	if err := requireAtLeast(c, 1, "beams", "return-sequences", "min-output-length"); err != nil {
		return err
	}
	for _, name := range []string{"top-p", "min-p", "typical-p", "epsilon", "eta"} {
		if v, _ := c.Flags().GetFloat64(name); !(v >= 0 && v <= 1) {
			return usageError{fmt.Errorf("--%s %g: want from 0 to 1", name, v), c.CommandPath()}
		}
	}
	for _, name := range []string{"temperature", "repetition-penalty"} {
		if v, _ := c.Flags().GetFloat64(name); !(v > 0) {
			return usageError{fmt.Errorf("--%s %g: want above 0", name, v), c.CommandPath()}
		}
	}
	given := c.Flags().Changed
	switch _, known := earlyStopping(g.earlyStopping); {
	case !known:
		return usageError{fmt.Errorf("--early-stopping %s: want heuristic, early or never", g.earlyStopping), c.CommandPath()}
	case g.sample && given("beams") && g.beams > 1:
		return usageError{errors.New("got both --sample and --beams: the one draws what the other searches"), c.CommandPath()}
	case given("length-penalty") && given("alpha"):
		return usageError{errors.New("got both --length-penalty and --alpha: want one of them"), c.CommandPath()}
	}
	return nil
}

// checkFor reports options that a predictor refuses, in the words of the flags as far as those are to blame.
func (g *generationFlags) checkFor(c *cobra.Command, o generate.Options, p *predict.Predictor) error {
	err, longest := p.CheckGeneration(o), p.MaxOutputLength()
	switch {
	case err == nil:
		return nil
	case g.minLength > longest && c.Flags().Changed("min-output-length"):
		err = fmt.Errorf("--min-output-length %d: want at most the longest output, %d tokens (--max-output-length)", g.minLength, longest)
	case len(o.Prefix) > longest:
		err = fmt.Errorf("--output-prefix has %d tokens, want at most the longest output, %d (--max-output-length)", len(o.Prefix), longest)
	case g.set(c) == "": // generation_config.json is
		return err
	}
	return usageError{err, c.CommandPath()}
}

func earlyStopping(name string) (generate.EarlyStopping, bool) {
	modes := map[string]generate.EarlyStopping{"heuristic": generate.Heuristic, "early": generate.Early, "never": generate.Never}
	mode, ok := modes[name]
	return mode, ok
}

// options returns base, which the checkpoint asks for, with what the flags say in its place.
func (g *generationFlags) options(c *cobra.Command, base generate.Options, tok *tokenizer.Tokenizer) (generate.Options, error) {
	o, given := base, c.Flags().Changed
	wrong := func(format string, args ...any) (generate.Options, error) {
		return o, usageError{fmt.Errorf(format, args...), c.CommandPath()}
	}
	if given("beams") {
		o.Beams, o.Sampling = g.beams, nil
	}
	if given("sample") {
		o.Sampling = nil
		if g.sample {
			o.Beams, o.Sampling = 0, &generate.Sampling{Temperature: 1}
			if base.Sampling != nil {
				*o.Sampling = *base.Sampling
			}
		}
	}
	for _, name := range beamFlags {
		if given(name) && o.Beams <= 1 {
			return wrong("--%s does nothing without --beams 2 or more", name)
		}
	}
	for _, name := range samplingFlags {
		if given(name) && o.Sampling == nil {
			return wrong("--%s does nothing without --sample", name)
		}
	}
	if given("length-penalty") {
		o.LengthPenalty = &g.lengthPenalty
	}
	if given("alpha") {
		o.LengthNormAlpha, o.LengthPenalty = g.alpha, nil
	}
	if given("early-stopping") {
		o.EarlyStopping, _ = earlyStopping(g.earlyStopping)
	}
	if o.Sampling != nil {
		g.setSampling(c, o.Sampling)
	}
	if given("return-sequences") {
		o.NumReturnSequences = g.returned
	}
	if o.NumReturnSequences > 1 && o.Sampling == nil && o.NumReturnSequences > o.Beams {
		return wrong("--return-sequences %d: want --sample, or at least as many --beams", o.NumReturnSequences)
	}
	if given("no-repeat-ngram") {
		o.NoRepeatNgram = g.noRepeatNgram
	}
	if given("repetition-penalty") {
		o.RepetitionPenalty = g.repetitionPenalty
	}
	if given("min-output-length") {
		o.MinTokens = g.minLength - 1 // EOS counts
	}
	return g.texts(o, tok)
}

func (g *generationFlags) setSampling(c *cobra.Command, s *generate.Sampling) {
	given := c.Flags().Changed
	for name, f := range map[string]struct {
		to   *float64
		from float64
	}{
		"temperature": {&s.Temperature, g.sampling.Temperature}, "top-p": {&s.TopP, g.sampling.TopP}, "min-p": {&s.MinP, g.sampling.MinP},
		"typical-p": {&s.TypicalP, g.sampling.TypicalP}, "epsilon": {&s.Epsilon, g.sampling.Epsilon}, "eta": {&s.Eta, g.sampling.Eta},
	} {
		if given(name) {
			*f.to = f.from
		}
	}
	if given("top-k") {
		s.TopK = g.sampling.TopK
	}
	s.Seed = g.sampling.Seed
}

// texts sets what is given as text.
func (g *generationFlags) texts(o generate.Options, tok *tokenizer.Tokenizer) (generate.Options, error) {
	words, err := predict.BadWords(tok)(g.badWords)
	if err != nil {
		return o, fmt.Errorf("--bad-words: %w", err)
	}
	o.BadWords = append(o.BadWords, words...)
	if g.prefix != "" {
		if o.Prefix, err = predict.Prefix(tok, g.prefix); err != nil {
			return o, fmt.Errorf("--output-prefix: %w", err)
		}
	}
	if g.choices == "" {
		return o, nil
	}
	list, err := listOrFile(g.choices)
	if err != nil {
		return o, fmt.Errorf("--choices: %w", err)
	}
	if err := predict.Choose(&o, tok, list); err != nil {
		return o, fmt.Errorf("--choices: %w", err)
	}
	g.choicesDigest = fmt.Sprintf("%d, sha256 %x", len(list), sha256.Sum256([]byte(strings.Join(list, "\n"))))
	return o, nil
}

// listOrFile returns the lines of the file of that name, or else the values between commas.
func listOrFile(value string) ([]string, error) {
	if info, err := os.Stat(value); err != nil || info.IsDir() {
		return strings.Split(value, ","), nil
	}
	f, err := os.Open(value) // perhaps a pipe
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := bounded.Read(f)
	if err == nil {
		err = lfs.Check(raw)
	}
	if err != nil {
		return nil, err
	}
	var list []string
	for line := range strings.Lines(string(raw)) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			list = append(list, line)
		}
	}
	return list, nil
}
