package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"t5train/checkpoints/builtin"
	"t5train/configs"
	"t5train/configs/suit"
	"t5train/data/objective"
	"t5train/internal/ui"
	"t5train/model/kernel"
	"t5train/trainer/setup"
)

// optionSections are the sections of the keys by which packages name options that no configuration has, each with
// the command that has all of them, or "" where several share them: import.no_header is --no-header of "t5train
// data import", run.overwrite is --overwrite of the command that is running.
var optionSections = map[string]string{
	"import":      "data import",
	"inspect":     "",
	"vocabulary":  "tokenizer train",
	"convert":     "convert",
	"checkpoints": "",
	"run":         "",
	"evaluate":    "",
	"predict":     "",
	"generation":  "",
	"report":      "report",
	"sweep":       "sweep",
	"serve":       "serve",
}

// staysKey matches keys that messages have beside others without a flag, such as schedule.warmup_steps and
// data.mixture: there all are keys.
var staysKey = regexp.MustCompile(`^(train\..*|optimizer\..*|data\.train|data\.validation|model\.size)$`)

// flagNames puts the keys in messages of libraries, such as task.text_columns, in the words of the command that is
// running.
type flagNames struct {
	running *cobra.Command // nil before the command line is read
}

// messageKey matches words that may be keys, and with its colon the key of a line as of a configuration file.
var messageKey = regexp.MustCompile(`(?m)^ *[\w.]+:|--set[ =]\S+|[\w./=-]*\b[a-z]+\.[a-z0-9_]+[\w./-]*`)

// text replaces the keys of a message, each by the flag that sets it. A key that the command has no flag for
// stays, and so does one as --set and a configuration file have it: behind --set, or at the beginning of a line
// with a colon.
func (n *flagNames) text(message string) string {
	if n == nil || n.running == nil {
		return message
	}
	return messageKey.ReplaceAllStringFunc(message, func(key string) string {
		if staysKey.MatchString(key) {
			return key
		}
		return cmp.Or(n.flag(key), key)
	})
}

// flag returns the flag of the running command that sets a key, "" for none.
func (n *flagNames) flag(key string) string {
	for _, f := range configFlags {
		name := n.running.Name()
		takes := f.commands == "" || f.commands == name || name != finetuneName && name != pretrainName
		if f.key == key && takes && n.running.Flags().Lookup(f.name) != nil {
			return "--" + f.name
		}
	}
	section, option, _ := strings.Cut(key, ".")
	home, ok := optionSections[section]
	name := "--" + strings.ReplaceAll(option, "_", "-")
	has := func(c *cobra.Command) bool { return c != nil && c.Flags().Lookup(name[2:]) != nil }
	switch {
	case ok && home != "" && n.running.CommandPath() != "t5train "+home:
		if c, _, _ := n.running.Root().Find(strings.Fields(home)); has(c) {
			return "t5train " + home + " " + name
		}
	case ok && has(n.running):
		return name
	}
	return ""
}

// configError is an error of a configuration, which names keys as that has them, with their lines.
type configError struct{ error }

// error is text of an error's message, but for one of a configuration.
func (n *flagNames) error(err error) string {
	if errors.As(err, new(configError)) {
		return err.Error()
	}
	return n.text(err.Error())
}

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

// The commands that run a configuration. check, which takes either's, has the flags of both.
const (
	finetuneName = "finetune"
	pretrainName = "pretrain"
	distillName  = "distill" // which runs that of a fine-tuning
)

