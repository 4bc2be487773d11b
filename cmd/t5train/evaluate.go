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
		Short: "Compute loss and metrics of a checkpoint on held-out data",
		Long: `Compute the loss per target token, the perplexity and the metrics of the task on held-out data, as JSON.
A classification is answered by its most probable label; other answers are generated greedily, or as flags say.

Values stand in the order in which they are shown. "intervals" has the 95 % intervals of those of the task
(bootstrap over the examples, or the questions of super_glue/multirc, 1,000 samples, always the same), "signatures"
how BLEU and its like were computed. "constant" has the values of the answer that is right most often without a look
at the input, "notes" what the numbers do not show. For rougeLsum a sentence ends at the end of a line, or as in T5
at a full stop between spaces: models of SentencePiece write no lines. "truncated" counts answers that reached the
limit of tokens, "unreadable" those that should be a number and are none, which count as -1 as in T5, "lost"
entities that are nowhere in the input.

A checkpoint that is pre-trained is evaluated by its objective on the text of the data, or with --component by a task of
the mixture that it was pre-trained on. Its text is tokenized into the folder of --tokens, where it stays, or into
the folder for temporary files, from which it is removed. Several ranks tokenize it each for itself, unless --tokens
names a folder that they share.`,
		Example: `  t5train evaluate --model runs/quickstart --input held-out.parquet
  t5train evaluate --model flan-t5-small --task classification --input test.parquet --output metrics.json
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
	f.IntVar(&o.BatchSize, "batch-size", 32,
		"examples at a time; changes memory and time, and results by rounding only")
	f.IntVar(&o.MaxExamples, "max-examples", 0,
		"evaluate on a sample of this many examples, drawn at random and always the same; 0 is all; ul2 takes its "+
			"part for each kind of noise, one at least")
	f.IntVar(&o.MaxInputLength, "max-input-length", 0, "longest input in tokens (default: the checkpoint's, or 512)")
	f.IntVar(&o.MaxTargetLength, "max-target-length", 0, "longest target in tokens (default: the checkpoint's, or 128)")
	f.StringVar(&o.Tokens, "tokens", "",
		"folder of token stores for text, as that of pretrain (default: a temporary one)")
	f.IntVar(&o.Threads, "threads", 0, "threads to compute with; 0 is all")
	t.add(c)
	t.addAnswers(c)
	g.add(c, false)
	ranks.add(c)
	return c
}
