package main

import (
	"github.com/spf13/cobra"

	"t5train/internal/ui"
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
		Short: "Answer texts with a model",
		Long: `Answer texts: one JSON object a line or rows of parquet, in the order of the inputs. A model of a classification
answers with a label and its probability; others, and any with --task seq2seq, with the text that they generate.
generation_config.json of the model holds unless a flag says otherwise. Inputs need not fit into memory. The same
command resumes one that was interrupted.`,
		Example: `  t5train predict --model runs/quickstart --text "You have won a prize"
  t5train predict --model runs/quickstart --input messages.txt --output answers.jsonl
  t5train predict --model runs/translation --input corpus.parquet --output translated.parquet --beams 4`,
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
			if f.in.Keep, err = keptColumns[predict.Prediction](keep, &f); err != nil {
				return usageError{err, c.CommandPath()}
			}
			if p := f.limits.MinConfidence; !(p >= 0 && p <= 1) {
				return misuse(c, "--min-confidence %g: want 0 to 1", p)
			}
			if !c.Flags().Changed("top") {
				f.limits.Top = 0
			}
			how, err := g.read(c)
			if err != nil {
				return err
			}
			return ranks.share(c.Context(), a,
				func(a app, console ui.Sink, group *allreduce.Group) (stopped bool, err error) {
					done, err := openAnswers(a, &f.out, group)
					var p *predict.Predictor
					if err == nil {
						p, err = f.open(console, group.Threads(f.threads))
					}
					if err := group.Agree(err); err != nil {
						return false, err
					}
					group.SetTimeout(ranks.timeout)
					err = p.File(c.Context(), f.in, f.out,
						predict.FileOptions{Generation: how, BatchSize: f.batchSize, Group: group, Sink: console})
					return false, done(optionUsage(c, err))
				})
		},
	}
	f.add(c)
	f.model.addDType(c)
	c.Flags().IntVar(&f.limits.MaxOutputLength, "max-output-length", 0,
		"longest output in tokens (default: the model's, or 128)")
	c.Flags().IntVar(&f.limits.Top, "top", predict.DefaultTop,
		"labels of each answer to a classification, the likeliest first")
	c.Flags().Float64Var(&f.limits.MinConfidence, "min-confidence", 0,
		"probability of being right below which an answer is marked unsure")
	addKeep(c, &keep)
	g.add(c, true)
	ranks.add(c)
	return c
}
