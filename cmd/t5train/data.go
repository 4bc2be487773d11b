package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"t5train/checkpoints"
	"t5train/data/corpus"
)

func dataCommand(a app) *cobra.Command {
	c := &cobra.Command{
		Use:   "data",
		Short: "Import, clean and tokenize data",
		Args:  noArguments,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(importCommand(a), dataInspectCommand(a), dataCheckCommand(a), dataCleanCommand(a), tokenizeCommand(a),
		examplesCommand(a))
	return c
}

func tokenizeCommand(a app) *cobra.Command {
	var tokenizerPath string
	var o corpus.TokensOptions
	c := &cobra.Command{
		Use:   "tokenize",
		Short: "Tokenize a corpus ahead of pre-training",
		Long: `Tokenize a corpus of plain text, once, into a token store in the output folder, and print the folder of the store.
The folder may hold the stores of several corpora. A store that fits files, tokenizer and column is used; one that does
not is left alone. A run that was stopped goes on with the same command.`,
		Example: `  t5train data tokenize --train corpus --output runs/first/tokens
  t5train data tokenize --train 'corpus/train-*.parquet' --text-column body --output tokens
  t5train data tokenize --train corpus --tokenizer google/flan-t5-small --output tokens --threads 2`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := requireFlags(c, "train", "output"); err != nil {
				return err
			}
			o.Sink = a.console()
			tok, err := checkpoints.OpenTokenizer(tokenizerPath)
			if err != nil {
				return err
			}
			s, err := corpus.OpenTokens(c.Context(), tok, o)
			if err != nil {
				return err
			}
			defer s.Close()
			_, err = fmt.Fprintln(a.stdout, s.Dir())
			return err
		},
	}
	f := c.Flags()
	f.StringSliceVar(&o.Data, "train", nil, dataHelp)
	f.StringVar(&o.TextColumn, "text-column", "", "column of the text (default: found from the schema)")
	f.StringVar(&tokenizerPath, "tokenizer", "", "spiece.model or a folder with one (default: T5's)")
	f.StringVar(&o.Output, "output", "", "folder for token stores")
	f.IntVar(&o.Threads, "threads", 0, "threads to compute with; 0 is all")
	return c
}
