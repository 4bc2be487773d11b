package main

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"t5train/data/corpus"
	"t5train/data/inspect"
	"t5train/internal/clip"
	"t5train/internal/ui"
	"t5train/model/kernel"
	"t5train/trainer/predict"
	"t5train/trainer/report"
)

func tokenizerReportCommand(a app) *cobra.Command {
	var rules tokenizerFlags
	var inputs []string
	var o inspect.UsageOptions
	var asJSON bool
	var plots string
	c := &cobra.Command{
		Use:   "report TOKENIZER [OTHER]",
		Short: "Measure how a vocabulary writes texts, or two vocabularies beside each other",
		Long: `Measure how a vocabulary writes texts: how many tokens a word and a byte take, what is unknown, how many pieces are used, which
are the longest and the rarest; for two vocabularies beside each other. Words are what blanks separate.

A vocabulary fits a text when it takes few tokens for a byte, knows its characters and leaves few pieces unused: a piece that
is rare in all of the training text learns little.`,
		Example: `  t5train tokenizer report spiece.model --input 'corpus/train-*.parquet'
  t5train tokenizer report flan-t5-small german/spiece.model --input train.parquet:de --plots plots
  t5train tokenizer report runs/first --input messages.txt --json`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return usageError{fmt.Errorf("got %d tokenizers, want one or two", len(args)), c.CommandPath()}
			}
			if err := requireFlags(c, "input"); err != nil {
				return err
			}
			if err := rules.check(c); err != nil {
				return err
			}
			var vocabularies []inspect.Vocabulary
			for _, path := range args {
				t, err := rules.open(path)
				if err != nil {
					return err
				}
				vocabularies = append(vocabularies, t)
			}
			o.Threads = kernel.NewWorkers(o.Threads).Threads()
			u, err := inspect.MeasureUsage(vocabularies, o, func(yield func(string) error) error {
				return corpus.ReadTexts(c.Context(), inputs, a.console(), yield)
			})
			if err != nil {
				return err
			}
			if u.Words == 0 {
				return fmt.Errorf("report: %s has no text: name another --input", strings.Join(inputs, ", "))
			}
			if plots != "" {
				names, err := coverageFigure(args, u).Write(plots)
				if err != nil {
					return err
				}
				for _, name := range names {
					ui.Say(a.console(), "plot", "%s", name)
				}
			}
			if asJSON {
				return predict.JSONLines(a.stdout).Encode(named(args, u))
			}
			p := newPrinter(a)
			p.usage(args, u)
			return p.finish(nil)
		},
	}
	rules.addSpecial(c)
	f := c.Flags()
	f.StringArrayVar(&inputs, "input", nil, inputHelp)
	f.IntVar(&o.Show, "show", 10, "pieces and characters to show of each kind")
	f.IntVar(&o.Threads, "threads", 0, "threads to compute with; 0 is all")
	f.BoolVar(&asJSON, "json", false, "print one JSON object")
	f.StringVar(&plots, "plots", "", "folder for coverage.svg and coverage.png: the share of the tokens that the most frequent pieces make up")
	return c
}

// namedUse is a vocabulary of tokenizer report --json.
type namedUse struct {
	Tokenizer string `json:"tokenizer"`
	inspect.VocabularyUse
}

// named puts the paths of the tokenizers into a report.
func named(paths []string, u *inspect.Usage) any {
	uses := make([]namedUse, len(paths))
	for i, path := range paths {
		uses[i] = namedUse{path, u.Vocabularies[i]}
	}
	return struct {
		*inspect.Usage
		Vocabularies []namedUse `json:"vocabularies"` // in the place of Usage's
	}{u, uses}
}

