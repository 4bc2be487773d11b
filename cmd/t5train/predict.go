package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"t5train/data/task"
	"t5train/internal/atomicfile"
	"t5train/internal/ui"
	"t5train/model/generate"
	"t5train/model/kernel"
	"t5train/trainer/allreduce"
	"t5train/trainer/predict"
)

func predictCommand(a app) *cobra.Command {
	var f askFlags
	var g generationFlags
	var keep []string
	var ranks rankFlags
	c := &cobra.Command{
		Use:   "predict",
		Short: "Answer texts with a checkpoint",
		Long: `Answer texts with a checkpoint: one JSON object a line or rows of parquet, in the order of the inputs.

A checkpoint trained for classification answers with a label and its probability; with --task seq2seq, and every other
checkpoint, with the text that the model generates. What generation_config.json of the checkpoint says about generation
holds unless a flag says otherwise.

Inputs need not fit into memory. An interrupted command goes on where it stopped when it is given again, with the same
checkpoint, task and flags of generation.`,
		Example: `  t5train predict --checkpoint runs/quickstart --text "You have won a prize"
  t5train predict --checkpoint runs/quickstart --input messages.txt --output answers.jsonl
  t5train predict --checkpoint runs/translation --input corpus.parquet --output translated.parquet --beams 4
  cat messages.txt | t5train predict --checkpoint runs/quickstart --input -`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := f.check(c, a.stdin); err != nil {
				return err
			}
			if err := requireAtLeast(c, 2, "max-output-length"); err != nil {
				return err
			}
			if err := requireAtLeast(c, 1, "top"); err != nil {
				return err
			}
			var err error
			if f.in.keep, err = predict.ParseKeep(keep); err == nil && len(f.in.keep) > 0 && (f.in.path == "" || f.in.format == predict.FormatText) {
				err = errors.New("--keep: texts have no columns: give an --input of parquet, csv, tsv or jsonl")
			}
			if err != nil {
				return usageError{err, c.CommandPath()}
			}
			if err := g.check(c); err != nil {
				return err
			}
			return ranks.share(c.Context(), a, func(a app, console ui.Sink, group *allreduce.Group) (stopped bool, err error) {
				p, err := f.prepare(c, &g, console, group)
				if err := group.Agree(err); err != nil {
					return false, err
				}
				group.SetTimeout(ranks.timeout)
				if err := p.model.sameOnRanks(group, onRanks{p.about(&f), f.in.texts, f.in.path, f.in.format, f.out.output}); err != nil {
					return false, err
				}
				return false, p.run(c, a, &f, console, group)
			})
		},
	}
	f.add(c)
	c.Flags().IntVar(&f.limits.MaxOutputLength, "max-output-length", 0, "longest output in tokens (default: the checkpoint's, or 128)")
	c.Flags().IntVar(&f.limits.Top, "top", predict.DefaultTop, "labels of each answer to a classification, the most probable first")
	c.Flags().StringSliceVar(&keep, "keep", nil, "columns of the input that the answers repeat, as id,label=gold: gold is the name in the answers, for names that answers have themselves")
	g.add(c, true)
	ranks.add(c)
	return c
}

// onRanks is what ranks must have alike. The first one reads the inputs and writes the answers, but others are not meant to be
// given other ones.
type onRanks struct {
	about
	Texts  []string `json:"text"`
	Input  string   `json:"input"`
	Format string   `json:"input_format"`
	Output string   `json:"output"`
}

// prediction is a predictor and how it answers.
type prediction struct {
	model     openedModel
	spec      task.Spec
	predictor *predict.Predictor
	how       generate.Options
	choices   string // digest of those of --choices
	total     int64
}

// prepare opens the model and finds out what can be wrong before inputs are read.
func (f *askFlags) prepare(c *cobra.Command, g *generationFlags, console ui.Sink, group *allreduce.Group) (*prediction, error) {
	if group.First() {
		if err := atomicfile.CheckOutput(f.out.output); err != nil {
			return nil, err
		}
	}
	m, spec, err := f.open(c, console)
	if err != nil {
		return nil, err
	}
	p := &prediction{model: m, spec: spec}
	if len(spec.Labels) > 0 {
		if name := g.set(c); name != "" {
			return nil, usageError{fmt.Errorf("--%s: a classification answers with labels and generates nothing: add --task seq2seq to generate", name), c.CommandPath()}
		}
	} else if c.Flags().Changed("top") {
		return nil, usageError{errors.New("--top: the task has no labels: --returned gives several texts"), c.CommandPath()}
	} else if p.how, err = m.generation(c, g, &f.limits, console); err != nil {
		return nil, err
	}
	p.predictor = predict.NewPredictor(m.bundle, spec, kernel.NewWorkers(group.Threads(f.threads)), f.limits)
	if len(spec.Labels) == 0 {
		if err := g.checkFor(c, p.how, p.predictor); err != nil {
			return nil, err
		}
	}
	p.choices = g.choicesDigest
	if group.First() {
		p.total, err = f.in.count(c.Context(), spec.TextColumns)
	}
	return p, err
}

func (p *prediction) about(f *askFlags) about {
	top := 0
	if len(p.spec.Labels) > 0 {
		top = f.limits.Top
	}
	return about{
		Keep: f.in.keep, Top: top,
		Task: p.spec, MaxInputLength: p.predictor.MaxInputLength(), MaxOutputLength: p.predictor.MaxOutputLength(), Generation: p.how, Choices: p.choices,
	}
}

func (p *prediction) run(c *cobra.Command, a app, f *askFlags, console ui.Sink, group *allreduce.Group) error {
	job := func() (predict.Job, error) {
		return p.model.job("predict", f.out.format, p.about(f))
	}
	toParquet := predict.ParquetOf(predict.Prediction.Rows)
	if len(f.in.keep) > 0 {
		toParquet = predict.PredictionParquet(f.in.keep)
	}
	var cuts predict.Cuts
	err := answer(c, a, f.out, job, predict.Stream[predict.Input, predict.Prediction]{
		Read: func(yield func(predict.Input) error) error { return f.in.read(c.Context(), p.spec, a.stdin, yield) },
		Answer: func(ctx context.Context, first int64, batch []predict.Input) ([][]predict.Prediction, error) {
			predictions, err := p.predictor.Predict(ctx, first, batch, p.how, &cuts)
			return slices.Collect(slices.Chunk(predictions, 1)), err
		},
		Total: p.total, BatchSize: f.batchSize, Beginnings: predict.Input.Beginnings, What: "predict", Sink: console, Group: group,
	}, toParquet)
	if err != nil {
		return err
	}
	if !group.First() {
		group.SetTimeout(0) // the first rank may make a parquet file of the answers
	}
	all, err := allreduce.Gather(group, cuts)
	if err != nil {
		return err
	}
	cuts = predict.Cuts{}
	for _, of := range all {
		cuts.Add(of)
	}
	cuts.Report(console, p.predictor)
	return nil
}
