package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"t5train/internal/atomicfile"
	"t5train/internal/ui"
	"t5train/trainer/predict"
)

// answerFlags say where answers go.
type answerFlags struct {
	output, format string
	overwrite      bool
}

func (f *answerFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.output, "output", "-", "file for the answers, with which the same command goes on when it is interrupted; - is standard output")
	c.Flags().StringVar(&f.format, "output-format", "", "jsonl or parquet (default: by the name of the file)")
	c.Flags().BoolVar(&f.overwrite, "overwrite", false, "replace the file, and answer all inputs again")
}

// The formats of answers.
var answerFormats = [...]string{predict.FormatJSONL, predict.FormatParquet}

// check reports a wrong format, and finds the one that the name of the file tells.
func (f *answerFlags) check(c *cobra.Command) error {
	if err := checkUnpacked(c, f.output); err != nil {
		return err
	}
	switch {
	case f.format == "" && predict.FormatOf(f.output) == predict.FormatParquet:
		f.format = predict.FormatParquet
	case f.format == "" && slices.Contains([]string{".csv", ".tsv", ".xlsx"}, strings.ToLower(filepath.Ext(f.output))):
		return usageError{fmt.Errorf("--output %s: answers are not written as a table of that kind: want .jsonl or .parquet, or say --output-format", f.output), c.CommandPath()}
	case f.format == "":
		f.format = predict.FormatJSONL
	case !slices.Contains(answerFormats[:], f.format):
		return usageError{fmt.Errorf("--output-format %s: want one of %s", f.format, strings.Join(answerFormats[:], ", ")), c.CommandPath()}
	}
	isDevice, err := writesToDevice(f.output)
	if err != nil {
		return err
	}
	if isDevice && f.format == predict.FormatParquet {
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

// sink takes answers. *answers.File is one.
type sink interface {
	predict.AnswerWriter
	Complete() bool
	Finish(convert func(lines io.ReadSeeker, w io.Writer) error) error
	Close() error
}

// open returns where the answers of a job go. What the job is, is asked for a file only: to know it, all weights are read.
func (f *answerFlags) open(a app, job func() (predict.Job, error)) (sink, error) {
	isDevice, err := writesToDevice(f.output)
	if err != nil {
		return nil, err
	}
	if !isDevice {
		j, err := job()
		if err != nil {
			return nil, err
		}
		return predict.OpenAnswers(f.output, j, f.overwrite)
	}
	w, finish, err := atomicfile.OpenOutput(a.data, f.output)
	if err != nil {
		return nil, err
	}
	return &device{bufio.NewWriter(w), finish}, nil
}

// device takes answers that no later command can go on with.
type device struct {
	*bufio.Writer
	finish func(error) error
}

func (d *device) Match(...[]byte) (bool, error) { return false, nil }

func (d *device) Complete() bool { return false }

func (d *device) Flush() error {
	if err := d.Writer.Flush(); err != nil {
		return fmt.Errorf("write answers: %w", err)
	}
	return nil
}

func (d *device) Finish(func(io.ReadSeeker, io.Writer) error) error { return nil }

func (d *device) Close() error { return d.finish(nil) }

// answer runs a stream into the place that the flags say. toParquet makes rows of its lines.
func answer[In, Out any](c *cobra.Command, a app, f answerFlags, job func() (predict.Job, error), s predict.Stream[In, Out], toParquet func(lines io.ReadSeeker, w io.Writer) error) (err error) {
	if !s.Group.First() {
		_, err := s.Run(c.Context())
		return err
	}
	to, err := f.open(a, job)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	s.To = to
	there := to.Complete()
	answered, err := s.Run(c.Context())
	if err != nil {
		_, isDevice := to.(*device)
		switch {
		case !isDevice && answered > 0 && f.overwrite:
			ui.Say(s.Sink, "", "the answers to %d inputs are kept: the same command without --overwrite goes on from there", answered)
		case !isDevice && answered > 0:
			ui.Say(s.Sink, "", "the answers to %d inputs are kept: the same command goes on from there", answered)
		case predict.Stopped(err):
			ui.Say(s.Sink, "", "stopped after %d inputs", answered)
		}
		return err
	}
	if f.format != predict.FormatParquet {
		toParquet = nil
	}
	if err := to.Finish(toParquet); err != nil {
		return err
	}
	if there {
		ui.Say(s.Sink, "", "%s has the answers to all %d inputs: nothing is left to do (--overwrite answers them again)", f.output, answered)
	}
	return nil
}
