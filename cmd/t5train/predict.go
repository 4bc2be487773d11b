package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"t5train/model/kernel"
	"t5train/trainer"
)

func predictCommand(a app) *cobra.Command {
	var checkpoint, input, format, output string
	var texts []string
	var batchSize, threads int
	var o trainer.PredictorOptions
	var t taskFlags
	c := &cobra.Command{
		Use:   "predict",
		Short: "Answer texts with a checkpoint",
		Long: `Answer texts with a checkpoint: one JSON object a line, in the order of the inputs.

A checkpoint trained for classification answers with a label and its probability; with --task seq2seq, and every other
checkpoint, with the text that the model generates.`,
		Example: `  t5train predict --checkpoint runs/quickstart --text "You have won a prize"
  t5train predict --checkpoint runs/quickstart --input messages.txt --output answers.jsonl
  cat messages.txt | t5train predict --checkpoint runs/quickstart --input -`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if err := requireFlags(c, "checkpoint"); err != nil {
				return err
			}
			if len(texts) == 0 == (input == "") {
				return usageError{fmt.Errorf("want either --text or --input"), c.CommandPath()}
			}
			if err := requireAtLeast(c, 1, "batch-size"); err != nil {
				return err
			}
			if err := requireAtLeast(c, 2, "max-input-length", "max-output-length"); err != nil {
				return err
			}
			if err := requireAtLeast(c, 0, "threads"); err != nil {
				return err
			}
			task, err := t.options(c)
			if err != nil {
				return err
			}
			if format, err = inputFormat(c, format, input); err != nil {
				return err
			}
			console := a.console()
			bundle, how, err := trainer.Open(checkpoint)
			if err != nil {
				return err
			}
			console.Say("%s", how)
			spec, err := trainer.PredictionTask(bundle, task)
			if err != nil {
				return err
			}
			predictor, err := trainer.NewPredictor(bundle, spec, kernel.NewWorkers(threads), o)
			if err != nil {
				return err
			}
			defer predictor.Close()
			sink, finish, err := openOutput(a.stdout, output)
			if err != nil {
				return err
			}
			defer func() { err = finish(err) }()
			out := &answers{ctx: c.Context(), predictor: predictor, encoder: jsonLines(sink), size: batchSize}
			for _, text := range texts {
				in, err := trainer.TextInput(spec, text)
				if err != nil {
					return err
				}
				if err := out.add(in); err != nil {
					return err
				}
			}
			if input != "" {
				if err := trainer.ReadInputs(c.Context(), input, format, spec, a.stdin, out.add); err != nil {
					return err
				}
			}
			if err := out.flush(); err != nil {
				return err
			}
			out.cuts.Report(console, predictor)
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&checkpoint, "checkpoint", "", "checkpoint, run or Hugging Face folder")
	f.StringArrayVar(&texts, "text", nil, "text to answer (may be repeated)")
	f.StringVar(&input, "input", "", "file with inputs: .parquet, .jsonl, or text with one input a line; - is standard input")
	f.StringVar(&format, "input-format", "", "text, jsonl or parquet (default: by the name of the file; text for -)")
	f.StringVar(&output, "output", "-", "JSON lines file for the answers; - is standard output")
	f.IntVar(&batchSize, "batch-size", 32, "inputs at a time; changes memory and time, and results by rounding only")
	f.IntVar(&o.MaxInputLength, "max-input-length", 0, "longest input in tokens (default: the checkpoint's, or 512)")
	f.IntVar(&o.MaxOutputLength, "max-output-length", 0, "longest output in tokens (default: the checkpoint's, or 128)")
	f.IntVar(&threads, "threads", 0, "threads to compute with; 0 is all")
	t.add(c)
	return c
}

// inputFormat returns the format that --input-format names, or the one that a file's name tells.
func inputFormat(c *cobra.Command, format, path string) (string, error) {
	if format == "" {
		return trainer.FormatOf(path), nil
	}
	if !slices.Contains(trainer.Formats(), format) {
		return "", usageError{fmt.Errorf("--input-format %s: want one of %s", format, strings.Join(trainer.Formats(), ", ")), c.CommandPath()}
	}
	return format, nil
}

// answers predicts inputs in batches and writes the answers.
type answers struct {
	ctx       context.Context
	predictor *trainer.Predictor
	cuts      trainer.Cuts
	encoder   *json.Encoder
	size      int
	waiting   []trainer.Input
}

func (w *answers) add(in trainer.Input) error {
	w.waiting = append(w.waiting, in)
	if len(w.waiting) < w.size {
		return nil
	}
	return w.flush()
}

func (w *answers) flush() error {
	if len(w.waiting) == 0 {
		return nil
	}
	predictions, err := w.predictor.Predict(w.ctx, w.waiting, &w.cuts)
	if err != nil {
		return err
	}
	w.waiting = w.waiting[:0]
	for _, p := range predictions {
		if err := w.encoder.Encode(p); err != nil {
			return fmt.Errorf("write answers: %w", err)
		}
	}
	return nil
}
