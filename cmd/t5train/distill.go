package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"t5train/configs"
	"t5train/trainer"
)

func distillCommand(a app) *cobra.Command {
	return runCommand(a, &cobra.Command{
		Use:   distillName,
		Short: "Fine-tune a small model on what a larger one answers",
		Long: `Fine-tune a small model, the student of --model or --size, on a task that a larger one knows, --teacher: on
its probabilities beside the targets of the data, or with --targets teacher on its best outputs. The teacher answers
once, into a file. The same command resumes a run that was stopped.`,
		Example: `  t5train distill --teacher runs/teacher --model student --train train.parquet --output runs/student
  t5train distill --teacher runs/teacher --size v1_1-tiny --config my.yaml --soft-weight 0.9
  t5train distill --teacher flan-t5-base --targets teacher --soft-weight 0 --config my.yaml`,
	}, func(ctx context.Context, c *configs.Config, o trainer.Options) (*trainer.Result, error) {
		if !c.Distill.On() {
			return nil, errors.New("there is no teacher: name one with distill.teacher")
		}
		return trainer.Finetune(ctx, c, o)
	})
}