// configFlags are the keys that deserve a flag of their own; --set reaches all others.
var configFlags = [...]configFlag{
	{"output", "output", textFlag, "folder of the run", ""},
	{"task", "task.name", textFlag,
		"what to learn, such as classification or glue/cola (docs/tasks.md)", finetuneName},
	{"objective", "objective.name", textFlag, ui.AnyOf(objective.Names()), pretrainName},
	{"input-length", "objective.input_length", wholeFlag, "longest input in tokens; targets are computed",
		pretrainName},
	{"tokens", "data.tokens", textFlag, "folder of token stores (default: tokens in the folder of the run)",
		pretrainName},
	{"train", "data.train", listFlag, dataHelp, ""},
	{"validation", "data.validation", listFlag, "data to evaluate on", ""},
	{"model", "model.path", textFlag, "start: run, checkpoint, Hugging Face folder or name, builtin:en-tiny", ""},
	{"adapter", "lora.adapter", textFlag, adapterHelp + " to train further", ""},
	{"size", "model.size", textFlag, "size of a new model, see 't5train sizes'", ""},
	{"tokenizer", "tokenizer.path", textFlag, "spiece.model or a folder with one (default: the model's, else T5's)",
		""},
	{"prefix", "task.prefix", textFlag, "text in front of every input (default: that of the task)", finetuneName},
	{"text-column", "task.text_columns", listFlag, "input column, or several in order (default: found from the schema)",
		finetuneName},
	{"text-column", "data.text_column", textFlag, "column of the text (default: found from the schema)", pretrainName},
	{"template", "task.template", textFlag,
		"input with columns in braces: 'question: {q} context: {c}'", finetuneName},
	{"label-column", "task.label_column", textFlag,
		"column of the label, number or tags (default: from the schema)", finetuneName},
	{"labels", "task.labels", listFlag,
		"labels in class order, or types of entities (default: from the schema)", finetuneName},
	{"target-column", "task.target_column", textFlag,
		"column of the target, a text or a list (default: from the schema)", finetuneName},
	{"target-template", "task.target_template", textFlag, "target of a template task with columns in braces",
		finetuneName},
	{"source-lang", "task.source_language", textFlag,
		"language to translate from, such as en (default: from the schema)", finetuneName},
	{"target-lang", "task.target_language", textFlag,
		"language to translate to, such as de (default: from the schema)", finetuneName},
	{"metrics", "task.metrics", listFlag,
		"metrics, the most important first (default: those of the task)", finetuneName},
	{"teacher", "distill.teacher", textFlag, "teacher: run, checkpoint, Hugging Face folder or name", distillName},
	{"targets", "distill.targets", textFlag, "what to write: those of the data, or the teacher's (default: data)",
		distillName},
	{"soft-weight", "distill.weight", numberFlag, "weight of the teacher's probabilities beside targets (default: 0.5)",
		distillName},
	{"soft-temperature", "distill.temperature", numberFlag, "temperature of both distributions (default: 2)",
		distillName},
	{"teacher-outputs", "distill.outputs", textFlag,
		"file of the teacher's outputs (default: one in the folder of the run)", distillName},
	{"epochs", "train.epochs", numberFlag, "passes over the training data", ""},
	{"steps", "train.steps", wholeFlag, "optimizer steps, in place of epochs", ""},
	{"minutes", "train.minutes", numberFlag, "minutes that the run may take, in place of epochs: sets the steps", ""},
	{"batch-size", "train.batch_size", wholeFlag, "examples a micro-batch, of which a step has train.accumulate", ""},
	{"learning-rate", "optimizer.learning_rate", numberFlag,
		"peak learning rate; under schedule rsqrt times sqrt(schedule.warmup_steps)", ""},
	{"precision", "train.precision", textFlag, "of matrix products: " + ui.AnyOf(kernel.Precisions()), ""},
	{"seed", "train.seed", wholeFlag, "seed of weights, order and dropout", ""},
	{"threads", "train.threads", wholeFlag, "threads to compute with; 0 is all", ""},
}

// configSources are the flags that make a configuration.
type configSources struct {
	command string                            // finetuneName, pretrainName, or "" for a configuration of either
	distill bool                              // which has a teacher
	open    func(split, pattern string) error // see configs.LoadOptions
	file    string
	content []byte // of file, where readKind has read it
	set     []string
	noRun   bool   // no run begins, so output may be missing
	kind    string // value of --for
	sink    ui.Sink
}

