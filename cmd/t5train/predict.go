package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"t5train/model/decode"
	"t5train/model/kernel"
	"t5train/trainer"
	"t5train/trainer/answers"
)

func predictCommand(a app) *cobra.Command {
	var f askFlags
	var g generationFlags
	c := &cobra.Command{
		Use:   "predict",
		Short: "Answer texts with a checkpoint",
		Long: `Answer texts with a checkpoint: one JSON object a line or rows of parquet, in the order of the inputs.

A checkpoint trained for classification answers with a label and its probability; with --task seq2seq, and every other
checkpoint, with the text that the model generates. What generation_config.json of the checkpoint says about generation
holds unless a flag says otherwise.

Inputs need not fit into memory. An interrupted command goes on where it stopped when it is given again, with the same
checkpoint, task and flags of generation.`,
		Example: `  t5train predict --checkpoint runs/quickstart --text "You have won a prize"
  t5train predict --checkpoint runs/quickstart --input messages.txt --output answers.jsonl
  t5train predict --checkpoint runs/translation --input corpus.parquet --output translated.parquet --beams 4
  cat messages.txt | t5train predict --checkpoint runs/quickstart --input -`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := f.check(c, a.stdin); err != nil {
				return err
			}
			if err := requireAtLeast(c, 2, "max-output-length"); err != nil {
				return err
			}
			if err := g.check(c); err != nil {
				return err
			}
			console := a.console()
			m, spec, err := f.open(c, console)
			if err != nil {
				return err
			}
			var how decode.Options
			if len(spec.Labels) > 0 {
				if name := g.set(c); name != "" {
					return usageError{fmt.Errorf("--%s: a classification answers with labels and generates nothing: add --task seq2seq to generate", name), c.CommandPath()}
				}
			} else if how, err = m.generation(c, &g, &f.limits, console); err != nil {
				return err
			}
			p := trainer.NewPredictor(m.bundle, spec, kernel.NewWorkers(f.threads), f.limits)
			if len(spec.Labels) == 0 {
				if err := g.checkFor(c, how, p); err != nil {
					return err
				}
			}
			total, err := f.in.count(c.Context(), spec.TextColumns)
			if err != nil {
				return err
			}
			job := func() (answers.Job, error) {
				return m.job("predict", f.out.format, about{
					Task: spec, MaxInputLength: p.MaxInputLength(), MaxOutputLength: p.MaxOutputLength(), Generation: how, Choices: g.choicesDigest,
				})
			}
			var cuts trainer.Cuts
			err = answer(c, a, f.out, job, trainer.Stream[trainer.Input, trainer.Prediction]{
				Read: func(yield func(trainer.Input) error) error { return f.in.read(c.Context(), spec, a.stdin, yield) },
				Answer: func(ctx context.Context, first int64, batch []trainer.Input) ([][]trainer.Prediction, error) {
					predictions, err := p.Predict(ctx, first, batch, how, &cuts)
					return slices.Collect(slices.Chunk(predictions, 1)), err
				},
				Total: total, BatchSize: f.batchSize, Beginnings: trainer.Input.Beginnings, What: "predict", Console: console,
			}, answers.Parquet(trainer.Prediction.Rows))
			if err == nil {
				cuts.Report(console, p)
			}
			return err
		},
	}
	f.add(c)
	c.Flags().IntVar(&f.limits.MaxOutputLength, "max-output-length", 0, "longest output in tokens (default: the checkpoint's, or 128)")
	g.add(c)
	return c
}
