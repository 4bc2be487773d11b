package main

import (
	"github.com/spf13/cobra"

	"t5train/trainer/predict"
)

func scoreCommand(a app) *cobra.Command {
	var f askFlags
	c := &cobra.Command{
		Use:   "score",
		Short: "Compute how probable given targets are",
		Long: `Compute the log-probability of given targets after their inputs: a JSON object a line or a row of parquet for each
target, with its sum over the tokens, its mean, its perplexity and its share among the targets of the input. Targets
are a column of the input; in a text file they stand behind the input, each after a tab. --target gives the same
targets to all inputs. docs/prediction.md has the rest.`,
		Example: `  t5train score --model runs/translation --input pairs.parquet --output scores.parquet
  t5train score --model google/flan-t5-small --text "Is the sky blue?" --target yes --target no
  t5train score --model google/flan-t5-small --input pairs.jsonl --text-column question --target-column answers`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := f.check(c, a.stdin); err != nil {
				return err
			}
			if f.in.Path == "" {
				if err := requireFlags(c, "target"); err != nil {
					return err
				}
			}
			done, err := openAnswers(a, &f.out, nil)
			if err != nil {
				return err
			}
			console := a.console()
			p, err := f.open(console, f.threads)
			if err != nil {
				return err
			}
			f.in.TargetColumn = f.task.options.TargetColumn
			return done(p.ScoreFile(c.Context(), f.in, f.out,
				predict.FileOptions{BatchSize: f.batchSize, Sink: console}))
		},
	}
	f.add(c)
	f.model.addDType(c)
	c.Flags().StringArrayVar(&f.in.Targets, "target", nil, "target to score after every input (repeatable)")
	c.Flags().StringVar(&f.task.options.TargetColumn, "target-column", "",
		"column of the targets (default: the model's)")
	return c
}