// flags lists the flags of the command. Where a name stands for two keys, a configuration of either kind has the first.
func (s *configSources) flags() []configFlag {
	var list []configFlag
	for _, f := range configFlags {
		fits := (s.command == "" || f.commands == "" || f.commands == s.command) && f.commands != distillName ||
			s.distill && f.commands == distillName
		if fits && !slices.ContainsFunc(list, func(g configFlag) bool { return g.name == f.name }) {
			list = append(list, f)
		}
	}
	return list
}

const setHelp = "set a key of the configuration: --set train.epochs=3 (repeatable)"

func (s *configSources) add(c *cobra.Command) {
	c.Flags().StringVar(&s.file, "config", "", "YAML file with the configuration")
	c.Flags().StringArrayVar(&s.set, "set", nil, setHelp)
	s.addKeys(c)
}

// addKeys adds the flags of keys that the command has not yet.
func (s *configSources) addKeys(c *cobra.Command) (added []string) {
	for _, f := range s.flags() {
		if c.Flags().Lookup(f.name) != nil {
			continue
		}
		added = append(added, f.name)
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
	return added
}

// takesKind lets a command that has the flags of both be told which of them a configuration is for. The argument is
// the old form of the flag.
func (s *configSources) takesKind(c *cobra.Command) {
	kinds := s.addKind(c)
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) > 1 || len(args) == 1 && !slices.Contains(kinds, args[0]) {
			return noArguments(c, args)
		}
		return nil
	}
}

// addKind adds the flag that says which command a configuration is for, and returns its values.
func (s *configSources) addKind(c *cobra.Command) []string {
	kinds := []string{pretrainName, finetuneName}
	c.Flags().StringVar(&s.kind, "for", "", "what the configuration is for: pretrain or finetune (default: its keys tell)")
	_ = c.RegisterFlagCompletionFunc("for", cobra.FixedCompletions(kinds, cobra.ShellCompDirectiveNoFileComp))
	return kinds
}

// readKind takes the command that a configuration is for from --for or its old form, an argument, else from its keys, else otherwise, and
// makes flags that are not of it an error.
func (s *configSources) readKind(c *cobra.Command, arg, otherwise string) error {
	switch {
	case arg != "" && s.kind != "":
		return misuse(c, "got --for and %s, which is its old form: leave one out", arg)
	case arg != "":
		s.command = arg
		ui.Say(s.sink, "note", "%s is now --for %s", arg, arg)
	case s.kind == pretrainName, s.kind == finetuneName:
		s.command = s.kind
	case s.kind != "":
		return misuse(c, "--for %s: want %s or %s", s.kind, pretrainName, finetuneName)
	default:
		if s.file != "" {
			s.content, _ = configs.ReadFile(s.file) // load reports what is wrong
		}
		// which both have
		named := slices.DeleteFunc(slices.Clone(configFlags[:]), func(f configFlag) bool { return f.name == "text-column" })
		s.command = cmp.Or(configs.CommandOf(s.options(c, named)), otherwise)
	}
	own := s.flags()
	for _, f := range configFlags {
		if c.Flags().Changed(f.name) && !slices.ContainsFunc(own, func(g configFlag) bool { return g.name == f.name }) {
			return misuse(c, "--%s is not for %s: leave it out, or say --for %s", f.name, s.command, f.commands)
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
	o.Sizes = sizeNames()
	o.SetName, o.Command, o.NoRun, o.Paths, o.Open, o.Sink = "--set", s.command, s.noRun, true, s.open, s.sink
	o.Facts = func(of configs.Config) suit.Facts { return setup.Facts(c.Context(), of) }
	if builtin.Has(builtin.Default) {
		o.DefaultModel = builtin.Default
	}
	config, err := configs.Load(o)
	if err != nil {
		return nil, configError{fmt.Errorf("the configuration is wrong:\n  %s",
			strings.ReplaceAll(err.Error(), "\n", "\n  "))}
	}
	return config, nil
}
