package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"t5train/checkpoints"
	"t5train/cmd/t5train/next"
	"t5train/data/dataset"
	"t5train/data/inspect"
	"t5train/data/parquetio"
	"t5train/data/task"
	"t5train/internal/nearest"
	"t5train/internal/splits"
	"t5train/model/kernel"
)

// taskHelp says what --task may be.
var taskHelp = strings.Join(task.General(), ", ") + ", or a task of T5 such as glue/cola, squad or wmt/en-de"

// taskFlags correct the task that a checkpoint remembers.
type taskFlags struct {
	options           task.Spec
	prefix, component string
}

func (t *taskFlags) add(c *cobra.Command) {
	f, o := c.Flags(), &t.options
	f.StringVar(&o.Name, "task", "", "what to do, such as summarization or glue/cola (default: the model's)")
	f.StringVar(&t.component, "component", "", "component of the mixture that the model was trained on")
	f.StringVar(&t.prefix, "prefix", "", "text in front of every input (default: the model's)")
	f.StringSliceVar(&o.TextColumns, "text-column", nil, "input column, or several in order (default: the model's)")
	f.StringSliceVar(&o.LabelTexts, "labels", nil,
		"labels in class order, or types of entities (default: the model's)")
	f.StringVar(&o.Template, "template", "", "input with columns in braces, 'question: {q}' (default: the model's)")
	f.StringVar(&o.SourceLanguage, "source-lang", "", "language to translate from, such as en")
	f.StringVar(&o.TargetLanguage, "target-lang", "", "language to translate to, such as de")
}

// addAnswers adds the flags about columns that only data with answers has, and about what is measured on it.
func (t *taskFlags) addAnswers(c *cobra.Command) {
	f, o := c.Flags(), &t.options
	f.StringVar(&o.LabelColumn, "label-column", "", "column of the label, number or tags (default: the model's)")
	f.StringVar(&o.TargetColumn, "target-column", "",
		"column of the target, a text or a list (default: the model's)")
	f.StringVar(&o.TargetTemplate, "target-template", "", "target with columns in braces (default: the model's)")
	f.StringSliceVar(&o.Metrics, "metrics", nil, "metrics to compute, such as bleu,chrf (default: those of the task)")
}

// read returns the options. A name that does not exist is reported before anything is read.
func (t *taskFlags) read(c *cobra.Command) (task.Spec, error) {
	if name := t.options.Name; name != "" && !task.Known(name) {
		hint := ""
		if near := nearest.Word(name, task.Names()); near != "" {
			hint = ": did you mean " + near + "?"
		}
		return task.Spec{}, misuse(c, "--task %s: want %s%s", name, taskHelp, hint)
	}
	if c.Flags().Changed("prefix") {
		t.options.Prefix = &t.prefix
	}
	return t.options, nil
}

// surveyFlags say what columns are for and how texts are measured.
type surveyFlags struct {
	roles               inspect.Roles
	tokenizer           string
	maxInput, maxTarget int
	threads             int
	json                bool
}

func (s *surveyFlags) add(c *cobra.Command) {
	addRoles(c, &s.roles)
	f := c.Flags()
	f.StringVar(&s.tokenizer, "tokenizer", "", "spiece.model, or a folder or run with one (default: T5's)")
	f.IntVar(&s.maxInput, "max-input-length", 512, "longest text in tokens that training is to keep")
	f.IntVar(&s.maxTarget, "max-target-length", 128, "longest target in tokens that training is to keep")
	f.IntVar(&s.threads, "threads", 0, "threads to compute with; 0 is all")
	f.BoolVar(&s.json, "json", false, "print one JSON object")
}

func addRoles(c *cobra.Command, r *inspect.Roles) {
	f := c.Flags()
	f.StringSliceVar(&r.Texts, "text-column", nil,
		"columns that a model reads (default: strings but identifiers and targets)")
	f.StringSliceVar(&r.Targets, "target-column", nil,
		"columns that a model writes (default: by name, such as target, summary)")
	f.StringSliceVar(&r.Labels, "label-column", nil,
		"columns of labels (default: ClassLabels, and a column named label)")
}

func (s *surveyFlags) measure(c *cobra.Command) (inspect.Measure, error) {
	if err := requireAtLeast(c, 2, "max-input-length", "max-target-length"); err != nil {
		return inspect.Measure{}, err
	}
	tok, err := checkpoints.OpenTokenizer(s.tokenizer)
	return inspect.Measure{Tokenizer: tok, MaxInput: s.maxInput, MaxTarget: s.maxTarget,
		Threads: kernel.NewWorkers(s.threads).Threads()}, err
}

