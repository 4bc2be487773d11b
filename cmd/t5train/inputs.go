package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"t5train/data/task"
	"t5train/trainer/predict"
)

// inputFlags say what is to be answered.
type inputFlags struct {
	texts        []string
	path, format string
	keep         []predict.Keep // of predict
}

func (f *inputFlags) add(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.texts, "text", nil, "text to answer, or a JSON object of the task's columns where it has several (may be repeated)")
	c.Flags().StringVar(&f.path, "input", "", "file with inputs: .parquet, .csv or .tsv with a header, .jsonl, or text with one input a line; - is standard input. UTF-8, lines of at most 64 MB; the whole file is looked through before the first answer")
	c.Flags().StringVar(&f.format, "input-format", "", "text, jsonl, csv, tsv or parquet (default: by the name of the file; text for -)")
}

func (f *inputFlags) check(c *cobra.Command) (err error) {
	if len(f.texts) == 0 == (f.path == "") {
		return usageError{errors.New("want either --text or --input"), c.CommandPath()}
	}
	f.format, err = inputFormat(c, f.format, f.path)
	return err
}

// count returns the number of inputs, below 0 where it is not known.
func (f *inputFlags) count(ctx context.Context, columns []string) (int64, error) {
	if f.path == "" {
		return int64(len(f.texts)), nil
	}
	if err := predict.CheckKept(ctx, f.path, f.format, f.keep); err != nil {
		return 0, err
	}
	return predict.CountInputs(ctx, f.path, f.format, columns)
}

// read calls yield for each input.
func (f *inputFlags) read(ctx context.Context, spec task.Spec, stdin io.Reader, yield func(predict.Input) error) error {
	for _, text := range f.texts {
		in, err := predict.TextInput(spec, text)
		if err != nil {
			return err
		}
		if err := yield(in); err != nil {
			return err
		}
	}
	if f.path == "" {
		return nil
	}
	return predict.ReadKept(ctx, f.path, f.format, spec, f.keep, stdin, yield)
}

// inputFormat returns the format that --input-format names, or the one that a file's name tells.
func inputFormat(c *cobra.Command, format, path string) (string, error) {
	if format == "" {
		return predict.FormatOf(path), nil
	}
	if !slices.Contains(predict.Formats(), format) {
		return "", usageError{fmt.Errorf("--input-format %s: want one of %s", format, strings.Join(predict.Formats(), ", ")), c.CommandPath()}
	}
	return format, nil
}
