package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"t5train/trainer/predict/inputfile"
)

// addInputs adds the flags that say what is to be answered.
func addInputs(c *cobra.Command, in *inputfile.Source) {
	c.Flags().StringArrayVar(&in.Texts, "text", nil, "text to answer, or a JSON object of the task's columns where it has several (may be repeated)")
	c.Flags().StringVar(&in.Path, "input", "", "file with inputs: .parquet, .csv or .tsv with a header, .jsonl, or text with one input a line; - is standard input. UTF-8, lines of at most 64 MB; the whole file is looked through before the first answer")
	c.Flags().StringVar(&in.Format, "input-format", "", "text, jsonl, csv, tsv or parquet (default: by the name of the file; text for -)")
}

func checkInputs(c *cobra.Command, in *inputfile.Source) (err error) {
	if len(in.Texts) == 0 == (in.Path == "") {
		return usageError{errors.New("want either --text or --input"), c.CommandPath()}
	}
	in.Format, err = inputFormat(c, in.Format, in.Path)
	return err
}

// inputFormat returns the format that --input-format names, or the one that a file's name tells.
func inputFormat(c *cobra.Command, format, path string) (string, error) {
	if format == "" {
		return inputfile.FormatOf(path), nil
	}
	if !slices.Contains(inputfile.Formats(), format) {
		return "", usageError{fmt.Errorf("--input-format %s: want one of %s", format, strings.Join(inputfile.Formats(), ", ")), c.CommandPath()}
	}
	return format, nil
}
