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
	var checkpoint string
	var in inputFlags
	var batchSize, threads int
	var o trainer.PredictorOptions
	var t taskFlags
	var out answerFlags
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
			if err := requireFlags(c, "checkpoint"); err != nil {
				return err
			}
			if err := in.check(c); err != nil {
				return err
			}
			if err := requireAtLeast(c, 1, "batch-size"); err != nil {
				return err
			}
			if err := requireAtLeast(c, 2, "max-input-length", "max-output-length"); err != nil {
				return err
			}
			if err := requireAtLeast(c, 0, "threads"); err != nil {
				return err
			}
			if err := g.check(c); err != nil {
				return err
			}
			if err := out.check(c); err != nil {
				return err
			}
			options, err := t.options(c)
			if err != nil {
				return err
			}
			console := a.console()
			m, err := openModel(checkpoint, console)
			if err != nil {
				return err
			}
			spec, err := trainer.PredictionTask(m.bundle, options)
			if err != nil {
				return err
			}
			var how decode.Options
			if len(spec.Labels) > 0 {
				if name := g.set(c); name != "" {
					return usageError{fmt.Errorf("--%s: a classification answers with labels and generates nothing: add --task seq2seq to generate", name), c.CommandPath()}
				}
			} else if how, err = m.generation(c, &g, &o, console); err != nil {
				return err
			}
			p := trainer.NewPredictor(m.bundle, spec, kernel.NewWorkers(threads), o)
			if len(spec.Labels) == 0 {
				if err := p.CheckGeneration(how); err != nil {
					return err
				}
			}
			total, err := in.count(spec.TextColumns)
			if err != nil {
				return err
			}
			job := func() (answers.Job, error) {
				return m.job("predict", out.format, about{
					Task: spec, MaxInputLength: p.MaxInputLength(), MaxOutputLength: p.MaxOutputLength(), Generation: how, Choices: g.choicesDigest,
				})
			}
			var cuts trainer.Cuts
			err = answer(c, a, out, job, trainer.Stream[trainer.Input, trainer.Prediction]{
				Read: func(yield func(trainer.Input) error) error { return in.read(c.Context(), spec, a.stdin, yield) },
				Answer: func(ctx context.Context, first int64, batch []trainer.Input) ([][]trainer.Prediction, error) {
					predictions, err := p.Predict(ctx, first, batch, how, &cuts)
					return slices.Collect(slices.Chunk(predictions, 1)), err
				},
				Total: total, BatchSize: batchSize, Beginnings: trainer.Input.Beginnings, What: "predict", Console: console,
			}, answers.Parquet(trainer.Prediction.Rows))
			if err == nil {
				cuts.Report(console, p)
			}
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&checkpoint, "checkpoint", "", "checkpoint, run or Hugging Face folder")
	in.add(c)
	out.add(c)
	f.IntVar(&batchSize, "batch-size", 32, "inputs at a time; changes memory and time, and results by rounding only")
	f.IntVar(&o.MaxInputLength, "max-input-length", 0, "longest input in tokens (default: the checkpoint's, or 512)")
	f.IntVar(&o.MaxOutputLength, "max-output-length", 0, "longest output in tokens (default: the checkpoint's, or 128)")
	f.IntVar(&threads, "threads", 0, "threads to compute with; 0 is all")
	t.add(c)
	g.add(c)
	return c
}
