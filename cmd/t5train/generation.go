package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

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
}

// generationFlag returns the flag of an option of generation, "" if it has none.
func generationFlag(o generate.Option) string { return strings.ReplaceAll(o.Key, "_", "-") }

// add adds the flags; without several, those for a command that takes one output of each input.
func (g *generationFlags) add(c *cobra.Command, several bool) {
	g.own = generate.Options{
		Beams: 1, NumReturnSequences: 1, LengthPenalty: new(1.0), RepetitionPenalty: 1,
		Sampling: &generate.Sampling{Temperature: 1},
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

// read returns what the flags ask for. It reports values that can never be, before a model is loaded.
func (g *generationFlags) read(c *cobra.Command) (how predict.Generation, err error) {
	if err := requireAtLeast(c, 1, "beams", "return-sequences", "min-output-length"); err != nil {
		return how, err
	}
	given := c.Flags().Changed
	for _, o := range generate.Table() {
		x, r, name := o.Number(&g.own), o.Range, generationFlag(o)
		if !given(name) {
			continue
		}
		how.Given = append(how.Given, o.Field)
		if want := r.Want(x); o.Value != nil && want != "" && !(x == 0 && r.Off) {
			return how, misuse(c, "--%s %g: want %s", name, x, want)
		}
	}
	if given("length-penalty") && given("alpha") {
		return how, misuse(c, "got both --length-penalty and --alpha: want one of them")
	}
	if g.sample && given("beams") && g.own.Beams > 1 {
		return how, misuse(c, "got both --sample and --beams: the one draws what the other searches")
	}
	how.Options, how.Sample, how.BadWords, how.Prefix = g.own, g.sample, g.badWords, g.prefix
	how.Options.MinTokens-- // EOS counts
	if g.choices != "" {
		if how.Choices, err = listOrFile(g.choices); err != nil {
			return how, fmt.Errorf("--choices: %w", err)
		}
	}
	return how, nil
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
