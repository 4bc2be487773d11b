package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"t5train/checkpoints"
	"t5train/data/task"
	"t5train/internal/nearest"
)

// taskHelp says what --task may be.
const taskHelp = "classification, regression, ner, translation, summarization, question_answering, seq2seq, template, or a task of T5 such as glue/cola, squad or wmt/en-de"

// taskFlags correct the task that a checkpoint remembers.
type taskFlags struct {
	options      task.Options
	prefix, part string
}

func (t *taskFlags) add(c *cobra.Command) {
	f, o := c.Flags(), &t.options
	f.StringVar(&o.Name, "task", "", taskHelp+" (default: what the checkpoint was trained for)")
	f.StringVar(&t.part, "part", "", "part of the mixture that the checkpoint was trained on, whose task this is")
	f.StringVar(&t.prefix, "prefix", "", "text in front of every input (default: the checkpoint's)")
	f.StringSliceVar(&o.TextColumns, "text-column", nil, "input column, or several in order (default: the checkpoint's)")
	f.StringSliceVar(&o.Labels, "labels", nil, "label strings in class order, or those of types of entities (default: the checkpoint's)")
	f.StringVar(&o.Template, "template", "", "input with columns in braces: 'question: {question} context: {context}' (default: the checkpoint's)")
	f.StringVar(&o.SourceLanguage, "source-lang", "", "code of the language to translate from, such as en")
	f.StringVar(&o.TargetLanguage, "target-lang", "", "code of the language to translate to, such as de")
}

// addAnswers adds the flags about columns that only data with answers has, and about what is measured on it.
func (t *taskFlags) addAnswers(c *cobra.Command) {
	f, o := c.Flags(), &t.options
	f.StringVar(&o.LabelColumn, "label-column", "", "column of the label, number or tags (default: the checkpoint's)")
	f.StringVar(&o.TargetColumn, "target-column", "", "column of the target text, or of a list of them (default: the checkpoint's)")
	f.StringVar(&o.TargetTemplate, "target-template", "", "target with columns in braces (default: the checkpoint's)")
	f.StringSliceVar(&o.Metrics, "metrics", nil, "metrics to compute, such as bleu,chrf (default: those of the task)")
}

// read returns the options. A name that does not exist is reported before anything is read.
func (t *taskFlags) read(c *cobra.Command) (task.Options, error) {
	if name := t.options.Name; name != "" && !task.Known(name) {
		hint := ""
		if near := nearest.Word(name, task.Names()); near != "" {
			hint = ": did you mean " + near + "?"
		}
		return task.Options{}, usageError{fmt.Errorf("--task %s: want %s%s", name, taskHelp, hint), c.CommandPath()}
	}
	if c.Flags().Changed("prefix") {
		t.options.Prefix = &t.prefix
	}
	return t.options, nil
}

// choose makes the task of a checkpoint that was trained on several the one that --part names, unless --task names any.
func (t *taskFlags) choose(b *checkpoints.Folder) error {
	if t.part == "" && t.options.Name != "" {
		return nil
	}
	return b.ChooseTask(t.part)
}
