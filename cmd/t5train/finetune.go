package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/internal/ui"
	"t5train/model"
	"t5train/trainer"
	"t5train/trainer/allreduce"
	"t5train/trainer/metric"
	"t5train/trainer/runlog"
	"t5train/trainer/setup"
)

// configFlag is a flag that sets a key of the configuration.
type configFlag struct {
	name, key string
	kind      flagKind
	help      string
	commands  string // that have the flag; "" is all
}

type flagKind int

const (
	textFlag flagKind = iota
	listFlag
	wholeFlag
	numberFlag
)

// The commands that run a configuration. validate, which takes either's, has the flags of both.
const (
	finetuneName = "finetune"
	pretrainName = "pretrain"
)

// configFlags are the keys that deserve a flag of their own; --set reaches all others.
var configFlags = [...]configFlag{
	{"output", "output", textFlag, "folder of the run", ""},
	{"task", "task.name", textFlag, taskHelp, finetuneName},
	{"objective", "objective.name", textFlag, "span_corruption, iid, prefix_lm, lm or ul2", pretrainName},
	{"input-length", "objective.input_length", wholeFlag, "longest input in tokens; targets are computed", pretrainName},
	{"tokens", "data.tokens", textFlag, "folder of token stores (default: tokens in the folder of the run)", pretrainName},
	{"train", "data.train", listFlag, "parquet files to train on: paths, folders or globs", ""},
	{"validation", "data.validation", listFlag, "parquet files to evaluate on", ""},
	{"model", "model.path", textFlag, "model to start from: a Hugging Face folder, a run folder or a checkpoint", ""},
	{"size", "model.size", textFlag, "size of a new model, see 't5train sizes'", ""},
	{"tokenizer", "tokenizer.path", textFlag, "spiece.model or a folder with one (default: the model's, else T5's)", ""},
	{"prefix", "task.prefix", textFlag, "text in front of every input (default: that of the task)", finetuneName},
	{"text-column", "task.text_columns", listFlag, "input column, or several in order (default: found from the schema)", finetuneName},
	{"text-column", "data.text_column", textFlag, "column of the text (default: found from the schema)", pretrainName},
	{"template", "task.template", textFlag, "input with columns in braces: 'question: {question} context: {context}'", finetuneName},
	{"label-column", "task.label_column", textFlag, "column of the label, number or tags (default: found from the schema)", finetuneName},
	{"labels", "task.labels", listFlag, "label strings in class order, or those of types of entities (default: found from the schema)", finetuneName},
	{"target-column", "task.target_column", textFlag, "column of the target text, or of a list of them (default: found from the schema)", finetuneName},
	{"target-template", "task.target_template", textFlag, "target of a template task with columns in braces", finetuneName},
	{"source-lang", "task.source_language", textFlag, "code of the language to translate from, such as en (default: found from the schema)", finetuneName},
	{"target-lang", "task.target_language", textFlag, "code of the language to translate to, such as de (default: found from the schema)", finetuneName},
	{"metrics", "task.metrics", listFlag, "metrics of evaluations, the most important first (default: those of the task)", finetuneName},
	{"epochs", "train.epochs", numberFlag, "passes over the training data", ""},
	{"steps", "train.steps", wholeFlag, "optimizer steps, in place of epochs", ""},
	{"batch-size", "train.batch_size", wholeFlag, "examples a micro-batch, of which a step has train.accumulate", ""},
	{"learning-rate", "optimizer.learning_rate", numberFlag, "peak learning rate; under schedule rsqrt, the default of pre-training, the peak times sqrt(schedule.warmup_steps)", ""},
	{"seed", "train.seed", wholeFlag, "seed of weights, order and dropout", ""},
	{"threads", "train.threads", wholeFlag, "threads to compute with; 0 is all", ""},
}

// configSources are the flags that make a configuration.
type configSources struct {
	command string                            // finetuneName, pretrainName, or "" for a configuration of either
	open    func(split, pattern string) error // see configs.LoadOptions
	file    string
	content []byte // of file, where readKind has read it
	set     []string
	noRun   bool // no run begins, so output may be missing
	say     func(format string, args ...any)
}

