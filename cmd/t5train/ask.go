package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"t5train/checkpoints/builtin"
	"t5train/data/table"
	"t5train/internal/atomicfile"
	"t5train/internal/ui"
	"t5train/model/kernel"
	"t5train/trainer/allreduce"
	"t5train/trainer/predict"
	"t5train/trainer/predict/inputfile"
)

// askFlags are those of every command that asks a checkpoint about inputs and writes what it says.
type askFlags struct {
	model              modelFlags
	in                 inputfile.Source
	out                predict.Output
	task               taskFlags
	limits             predict.PredictorOptions
	batchSize, threads int
	split              string
}

func (f *askFlags) add(c *cobra.Command) {
	f.model.add(c)
	addInputs(c, &f.in)
	addSplit(c, &f.split, "test, or the only one")
	addOutput(c, &f.out)
	f.task.add(c)
	c.Flags().IntVar(&f.limits.MaxInputLength, "max-input-length", 0,
		"longest input in tokens (default: the model's, or 512)")
	c.Flags().IntVar(&f.batchSize, "batch-size", 32,
		"inputs at a time: changes time and memory, results by rounding")
	c.Flags().IntVar(&f.threads, "threads", 0, "threads to compute with; 0 is all")
}

// check reports flags with values that can never be, before a model is loaded.
func (f *askFlags) check(c *cobra.Command, stdin io.Reader) error {
	if err := requireFlags(c, "model"); err != nil {
		return err
	}
	f.in.Stdin = stdin
	if f.split != "" && f.in.Path != "" {
		paths, err := inSplit(c, f.split, []string{f.in.Path})
		if err != nil {
			return err
		}
		f.in.Path = paths[0]
	}
	if err := checkInputs(c, &f.in); err != nil {
		return err
	}
	if err := requireAtLeast(c, 1, "batch-size"); err != nil {
		return err
	}
	if err := requireAtLeast(c, 2, "max-input-length"); err != nil {
		return err
	}
	if err := checkOutput(c, &f.out); err != nil {
		return err
	}
	if err := checkSpared(c, f.out.Path, []string{f.in.Path}, stdin); err != nil {
		return err
	}
	_, err := f.task.read(c)
	return err
}

// open loads the checkpoint that answers.
func (f *askFlags) open(console ui.Sink, threads int) (*predict.Predictor, error) {
	o := f.model.open(&f.task, console)
	o.Limits, o.Threads = f.limits, threads
	return predict.Open(f.model.checkpoint, o)
}

// addInputs adds the flags that say what is to be answered.
func addInputs(c *cobra.Command, in *inputfile.Source) {
	c.Flags().StringArrayVar(&in.Texts, "text", nil,
		"text to answer, or a JSON object of several columns (repeatable)")
	c.Flags().StringVar(&in.Path, "input", "",
		"file to answer: parquet, csv, tsv, jsonl or a text a line; - is stdin")
	addInputFormat(c, &in.Format)
}

func checkInputs(c *cobra.Command, in *inputfile.Source) (err error) {
	if len(in.Texts) == 0 == (in.Path == "") {
		return misuse(c, "want either --text or --input")
	}
	in.Format, err = inputFormat(c, in.Format, in.Path)
	return err
}

func addInputFormat(c *cobra.Command, format *table.Format) {
	c.Flags().StringVar((*string)(format), "input-format", "",
		either(table.InputFormats())+" (default: by the name of the file; text for -)")
}

// inputFormat returns the format that --input-format names, or the one that a file's name tells.
func inputFormat(c *cobra.Command, format table.Format, path string) (table.Format, error) {
	if format == "" {
		return inputfile.FormatOf(path), nil
	}
	if !slices.Contains(table.InputFormats(), format) {
		return "", misuse(c, "--input-format %s: want one of %s", format, list(table.InputFormats()))
	}
	return format, nil
}

// list is "a, b, c", and either "a, b or c".
func list(formats []table.Format) string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = string(f)
	}
	return strings.Join(names, ", ")
}

func either(formats []table.Format) string {
	last := len(formats) - 1
	return list(formats[:last]) + " or " + string(formats[last])
}

// addOutput adds the flags that say where answers go.
func addOutput(c *cobra.Command, f *predict.Output) {
	c.Flags().StringVar(&f.Path, "output", "-", "file for the answers, resumed where it stopped; - is stdout")
	c.Flags().StringVar((*string)(&f.Format), "output-format", "",
		either(table.OutputFormats())+" (default: by the name of the file)")
	c.Flags().BoolVar(&f.Overwrite, "overwrite", false, "replace the file, and answer all inputs again")
}

