package main

import (
	"github.com/spf13/cobra"

	"t5train/trainer"
)

func pretrainCommand(a app) *cobra.Command {
	return runCommand(a, &cobra.Command{
		Use:   pretrainName,
		Short: "Pre-train a model on plain text",
		Long: `Pre-train a model on plain text, from random weights or from a checkpoint, by span corruption or another objective.
The text is tokenized once, into token stores in the folder tokens of the run, or in one that several runs share.
Evaluations tell the loss per token and byte of held-out text, and show what the model fills in. docs/pretraining.md
has the rest.`,
		Example: `  t5train pretrain --config configs/pretrain-tiny.yaml --train corpus --validation held.parquet
  t5train pretrain --model google-t5/t5-small --train corpus --output runs/continued --steps 1000 --learning-rate 1e-3
  t5train pretrain --config my.yaml --tokens tokens --set objective.density=0.25`,
	}, trainer.Pretrain)
}
