package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"t5train/data/task"
	"t5train/trainer"
)

// taskFlags correct the task that a checkpoint remembers.
type taskFlags struct {
	name, prefix, label, target string
	texts, labels               []string
}

func (t *taskFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&t.name, "task", "", "classification or seq2seq (default: what the checkpoint was trained for)")
	f.StringVar(&t.prefix, "prefix", "", "text in front of every input (default: the checkpoint's)")
	f.StringSliceVar(&t.texts, "text-column", nil, "input column, or several in order (default: the checkpoint's)")
	f.StringSliceVar(&t.labels, "labels", nil, "label strings in class order (default: the checkpoint's)")
}

// addAnswers adds the flags about columns that only data with answers has.
func (t *taskFlags) addAnswers(c *cobra.Command) {
	c.Flags().StringVar(&t.label, "label-column", "", "column of the label (default: the checkpoint's)")
	c.Flags().StringVar(&t.target, "target-column", "", "column of the target text of seq2seq (default: the checkpoint's)")
}

func (t *taskFlags) options(c *cobra.Command) (trainer.TaskOptions, error) {
	switch t.name {
	case "", task.Classification, task.Seq2Seq:
	default:
		return trainer.TaskOptions{}, usageError{fmt.Errorf("--task %s: want %s or %s", t.name, task.Classification, task.Seq2Seq), c.CommandPath()}
	}
	o := trainer.TaskOptions{Name: t.name, TextColumns: t.texts, LabelColumn: t.label, TargetColumn: t.target, Labels: t.labels}
	if c.Flags().Changed("prefix") {
		o.Prefix = &t.prefix
	}
	return o, nil
}