func (p printer) usage(paths []string, u *inspect.Usage) {
	p.line("texts", "%d, %d bytes, %d characters, %d words", u.Texts, u.Bytes, u.Characters, u.Words)
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	row := func(name string, value func(v inspect.VocabularyUse) string) {
		line := []string{name}
		for _, v := range u.Vocabularies {
			line = append(line, value(v))
		}
		fmt.Fprintln(w, strings.Join(line, "\t"))
	}
	fmt.Fprintf(w, "\n\t%s\n", strings.Join(paths, "\t"))
	row("vocabulary", func(v inspect.VocabularyUse) string { return fmt.Sprintf("%d tokens, %d pieces", v.Size, v.Pieces) })
	row("tokens", func(v inspect.VocabularyUse) string { return fmt.Sprint(v.Tokens) })
	row("tokens per word", func(v inspect.VocabularyUse) string { return fmt.Sprintf("%.4f", v.TokensPerWord) })
	row("tokens per byte", func(v inspect.VocabularyUse) string {
		return fmt.Sprintf("%.4f (%.2f bytes a token)", v.TokensPerByte, v.BytesPerToken)
	})
	row("unknown", func(v inspect.VocabularyUse) string {
		return fmt.Sprintf("%.4f %% of tokens, in %d texts", 100*v.UnknownRate, v.UnknownTexts)
	})
	if slices.ContainsFunc(u.Vocabularies, func(v inspect.VocabularyUse) bool { return v.ByteTokens > 0 }) {
		row("bytes", func(v inspect.VocabularyUse) string {
			return fmt.Sprintf("%.4f %% of tokens", percent(v.ByteTokens, v.Tokens))
		})
	}
	row("used pieces", func(v inspect.VocabularyUse) string {
		return fmt.Sprintf("%d (%.1f %%)", v.Used, percent(int64(v.Used), int64(v.Pieces)))
	})
	for i, cover := range u.Vocabularies[0].Covers {
		row(fmt.Sprintf("%d %% of tokens", cover.Percent), func(v inspect.VocabularyUse) string {
			if v.Covers[i].Pieces == 0 {
				return "not reached: unknown ones"
			}
			return fmt.Sprintf("%d pieces", v.Covers[i].Pieces)
		})
	}
	w.Flush() // to a buffer, whose error finish returns
	if c := u.Comparison; c != nil {
		fmt.Fprintf(p.out, "\n%s takes %.4f tokens for one of %s: fewer in %d texts, as many in %d, more in %d; %d pieces are in both\n",
			paths[1], c.TokenRatio, paths[0], c.Shorter, c.Equal, c.Longer, c.SharedPieces)
	}
	for i, v := range u.Vocabularies {
		fmt.Fprintf(p.out, "\n%s\n", paths[i])
		for _, list := range []struct {
			name   string
			pieces []inspect.PieceCount
		}{{"longest", v.Longest}, {"rarest", v.Rarest}, {"unused", v.Unused}} {
			if len(list.pieces) > 0 {
				p.line("  "+list.name, "%s", piecesText(list.pieces))
			}
		}
		if len(v.MostUnknown) > 0 {
			var shown []string
			for _, c := range v.MostUnknown {
				shown = append(shown, fmt.Sprintf("%q %d", c.Text, c.Count))
			}
			p.line("  unknown", "%d characters: %s", v.UnknownCharacters, strings.Join(shown, ", "))
		}
	}
}

// piecesText shows pieces with how often they are there.
func piecesText(pieces []inspect.PieceCount) string {
	var shown []string
	for _, piece := range pieces {
		text := clip.Text(piece.Piece, 60)
		if piece.Count > 0 {
			text += fmt.Sprintf(" %d", piece.Count)
		}
		shown = append(shown, text)
	}
	return strings.Join(shown, ", ")
}

// coverageFigure shows how much of the texts the most frequent pieces are. A curve has points enough for any screen.
func coverageFigure(paths []string, u *inspect.Usage) report.Figure {
	const points = 300
	f := report.Figure{Name: "coverage", Title: "Tokens that the most frequent pieces cover, %", XTitle: "pieces, by frequency", LogX: true}
	for i, v := range u.Vocabularies {
		c := report.Curve{Name: filepath.ToSlash(paths[i])}
		shares := v.Coverage()
		for j, last := 0, 0; j <= points && last < len(shares); j++ {
			n := int(math.Round(math.Pow(float64(len(shares)), float64(j)/points)))
			if n > last {
				c.X, c.Y = append(c.X, float64(n)), append(c.Y, 100*shares[n-1])
				last = n
			}
		}
		if len(c.X) > 0 { // a text of unknown characters alone has no piece
			f.Curves = append(f.Curves, c)
		}
	}
	return f
}
