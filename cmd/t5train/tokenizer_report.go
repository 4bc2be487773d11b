package main

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"t5train/data/corpus"
	"t5train/data/tokenizer/usage"
	"t5train/internal/jsonlines"
	"t5train/internal/ui"
	"t5train/model/kernel"
	"t5train/trainer/report"
)

func tokenizerReportCommand(a app) *cobra.Command {
	var rules tokenizerFlags
	var inputs []string
	var o usage.Options
	var asJSON bool
	var plots string
	c := &cobra.Command{
		Use:   "report",
		Short: "Measure how a vocabulary writes texts, or two vocabularies beside each other",
		Long: `Measure how a vocabulary writes texts: how many tokens a word and a byte take, what is unknown, how many pieces are
used, which are the longest and the rarest; for two vocabularies beside each other. A vocabulary fits a text when it
takes few tokens for a byte, knows its characters and leaves few pieces unused.`,
		Example: `  t5train tokenizer report --tokenizer spiece.model --input 'corpus/train-*.parquet'
  t5train tokenizer report --tokenizer google/flan-t5-small --tokenizer german --input train.parquet:text --plots plots
  t5train tokenizer report --tokenizer runs/first --input messages.txt --json`,
		RunE: func(c *cobra.Command, args []string) error {
			args, err := rules.several(c, a.console(), args, 1, 2)
			if err = cmp.Or(err, requireFlags(c, "input")); err != nil {
				return err
			}
			var vocabularies []usage.Vocabulary
			for _, path := range args {
				t, err := rules.open(path)
				if err != nil {
					return err
				}
				vocabularies = append(vocabularies, t)
			}
			o.Threads = kernel.NewWorkers(o.Threads).Threads()
			u, err := usage.Measure(vocabularies, o, func(yield func(string) error) error {
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
				return jsonlines.NewEncoder(a.stdout).Encode(named(args, u))
			}
			p := ui.NewLines(a.stdout)
			u.Write(p, args)
			return p.Finish(nil)
		},
	}
	rules.addSeveral(c, "one or two: run, checkpoint folder, spiece.model or tokenizer.json")
	f := c.Flags()
	f.StringArrayVar(&inputs, "input", nil, inputHelp)
	f.IntVar(&o.Show, "show", 10, "pieces and characters to show of each kind")
	f.IntVar(&o.Threads, "threads", 0, "threads to compute with; 0 is all")
	f.BoolVar(&asJSON, "json", false, "print one JSON object")
	f.StringVar(&plots, "plots", "", "folder for coverage.svg and .png: the share of the frequent pieces")
	return c
}

// namedUse is a vocabulary of tokenizer report --json.
type namedUse struct {
	Tokenizer string `json:"tokenizer"`
	usage.Use
}

// named puts the paths of the tokenizers into a report.
func named(paths []string, u *usage.Report) any {
	uses := make([]namedUse, len(paths))
	for i, path := range paths {
		uses[i] = namedUse{path, u.Vocabularies[i]}
	}
	return struct {
		*usage.Report
		Vocabularies []namedUse `json:"vocabularies"` // in the place of Report's
	}{u, uses}
}

// coverageFigure shows how much of the texts the most frequent pieces are. A curve has points enough for any screen.
func coverageFigure(paths []string, u *usage.Report) report.Figure {
	const points = 300
	f := report.Figure{Name: "coverage", Title: "Tokens that the most frequent pieces cover, %",
		XTitle: "pieces, by frequency", LogX: true}
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