// checkOutput reports a wrong format, and finds the one that the name of the file tells.
func checkOutput(c *cobra.Command, f *predict.Output) error {
	if err := checkUnpacked(c, f.Path); err != nil {
		return err
	}
	named := table.FormatOf(f.Path)
	if table.IsParquet(f.Path) {
		named = table.Parquet
	}
	switch {
	case f.Format == "" && slices.Contains(table.OutputFormats(), named):
		f.Format = named
	case f.Format == "" && strings.EqualFold(filepath.Ext(f.Path), ".xlsx"):
		return misuse(c, "--output %s: answers are not written as a table of that kind: want .csv, .jsonl or "+
			".parquet, or say --output-format", f.Path)
	case f.Format == "":
		f.Format = table.JSONL
	case !slices.Contains(table.OutputFormats(), f.Format):
		return misuse(c, "--output-format %s: want one of %s", f.Format, list(table.OutputFormats()))
	}
	isDevice, err := writesToDevice(f.Path)
	if err != nil {
		return err
	}
	if isDevice && f.Format != table.JSONL {
		return misuse(c, "%s cannot be written to standard output or a device: name a file with --output", f.Format)
	}
	return nil
}

// writesToDevice reports whether a path is standard output, or something else that is no file of answers.
func writesToDevice(path string) (bool, error) {
	if path == "-" {
		return true, nil
	}
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		return false, fmt.Errorf("write %s: it is a folder: name a file in it", path)
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return false, fmt.Errorf("write %s: %w: make the folder, make it writable, or choose another --output", path,
			errors.Unwrap(err))
	}
	return err == nil && !info.Mode().IsRegular(), nil
}

// openAnswers makes sure that the first rank can write answers, and opens what is no file of them.
func openAnswers(a app, f *predict.Output, group *allreduce.Group) (done func(error) error, err error) {
	done = func(err error) error { return err }
	if !group.First() {
		return done, nil
	}
	isDevice, err := writesToDevice(f.Path)
	if err != nil || !isDevice {
		return done, errors.Join(err, atomicfile.CheckOutput(f.Path))
	}
	f.Device, done, err = atomicfile.OpenOutput(a.data, f.Path)
	return done, err
}

// modelFlags name a checkpoint that answers.
type modelFlags struct {
	checkpoint string
	adapter    string
	noVerify   bool
	dtype      dtypeFlag
}

// modelHelp says what --model takes where a model answers.
const modelHelp = "run, checkpoint, Hugging Face folder or name, or " + builtin.Default

func (f *modelFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.checkpoint, "model", "", modelHelp)
	addNoVerify(c, &f.noVerify)
}

// adapterHelp says what --adapter takes.
const adapterHelp = "adapter (LoRA) of peft or of a run"

// dtypeHelp says what --dtype takes.
const dtypeHelp = "of the weights in memory: bfloat16 takes half of it"

// addDType adds the flags of commands that answer with a whole model.
func (f *modelFlags) addDType(c *cobra.Command) {
	c.Flags().StringVar(&f.adapter, "adapter", "", adapterHelp+" beside the model")
	c.Flags().Var(&f.dtype, "dtype", dtypeHelp)
}

// dtypeFlag is the type of the weights in memory.
type dtypeFlag kernel.Precision

func (f *dtypeFlag) Set(name string) error {
	p, err := kernel.ParsePrecision(name)
	*f = dtypeFlag(p)
	return err
}

func (f *dtypeFlag) String() string { return kernel.Precision(*f).String() }
func (f *dtypeFlag) Type() string   { return strings.Join(kernel.Precisions(), " or ") }

// addNoVerify adds the flag of all commands that read weights.
func addNoVerify(c *cobra.Command, noVerify *bool) {
	c.Flags().BoolVar(noVerify, "no-verify", false,
		"take weights as they are: other checksums, NaN and infinities included")
}

// open returns how to open the checkpoint for a task.
func (f *modelFlags) open(t *taskFlags, console ui.Sink) predict.OpenOptions {
	return predict.OpenOptions{Adapter: f.adapter, Unverified: f.noVerify, Task: t.options, Component: t.component,
		Sink: console, DType: kernel.Precision(f.dtype)}
}

// optionUsage makes a mistake in options one of the command line.
func optionUsage(c *cobra.Command, err error) error {
	if errors.As(err, new(predict.OptionError)) {
		return usageError{err, c.CommandPath()}
	}
	return err
}