// flags lists the flags of the command. Where a name stands for two keys, a configuration of either kind has the first.
func (s *configSources) flags() []configFlag {
	var list []configFlag
	for _, f := range configFlags {
		fits := s.command == "" || f.commands == "" || f.commands == s.command
		if fits && !slices.ContainsFunc(list, func(g configFlag) bool { return g.name == f.name }) {
			list = append(list, f)
		}
	}
	return list
}

func (s *configSources) add(c *cobra.Command) {
	c.Flags().StringVar(&s.file, "config", "", "YAML file with the configuration")
	c.Flags().StringArrayVar(&s.set, "set", nil, "set a key of the configuration: --set train.epochs=3 (may be repeated)")
	for _, f := range s.flags() {
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

// takesKind makes pretrain or finetune the argument of a command that has the flags of both; it may be left out.
func (s *configSources) takesKind(c *cobra.Command) {
	kinds := cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs)
	c.ValidArgs = []string{pretrainName, finetuneName}
	c.Args = func(c *cobra.Command, args []string) error {
		if kinds(c, args) != nil {
			return usageError{fmt.Errorf("got %q, want %s or %s alone", args, pretrainName, finetuneName), c.CommandPath()}
		}
		return nil
	}
}

// readKind takes the command that a configuration is for from the argument, else from its keys, else otherwise, and makes flags
// that are not of it an error.
func (s *configSources) readKind(c *cobra.Command, args []string, otherwise string) error {
	if len(args) > 0 {
		s.command = args[0]
	} else {
		if s.file != "" {
			s.content, _ = configs.ReadFile(s.file) // load reports what is wrong
		}
		named := slices.DeleteFunc(slices.Clone(configFlags[:]), func(f configFlag) bool { return f.name == "text-column" }) // which both have
		s.command = cmp.Or(configs.CommandOf(s.options(c, named)), otherwise)
	}
	own := s.flags()
	for _, f := range configFlags {
		if c.Flags().Changed(f.name) && !slices.ContainsFunc(own, func(g configFlag) bool { return g.name == f.name }) {
			return usageError{fmt.Errorf("--%s is not for %s: leave it out, or say %s", f.name, s.command, f.commands), c.CommandPath()}
		}
	}
	return nil
}

// options returns the sources of the configuration, of flags those listed.
func (s *configSources) options(c *cobra.Command, flags []configFlag) configs.LoadOptions {
	overrides := make(map[string]any)
	for _, f := range flags {
		if !c.Flags().Changed(f.name) {
			continue
		}
		// The flag is there, so reading it cannot fail.
		list, notList := c.Flags().GetStringSlice(f.name)
		switch {
		case f.kind == listFlag:
			overrides[f.key] = list
		case f.kind == wholeFlag:
			overrides[f.key], _ = c.Flags().GetInt(f.name)
		case f.kind == numberFlag:
			overrides[f.key], _ = c.Flags().GetFloat64(f.name)
		case notList != nil:
			overrides[f.key], _ = c.Flags().GetString(f.name)
		default: // the name is also that of a list, of another command
			overrides[f.key] = strings.Join(list, ",")
		}
	}
	return configs.LoadOptions{File: s.file, Content: s.content, Env: os.Environ(), Set: s.set, Overrides: overrides}
}

// load merges flags, environment, file and defaults.
func (s *configSources) load(c *cobra.Command) (*configs.Config, error) {
	o := s.options(c, s.flags())
	for _, size := range model.Sizes() {
		o.Sizes = append(o.Sizes, size.Name)
	}
	o.Command, o.NoRun, o.Paths, o.Open, o.Say = s.command, s.noRun, true, s.open, s.say
	config, err := configs.Load(o)
	if err != nil {
		return nil, configError{fmt.Errorf("the configuration is wrong:\n  %s", strings.ReplaceAll(err.Error(), "\n", "\n  "))}
	}
	return config, nil
}

func finetuneCommand(a app) *cobra.Command {
	return runCommand(a, &cobra.Command{
		Use:   finetuneName,
		Short: "Fine-tune a model on a task",
		Example: `  t5train finetune --config configs/quickstart.yaml
  t5train finetune --task classification --train train.parquet --validation validation.parquet --model flan-t5-small --output runs/first
  t5train finetune --config my.yaml --set train.batch_size=16 --resume`,
	}, trainer.Finetune)
}

// runCommand makes a command that runs a configuration.
func runCommand(a app, c *cobra.Command, run func(context.Context, *configs.Config, trainer.Options) (*trainer.Result, error)) *cobra.Command {
	sources := configSources{command: c.Use}
	var o trainer.Options
	var ranks rankFlags
	c.Args = noArguments
	c.RunE = func(c *cobra.Command, _ []string) error {
		if o.Resume && o.Overwrite {
			return usageError{errors.New("got both --resume and --overwrite: the one keeps the run that the other removes"), c.CommandPath()}
		}
		return ranks.share(c.Context(), a, func(a app, console ui.Sink, group *allreduce.Group) (stopped bool, err error) {
			sources.say = func(format string, args ...any) { ui.Say(console, "", format, args...) }
			config, err := sources.load(c)
			if err := group.Agree(err); err != nil {
				return false, err
			}
			o.Sink, o.Group, o.Timeout = console, group, ranks.timeout
			collectEarly()
			result, err := run(c.Context(), config, o)
			if err != nil {
				return false, err
			}
			if group.First() {
				printResult(a, config, result)
			}
			return result.Interrupted, nil
		})
	}
	sources.add(c)
	ranks.add(c)
	c.Flags().BoolVar(&o.Resume, "resume", false, "go on with the run in the output folder, and fail if there is none")
	c.Flags().BoolVar(&o.Overwrite, "overwrite", false, "start again although the output folder holds a run")
	addNoVerify(c, &o.NoVerify)
	c.Flags().StringVar(&o.Initial, "save-initial", "", "new folder to write the untrained model to, to train it elsewhere too; a model to start from is --model")
	return c
}

// printResult says how the run ended and what to do next.
func printResult(a app, c *configs.Config, r *trainer.Result) {
	if r.Interrupted {
		if r.Step == 0 {
			a.tell("stopped before the first step: nothing was saved")
			return
		}
		a.tell("stopped at step %d and saved: the same command goes on from there", r.Step)
		return
	}
	fmt.Fprintf(a.stdout, "checkpoint %s\n", r.Checkpoint)
	if r.Metrics != nil {
		fmt.Fprintf(a.stdout, "validation, step %d: %s\n", r.BestStep, metric.Format(r.Metrics, setup.ShownFirst(c)...))
		for _, line := range constantLines(r.Constants, setup.ShownFirst(c)...) {
			fmt.Fprintln(a.stdout, line)
		}
		if t, ok := r.Metrics["temperature"]; ok && t != 1 { // 1 changes nothing, and a note tells why
			fmt.Fprintf(a.stdout, "calibration: temperature %.4f, expected calibration error %.4f before and %.4f after\n", t, r.Metrics["ece"], r.Metrics["calibrated_ece"])
		}
	}
	for _, n := range r.Notes {
		fmt.Fprintf(a.stdout, "note: %s\n", a.names.text(n.Text))
	}
	fmt.Fprintf(a.stdout, "next: t5train predict --checkpoint %s %s\n", c.Output, nextInput(c, r.Checkpoint))
}

// constantLines says what constant answers are worth, to compare with the metrics above.
func constantLines(constants []runlog.Constant, first ...string) []string {
	var lines []string
	for _, c := range constants {
		of := ""
		if c.Part != "" {
			of = " to " + c.Part
		}
		lines = append(lines, fmt.Sprintf("constant answer%s, %.80q: %s", of, c.Answer, metric.Format(c.Values, first...)))
	}
	return lines
}

// nextInput returns the flags by which predict gets an input of a run.
func nextInput(c *configs.Config, checkpoint string) string {
	switch c.Objective.Name {
	case "":
	case "lm": // gives no input
		return `--text "" --output-prefix "The capital of France"`
	case "prefix_lm":
		return `--text "The capital of France"`
	default:
		return `--text "The <extra_id_0> of France is Paris."`
	}
	info, err := checkpoints.ReadInfo(checkpoint)
	switch {
	case err == nil && len(info.Tasks) > 0:
		return fmt.Sprintf("--part %s --input FILE", c.Data.Mixture[0].Name)
	case err == nil && info.Task != nil && len(info.Task.TextColumns) > 1:
		fields := make([]string, len(info.Task.TextColumns))
		for i, column := range info.Task.TextColumns {
			fields[i] = string(quoted(column)) + `: "..."`
		}
		return "--text '{" + strings.Join(fields, ", ") + "}'"
	}
	return `--text "..."`
}
