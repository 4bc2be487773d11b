package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"t5train/configs"
	"t5train/model"
	"t5train/trainer"
)

// configFlag is a flag that sets a key of the configuration.
type configFlag struct {
	name, key string
	kind      flagKind
	help      string
}

type flagKind int

const (
	textFlag flagKind = iota
	listFlag
	wholeFlag
	numberFlag
)

// configFlags are the keys that deserve a flag of their own; --set reaches all others.
var configFlags = [...]configFlag{
	{"output", "output", textFlag, "folder of the run"},
	{"task", "task.name", textFlag, "classification or seq2seq"},
	{"train", "data.train", listFlag, "parquet files to train on: paths, folders or globs"},
	{"validation", "data.validation", listFlag, "parquet files to evaluate on"},
	{"model", "model.path", textFlag, "model to start from: a Hugging Face folder, a run folder or a checkpoint"},
	{"size", "model.size", textFlag, "size of a new model, see 't5train sizes'"},
	{"tokenizer", "tokenizer.path", textFlag, "spiece.model or a folder with one (default: the model's, else T5's)"},
	{"prefix", "task.prefix", textFlag, "text in front of every input"},
	{"text-column", "task.text_columns", listFlag, "input column, or several in order (default: found from the schema)"},
	{"label-column", "task.label_column", textFlag, "column of the label (default: found from the schema)"},
	{"labels", "task.labels", listFlag, "label strings in class order (default: found from the schema)"},
	{"target-column", "task.target_column", textFlag, "target column of seq2seq (default: found from the schema)"},
	{"epochs", "train.epochs", numberFlag, "passes over the training data"},
	{"steps", "train.steps", wholeFlag, "optimizer steps, in place of epochs"},
	{"batch-size", "train.batch_size", wholeFlag, "examples a step"},
	{"learning-rate", "optimizer.learning_rate", numberFlag, "peak learning rate"},
	{"seed", "train.seed", wholeFlag, "seed of weights, order and dropout"},
	{"threads", "train.threads", wholeFlag, "threads to compute with; 0 is all"},
}

// configSources are the flags that make a configuration.
type configSources struct {
	file string
	set  []string
}

func (s *configSources) add(c *cobra.Command) {
	c.Flags().StringVar(&s.file, "config", "", "YAML file with the configuration")
	c.Flags().StringArrayVar(&s.set, "set", nil, "set a key of the configuration: --set train.epochs=3 (may be repeated)")
	for _, f := range configFlags {
		switch f.kind {
		case listFlag:
			c.Flags().StringSlice(f.name, nil, f.help)
		case wholeFlag:
			c.Flags().Int(f.name, 0, f.help)
		case numberFlag:
			c.Flags().Float64(f.name, 0, f.help)
		default:
			c.Flags().String(f.name, "", f.help)
		}
	}
}

// load merges flags, environment, file and defaults.
func (s *configSources) load(c *cobra.Command) (*configs.Config, error) {
	overrides := make(map[string]any)
	for _, f := range configFlags {
		if !c.Flags().Changed(f.name) {
			continue
		}
		// The flag is there and of this kind, so reading it cannot fail.
		switch f.kind {
		case listFlag:
			overrides[f.key], _ = c.Flags().GetStringSlice(f.name)
		case wholeFlag:
			overrides[f.key], _ = c.Flags().GetInt(f.name)
		case numberFlag:
			overrides[f.key], _ = c.Flags().GetFloat64(f.name)
		default:
			overrides[f.key], _ = c.Flags().GetString(f.name)
		}
	}
	var sizes []string
	for _, size := range model.Sizes() {
		sizes = append(sizes, size.Name)
	}
	config, err := configs.Load(configs.LoadOptions{
		File: s.file, Env: os.Environ(), Set: s.set, Overrides: overrides, Sizes: sizes, Paths: true,
	})
	if err != nil {
		return nil, fmt.Errorf("the configuration is wrong:\n  %s", strings.ReplaceAll(err.Error(), "\n", "\n  "))
	}
	return config, nil
}

func finetuneCommand(a app) *cobra.Command {
	var sources configSources
	var resume, overwrite bool
	c := &cobra.Command{
		Use:   "finetune",
		Short: "Fine-tune a model on a task",
		Example: `  t5train finetune --config configs/quickstart.yaml
  t5train finetune --task classification --train train.parquet --validation validation.parquet --model flan-t5-small --output runs/first
  t5train finetune --config my.yaml --set train.batch_size=16 --resume`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if resume && overwrite {
				return usageError{errors.New("got both --resume and --overwrite: the one keeps the run that the other removes"), c.CommandPath()}
			}
			config, err := sources.load(c)
			if err != nil {
				return err
			}
			collectEarly()
			result, err := trainer.Finetune(c.Context(), config, trainer.FinetuneOptions{Console: a.console(), Resume: resume, Overwrite: overwrite})
			if err != nil {
				return err
			}
			printResult(a, config, result)
			return nil
		},
	}
	sources.add(c)
	c.Flags().BoolVar(&resume, "resume", false, "go on with the run in the output folder")
	c.Flags().BoolVar(&overwrite, "overwrite", false, "start again although the output folder holds a run")
	return c
}

// printResult says how the run ended and what to do next.
func printResult(a app, c *configs.Config, r *trainer.Result) {
	if r.Interrupted {
		if r.Step == 0 {
			fmt.Fprintln(a.stderr, "stopped before the first step: nothing was saved")
			return
		}
		fmt.Fprintf(a.stderr, "stopped at step %d and saved: go on with the same command and --resume\n", r.Step)
		return
	}
	fmt.Fprintf(a.stdout, "checkpoint %s\n", r.Checkpoint)
	if r.Metrics != nil {
		fmt.Fprintf(a.stdout, "validation, step %d:", r.BestStep)
		for _, name := range []string{"accuracy", "f1", "token_accuracy", "loss", "perplexity"} {
			if v, ok := r.Metrics[name]; ok {
				fmt.Fprintf(a.stdout, " %s %.4f", name, v)
			}
		}
		fmt.Fprintln(a.stdout)
	}
	fmt.Fprintf(a.stdout, "next: t5train predict --checkpoint %s --text \"...\"\n", c.Output)
}