// splitFiles are the files of the splits of a data set.
type splitFiles struct{ train, validation, test []string }

// addSplit adds the flag that chooses a split of folders.
func addSplit(c *cobra.Command, split *string, usually string) {
	c.Flags().StringVar(split, "split", "",
		"split to take of a folder that has several (default: "+usually+")")
}

// inSplit returns the paths with a split chosen of each, which must be folders.
func inSplit(c *cobra.Command, split string, paths []string) ([]string, error) {
	if split == "" {
		return paths, nil
	}
	var chosen []string
	for _, path := range paths {
		folder, _ := splits.Chosen(path)
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			return nil, misuse(c, "--split %s: %s is no folder with splits", split, path)
		}
		chosen = append(chosen, splits.With(path, split))
	}
	return chosen, nil
}

// dataHelp says what flags of data take.
const dataHelp = "files, folders, globs or FOLDER#SPLIT of parquet, CSV, TSV or JSON lines"

func (s *splitFiles) add(c *cobra.Command) {
	f := c.Flags()
	f.StringSliceVar(&s.train, "train", nil, dataHelp)
	f.StringSliceVar(&s.validation, "validation", nil, "data that chooses the best checkpoint")
	f.StringSliceVar(&s.test, "test", nil, "data that nothing is chosen by")
}

func addMinShared(c *cobra.Command, n *int) {
	c.Flags().IntVar(n, "min-shared-length", 1, "characters from which a text may not be in two splits")
}

// namedFiles are the files that a flag names.
type namedFiles struct {
	name  string
	files []string
}

func (s *splitFiles) each() []namedFiles {
	return []namedFiles{{splits.Train, s.train}, {splits.Validation, s.validation}, {splits.Test, s.test}}
}

// any reports whether files of a split are named.
func (s *splitFiles) any() bool { return len(s.train)+len(s.validation)+len(s.test) > 0 }

// find takes the splits of a folder, or else a path as the split train.
func (s *splitFiles) find(path string) error {
	found, err := dataset.Splits(path)
	if err != nil {
		return err
	}
	s.train = []string{path}
	for _, split := range found {
		switch split.Name {
		case splits.Train:
			s.train = []string{path}
		case splits.Validation:
			s.validation = []string{path}
		case splits.Test:
			s.test = []string{path}
		}
	}
	return nil
}

// open returns the splits that there are, and the number of their rows, by a function that opens files.
func (s *splitFiles) open(a app, by func(patterns, wanted []string) (*parquetio.Dataset, error)) (sets []inspect.Split,
	rows int64, err error) {
	for _, named := range s.each() {
		if len(named.files) == 0 {
			continue
		}
		set, err := by(named.files, []string{named.name})
		if err != nil {
			return nil, 0, err
		}
		dataset.SayLeftOut(a.console(), set)
		sets = append(sets, inspect.Split{Name: named.name, Set: set})
		rows += set.Rows()
	}
	return sets, rows, nil
}

// cleanCommand returns the command line that drops what a check finds in the files.
func (s *splitFiles) cleanCommand(r inspect.Roles, minShared int) string {
	line := "t5train data clean"
	for _, named := range append(s.each(), namedFiles{"text-column", r.Texts}, namedFiles{"target-column", r.Targets},
		namedFiles{"label-column", r.Labels}) {
		if len(named.files) > 0 {
			line += fmt.Sprintf(" --%s %s", named.name, next.Quoted(strings.Join(named.files, ",")))
		}
	}
	if minShared > 1 {
		line += fmt.Sprintf(" --min-shared-length %d", minShared)
	}
	return line + " --output FOLDER"
}

// requireFlags reports flags that a command cannot do without.
func requireFlags(c *cobra.Command, names ...string) error {
	for _, name := range names {
		if !c.Flags().Changed(name) {
			return misuse(c, "--%s is missing", name)
		}
	}
	return nil
}

// requireAtLeast reports flags that were given a smaller number.
func requireAtLeast(c *cobra.Command, least int, names ...string) error {
	for _, name := range names {
		// The flag is there and an int, so reading it cannot fail.
		if n, _ := c.Flags().GetInt(name); c.Flags().Changed(name) && n < least {
			return misuse(c, "--%s %d: want at least %d", name, n, least)
		}
	}
	return nil
}
