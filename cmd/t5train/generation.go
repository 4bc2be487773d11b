package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
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
	own             generate.Options // values of the flags
	sample          bool
	prefix, choices string
	badWords        []string

	choicesDigest string // of what --choices names
}

// generationFlag returns the flag of an option of generation, "" if it has none.
func generationFlag(o generate.Option) string { return strings.ReplaceAll(o.Key, "_", "-") }

// add adds the flags; without several, those for a command that takes one output of each input.
func (g *generationFlags) add(c *cobra.Command, several bool) {
	g.own = generate.Options{
		Beams: 1, NumReturnSequences: 1, LengthPenalty: new(1.0), RepetitionPenalty: 1, Sampling: &generate.Sampling{Temperature: 1},
	}
	f := c.Flags()
	for _, o := range generate.Table() {
		name := generationFlag(o)
		if name == "" || !several && o.Field == "NumReturnSequences" {
			continue
		}
		if o.Value == nil {
			switch o.Field {
			case "Sampling":
				f.BoolVar(&g.sample, name, false, o.Usage)
			case "BadWords":
				f.StringSliceVar(&g.badWords, name, nil, o.Usage)
			case "Prefix":
				f.StringVar(&g.prefix, name, "", o.Usage)
			case "Allowed":
				f.StringVar(&g.choices, name, "", o.Usage)
			}
			continue
		}
		switch v := o.Value(&g.own).(type) {
		case *int:
			f.IntVar(v, name, *v, o.Usage)
		case *uint64:
			f.Uint64Var(v, name, *v, o.Usage)
		case *float64:
			f.Float64Var(v, name, *v, o.Usage)
		case **float64:
			f.Float64Var(*v, name, **v, o.Usage)
		case *generate.EarlyStopping:
			f.Var(v, name, o.Usage)
		}
	}
}

// given reports whether the flag of an option is.
func (g *generationFlags) given(c *cobra.Command) func(generate.Option) bool {
	return func(o generate.Option) bool { return c.Flags().Changed(generationFlag(o)) }
}

// set returns the first flag of generation that is given, "" if none is.
func (g *generationFlags) set(c *cobra.Command) string {
	table := generate.Table()
	if i := slices.IndexFunc(table, g.given(c)); i >= 0 {
		return generationFlag(table[i])
	}
	return ""
}

// check reports flags with values that can never be, before a model is loaded.
func (g *generationFlags) check(c *cobra.Command) error {
	if err := requireAtLeast(c, 1, "beams", "return-sequences", "min-output-length"); err != nil {
		return err
	}
	given := c.Flags().Changed
	for _, o := range generate.Table() {
		x, r, name := o.Number(&g.own), o.Range, generationFlag(o)
		if o.Value == nil || !given(name) || x == 0 && r.Off || r.Want(x) == "" {
			continue
		}
		want := fmt.Sprintf("from %g to %g", r.Least, r.Most)
		if math.IsInf(r.Most, 1) {
			want = "above 0"
		}
		return usageError{fmt.Errorf("--%s %g: want %s", name, x, want), c.CommandPath()}
	}
	if given("length-penalty") && given("alpha") {
		return usageError{errors.New("got both --length-penalty and --alpha: want one of them"), c.CommandPath()}
	}
	if g.sample && given("beams") && g.own.Beams > 1 {
		return usageError{errors.New("got both --sample and --beams: the one draws what the other searches"), c.CommandPath()}
	}
	return nil
}

// checkFor reports options that a predictor refuses, in the words of the flags as far as those are to blame.
func (g *generationFlags) checkFor(c *cobra.Command, o generate.Options, p *predict.Predictor) error {
	err, longest := p.CheckGeneration(o), p.MaxOutputLength()
	switch {
	case err == nil:
		return nil
	case g.own.MinTokens > longest && c.Flags().Changed("min-output-length"):
		err = fmt.Errorf("--min-output-length %d: want at most the longest output, %d tokens (--max-output-length)", g.own.MinTokens, longest)
	case len(o.Prefix) > longest:
		err = fmt.Errorf("--output-prefix has %d tokens, want at most the longest output, %d (--max-output-length)", len(o.Prefix), longest)
	case g.set(c) == "": // generation_config.json is
		return err
	}
	return usageError{err, c.CommandPath()}
}

// options returns base, which the checkpoint asks for, with what the flags say in its place.
func (g *generationFlags) options(c *cobra.Command, base generate.Options, tok *tokenizer.Tokenizer) (generate.Options, error) {
	own := g.own
	own.MinTokens-- // EOS counts
	o, idle := generate.Override(base, own, g.given(c), g.sample)
	for _, option := range idle {
		needs := map[string]string{"Beams": "--beams 2 or more", "Sampling": "--sample"}[option.Needs]
		return o, usageError{fmt.Errorf("--%s does nothing without %s", generationFlag(option), needs), c.CommandPath()}
	}
	if n := o.NumReturnSequences; n > 1 && o.Sampling == nil && n > o.Beams {
		return o, usageError{fmt.Errorf("--return-sequences %d: want --sample, or at least as many --beams", n), c.CommandPath()}
	}
	return g.texts(o, tok)
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
