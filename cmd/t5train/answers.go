package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"t5train/internal/atomicfile"
	"t5train/trainer/allreduce"
	"t5train/trainer/predict"
	"t5train/trainer/predict/inputfile"
)

// addOutput adds the flags that say where answers go.
func addOutput(c *cobra.Command, f *predict.Output) {
	c.Flags().StringVar(&f.Path, "output", "-", "file for the answers, with which the same command goes on when it is interrupted; - is standard output")
	c.Flags().StringVar(&f.Format, "output-format", "", "jsonl or parquet (default: by the name of the file)")
	c.Flags().BoolVar(&f.Overwrite, "overwrite", false, "replace the file, and answer all inputs again")
}

// The formats of answers.
var answerFormats = [...]string{inputfile.FormatJSONL, inputfile.FormatParquet}

// checkOutput reports a wrong format, and finds the one that the name of the file tells.
func checkOutput(c *cobra.Command, f *predict.Output) error {
	if err := checkUnpacked(c, f.Path); err != nil {
		return err
	}
	switch {
	case f.Format == "" && inputfile.FormatOf(f.Path) == inputfile.FormatParquet:
		f.Format = inputfile.FormatParquet
	case f.Format == "" && slices.Contains([]string{".csv", ".tsv", ".xlsx"}, strings.ToLower(filepath.Ext(f.Path))):
		return usageError{fmt.Errorf("--output %s: answers are not written as a table of that kind: want .jsonl or .parquet, or say --output-format", f.Path), c.CommandPath()}
	case f.Format == "":
		f.Format = inputfile.FormatJSONL
	case !slices.Contains(answerFormats[:], f.Format):
		return usageError{fmt.Errorf("--output-format %s: want one of %s", f.Format, strings.Join(answerFormats[:], ", ")), c.CommandPath()}
	}
	isDevice, err := writesToDevice(f.Path)
	if err != nil {
		return err
	}
	if isDevice && f.Format == inputfile.FormatParquet {
		return usageError{errors.New("parquet cannot be written to standard output or a device: name a file with --output"), c.CommandPath()}
	}
	return nil
}

// writesToDevice tells whether a path is standard output, or something else that is no file of answers.
func writesToDevice(path string) (bool, error) {
	if path == "-" {
		return true, nil
	}
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		return false, fmt.Errorf("write %s: it is a folder: name a file in it", path)
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return false, fmt.Errorf("write %s: %w: make the folder, make it writable, or choose another --output", path, errors.Unwrap(err))
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
