package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"t5train/data/corpus"
	"t5train/data/tokenizer"
	"t5train/data/tokenizer/normalize"
	"t5train/data/tokenizer/vocabulary"
)

// inputHelp describes the --input of commands that read text for vocabularies.
const inputHelp = "texts, PATH or PATH:COLUMN: a file, a folder or a glob (repeatable)"

func tokenizerTrainCommand(a app) *cobra.Command {
	o := corpus.VocabularyOptions{Train: vocabulary.Defaults(), ExtraIDs: tokenizer.DefaultExtraIDs}
	t := &o.Train
	kind, maxText, hardLimit := "", "", true
	c := &cobra.Command{
		Use:   "train",
		Short: "Train a SentencePiece vocabulary",
		Long: `Train a SentencePiece vocabulary of T5's kind: <pad> is 0, </s> 1, <unk> 2, and behind it come 100 sentinels, so that
--vocab-size 32000 makes 32,100 tokens. transformers' AutoTokenizer opens the folder. The result depends on the text,
the options and the seed, not on the threads. Of more text than --max-text a sample of the lines is trained on.
docs/vocabulary.md has the rest.`,
		Example: `  t5train tokenizer train --input corpus.parquet:text --vocab-size 32000 --output spiece.model
  t5train tokenizer train --input 'books/*.txt' --input web.parquet --vocab-size 8000 --output german
  t5train tokenizer train --input corpus --type bpe --byte-fallback --normalization nfkc --output bytes`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := requireFlags(c, "input", "output"); err != nil {
				return err
			}
			var ok bool
			if t.MaxTextBytes, ok = parseBytes(maxText); !ok && maxText != "0" {
				return misuse(c, "--max-text %s: want a size such as 1GB or 500MB, or 0 for any", maxText)
			}
			t.Kind, t.SoftVocabLimit = vocabulary.Kind(kind), !hardLimit
			for _, name := range []string{"seed-pieces", "shrinking-factor", "sub-iterations"} {
				if t.Kind == vocabulary.BPE && c.Flags().Changed(name) {
					return misuse(c, "--%s is not for --type %s: leave it out, or say %s", name, vocabulary.BPE,
						vocabulary.Unigram)
				}
			}
			var option vocabulary.OptionError
			if err := t.Check(); errors.As(err, &option) {
				return misuse(c, "%w", option)
			}
			o.Sink = a.console()
			paths, err := corpus.TrainVocabulary(c.Context(), o)
			if err == nil {
				_, err = fmt.Fprintln(a.stdout, strings.Join(paths, "\n"))
			}
			return err
		},
	}
	f := c.Flags()
	f.StringArrayVar(&o.Inputs, "input", nil, inputHelp)
	f.StringVar(&o.Output, "output", "", "folder for the tokenizer, or spiece.model in one")
	f.BoolVar(&o.Overwrite, "overwrite", false, "replace the tokenizer that is there")
	f.StringVar(&kind, "type", string(t.Kind), "unigram or bpe")
	f.IntVar(&t.VocabSize, "vocab-size", t.VocabSize, "pieces, with <pad>, </s> and <unk>, without sentinels")
	f.IntVar(&o.ExtraIDs, "extra-ids", o.ExtraIDs, "sentinels behind the vocabulary, which span corruption needs")
	f.StringVar(&t.Normalization, "normalization", t.Normalization, strings.Join(normalize.Names(), ", "))
	f.Float64Var(&t.CharacterCoverage, "character-coverage", t.CharacterCoverage,
		"share of the characters of the text that become pieces")
	f.IntVar(&t.MaxPieceLength, "max-piece-length", t.MaxPieceLength, "characters of the longest piece")
	f.BoolVar(&t.SplitByUnicodeScript, "split-by-unicode-script", t.SplitByUnicodeScript,
		"no piece holds characters of two scripts")
	f.BoolVar(&t.SplitByNumber, "split-by-number", t.SplitByNumber, "no piece holds digits and letters")
	f.BoolVar(&t.SplitByWhitespace, "split-by-whitespace", t.SplitByWhitespace,
		"no piece continues after a space; false takes far longer")
	f.BoolVar(&t.SplitDigits, "split-digits", t.SplitDigits, "each digit is a piece of its own")
	f.BoolVar(&t.ByteFallback, "byte-fallback", t.ByteFallback,
		"unknown characters become their bytes, which have 256 pieces")
	f.StringSliceVar(&t.ControlSymbols, "control-symbols", nil, "tokens that no text gives, a,b")
	f.StringSliceVar(&t.UserSymbols, "user-symbols", nil,
		"pieces that are always cut out, a,b; ▁ stands for a space")
	f.BoolVar(&hardLimit, "hard-vocab-limit", true, "text that gives fewer pieces than --vocab-size is an error")
	f.IntVar(&t.MaxLineBytes, "max-line-bytes", t.MaxLineBytes, "longer lines are left out; 0 for none")
	f.IntVar(&t.SampleLines, "sample-lines", 0, "lines to train on, drawn at random (default: all, up to --max-text)")
	f.StringVar(&maxText, "max-text", "1GiB", "text to train on; more is sampled line by line; 0 for any")
	f.Uint64Var(&t.Seed, "seed", t.Seed, "which lines are drawn")
	f.IntVar(&t.SeedPieces, "seed-pieces", t.SeedPieces, "unigram: frequent strings to start from")
	f.Float64Var(&t.ShrinkingFactor, "shrinking-factor", t.ShrinkingFactor,
		"unigram: part of the pieces that a round keeps")
	f.IntVar(&t.SubIterations, "sub-iterations", t.SubIterations,
		"unigram: steps of expectation and maximization in a round")
	f.IntVar(&t.Threads, "threads", 0, "threads (default: all)")
	return c
}
