package main

import (
	"bufio"

	"github.com/spf13/cobra"

	"t5train/data/tokenizer"
	"t5train/data/tokenizer/compare"
)

func compareCommand(a app) *cobra.Command {
	var rules tokenizerFlags
	var from textFlags
	var show int
	c := &cobra.Command{
		Use:   "compare",
		Short: "Compare two tokenizers over texts",
		Long: `Compare two tokenizers: their vocabularies, and the ids and the decoded text of every input text. The first
differences are shown. The exit status is 1 if there are any.`,
		Example: `  t5train tokenizer compare --tokenizer google/flan-t5-small --tokenizer runs/first --input train.parquet:text
  t5train tokenizer compare --tokenizer spiece.model --tokenizer tokenizer.json --input messages.txt
  cat messages.txt | t5train tokenizer compare --tokenizer spiece.model --tokenizer tokenizer.json --show 1`,
		RunE: func(c *cobra.Command, args []string) error {
			args, err := rules.several(c, a.console(), args, 2, 2)
			if err != nil {
				return err
			}
			var pair [2]*tokenizer.Tokenizer
			for i, path := range args {
				var err error
				if pair[i], err = rules.open(path); err != nil {
					return err
				}
			}
			out := bufio.NewWriter(a.data)
			d := compare.New(out, pair, [2]string{args[0], args[1]}, show)
			err = from.each(c, a.stdin, d.Text)
			if err == nil {
				err = d.Result()
			}
			if flushErr := out.Flush(); err == nil {
				err = flushErr
			}
			return err
		},
	}
	rules.addSeveral(c, "one of the two: run, checkpoint folder, spiece.model or tokenizer.json")
	from.add(c)
	c.Flags().IntVar(&show, "show", 5, "differences to show of each kind")
	return c
}
