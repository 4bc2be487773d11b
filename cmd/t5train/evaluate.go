package main

import (
	"cmp"

	"github.com/spf13/cobra"

	"t5train/checkpoints"
	"t5train/internal/atomicfile"
	"t5train/internal/ui"
	"t5train/trainer/allreduce"
	"t5train/trainer/evaluate"
	"t5train/trainer/predict"
)

func evaluateCommand(a app) *cobra.Command {
	var from modelFlags
	var output, split string
	var overwrite bool
	var o evaluate.Options
	var t taskFlags
	var g generationFlags
	var ranks rankFlags
	c := &cobra.Command{
		Use:   "evaluate",
		Short: "Compute loss and metrics of a model on held-out data",
		Long: `Compute the loss per target token, the perplexity and the metrics of the task on held-out data, as JSON, with 95 %
intervals, the values of the best constant answer, and notes. A classification is answered by its most probable label;
other answers are generated greedily, or as flags say. A pre-trained model is evaluated by its objective, or with
--component by a task of its mixture. docs/metrics.md explains the values.`,
		Example: `  t5train evaluate --model runs/quickstart --input held-out.parquet
  t5train evaluate --model google/flan-t5-small --task classification --input test.parquet --output metrics.json
  t5train evaluate --model runs/translation --input test.parquet --beams 4 --metrics bleu,chrf`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := cmp.Or(requireFlags(c, "model", "input"), requireAtLeast(c, 1, "batch-size"),
				requireAtLeast(c, 2, "max-input-length", "max-target-length"), checkUnpacked(c, output)); err != nil {
				return err
			}
			var err error
			if o.Data, err = inSplit(c, split, o.Data); err == nil {
				err = checkSpared(c, output, o.Data, nil)
			}
			if err == nil {
				err = atomicfile.CheckReplaceable(output, overwrite)
			}
			if err != nil {
				return err
			}
			if o.Task, err = t.read(c); err != nil {
				return err
			}
			how, err := g.read(c)
			if err != nil {
				return err
			}
			return ranks.share(c.Context(), a,
				func(a app, console ui.Sink, group *allreduce.Group) (stopped bool, err error) {
					o.Sink, o.Group = console, group
					if group.First() {
						err = atomicfile.CheckOutput(output)
					}
					var folder *checkpoints.Folder
					if err == nil {
						folder, err = predict.OpenFolder(from.checkpoint, from.open(&t, console))
					}
					if err := group.Agree(err); err != nil {
						return false, err
					}
					group.SetTimeout(ranks.timeout)
					err = evaluate.File(c.Context(), folder, how, evaluate.Output{Path: output, Stdout: a.data}, o)
					return false, optionUsage(c, err)
				})
		},
	}
	f := c.Flags()
	from.add(c)
	from.addDType(c)
	f.StringSliceVar(&o.Data, "input", nil, dataHelp)
	addSplit(c, &split, "test, or else validation")
	f.StringVar(&output, "output", "-", "file for the metrics; - is standard output")
	f.BoolVar(&overwrite, "overwrite", false, "replace the file")
	f.IntVar(&o.BatchSize, "batch-size", 32, "examples at a time: changes time and memory, results by rounding")
	f.IntVar(&o.MaxExamples, "max-examples", 0, "examples to draw at random, always the same ones; 0 is all")
	f.IntVar(&o.MaxInputLength, "max-input-length", 0, "longest input in tokens (default: the model's, or 512)")
	f.IntVar(&o.MaxTargetLength, "max-target-length", 0, "longest target in tokens (default: the model's, or 128)")
	f.StringVar(&o.Tokens, "tokens", "", "folder of token stores for plain text (default: a temporary one)")
	f.IntVar(&o.Threads, "threads", 0, "threads to compute with; 0 is all")
	t.add(c)
	t.addAnswers(c)
	g.add(c, false)
	ranks.add(c)
	return c
}
