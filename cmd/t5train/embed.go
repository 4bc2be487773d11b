package main

import (
	"errors"

	"github.com/spf13/cobra"

	"t5train/data/table"
	"t5train/trainer/embed"
	"t5train/trainer/predict"
	"t5train/trainer/predict/inputfile"
)

func embedCommand(a app) *cobra.Command {
	var f askFlags
	var o embed.Options
	var keep []string
	c := &cobra.Command{
		Use:   "embed",
		Short: "Make vectors of texts with the encoder of a model",
		Long: `Make vectors of texts: one JSON object a line or rows of parquet, in the order of the inputs. The vector of a text is
the mean of the states that the encoder ends with. The model may be an encoder alone (T5EncoderModel) or one of
sentence-transformers, whose projection, prompt and longest input hold then. Inputs need not fit into memory. The same
command resumes one that was interrupted.`,
		Example: `  t5train embed --model runs/first --text "That is good."
  t5train embed --model sentence-transformers/sentence-t5-base --input texts.parquet --output vectors.parquet
  t5train embed --model google/flan-t5-small --input texts.jsonl --keep id --normalize --output vectors.jsonl`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := f.check(c, a.stdin); err != nil {
				return err
			}
			var err error
			if f.in.Keep, err = keptColumns[embed.Answer](keep, &f); err == nil {
				_, err = keptColumns[embed.Row](keep, &f)
			}
			if err != nil {
				return usageError{err, c.CommandPath()}
			}
			done, err := openAnswers(a, &f.out, nil)
			if err != nil {
				return err
			}
			console := a.console()
			how := f.model.open(&f.task, console)
			how.Limits, how.Threads = f.limits, f.threads
			e, err := embed.Open(f.model.checkpoint, how, o)
			if err != nil {
				return err
			}
			return done(e.File(c.Context(), f.in, f.out, predict.FileOptions{BatchSize: f.batchSize, Sink: console}))
		},
	}
	f.add(c)
	addKeep(c, &keep)
	c.Flags().BoolVar(&o.PerToken, "per-token", false, "a state for each token, without any projection")
	c.Flags().BoolVar(&o.Normalize, "normalize", false, "vectors of length 1, whose products are cosines")
	return c
}

// addKeep adds the flag that names columns of the input for the answers.
func addKeep(c *cobra.Command, keep *[]string) {
	c.Flags().StringSliceVar(keep, "keep", nil,
		"columns of the input to repeat in the answers, as id,label=gold")
}

// keptColumns reads the columns that answers repeat, none of which an answer may have itself.
func keptColumns[Answer any](keep []string, f *askFlags) ([]inputfile.Keep, error) {
	columns, err := predict.ParseKeep[Answer](keep)
	if err == nil && len(keep) > 0 && (f.in.Path == "" || f.in.Format == table.Text) {
		err = errors.New("--keep: texts have no columns: give an --input of parquet, csv, tsv or jsonl")
	}
	return columns, err
}
