package main

import (
	"context"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"t5train/data/task"
	"t5train/internal/atomicfile"
	"t5train/model/kernel"
	"t5train/trainer/predict"
)

func scoreCommand(a app) *cobra.Command {
	var f askFlags
	var targets []string
	c := &cobra.Command{
		Use:   "score",
		Short: "Compute how probable given targets are",
		Long: `Compute the log-probability of given targets after their inputs: one JSON object a line or row of parquet for each
target, with its sum over the tokens, its mean and its perplexity. Where an input has several targets, probability is
the share of each among them.

Targets are a column of the input: texts, or in JSON lines also lists of texts. In a text file they stand behind the
input, each after a tab. --target gives the same targets to all inputs. The targets of the label column of a classification are
the texts of its labels. Their shares are those of the model as it is, without the temperature that calibrates what
predict answers.`,
		Example: `  t5train score --checkpoint runs/translation --input pairs.parquet --output scores.parquet
  t5train score --checkpoint flan-t5-small --text "Is the sky blue?" --target yes --target no
  t5train score --checkpoint flan-t5-small --input pairs.jsonl --text-column question --target-column answers`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := f.check(c, a.stdin); err != nil {
				return err
			}
			if err := atomicfile.CheckOutput(f.out.output); err != nil {
				return err
			}
			if f.in.path == "" {
				if err := requireFlags(c, "target"); err != nil {
					return err
				}
			}
			console := a.console()
			m, spec, err := f.open(c, console)
			if err != nil {
				return err
			}
			pairs := pairSource{inputFlags: f.in, spec: spec, targets: targets, stdin: a.stdin}
			if len(targets) == 0 && f.in.format != predict.FormatText {
				if pairs.column, err = predict.TargetColumn(spec, f.task.options.TargetColumn); err != nil {
					return err
				}
			}
			total, err := pairs.count(c.Context())
			if err != nil {
				return err
			}
			p := predict.NewPredictor(m.bundle, spec, kernel.NewWorkers(f.threads), f.limits)
			job := func() (predict.Job, error) {
				return m.job("score", f.out.format, about{Task: spec, MaxInputLength: p.MaxInputLength()})
			}
			var cuts predict.Cuts
			err = answer(c, a, f.out, job, predict.Stream[predict.Pair, predict.PairScore]{
				Read: func(yield func(predict.Pair) error) error { return pairs.read(c.Context(), yield) },
				Answer: func(ctx context.Context, _ int64, batch []predict.Pair) ([][]predict.PairScore, error) {
					return p.ScorePairs(ctx, batch, &cuts)
				},
				Total: total, BatchSize: f.batchSize, Beginnings: predict.Pair.Beginnings, What: "score", Sink: console,
			}, predict.ParquetOf(func(s predict.PairScore) []predict.PairScore { return []predict.PairScore{s} }))
			if err == nil {
				cuts.Report(console, p)
			}
			return err
		},
	}
	f.add(c)
	c.Flags().Lookup("max-input-length").Usage += "; targets are never cut"
	c.Flags().StringArrayVar(&targets, "target", nil, "target to score after every input (may be repeated)")
	c.Flags().StringVar(&f.task.options.TargetColumn, "target-column", "", "column of the targets (default: the checkpoint's)")
	return c
}

// pairSource is where inputs and their targets come from.
type pairSource struct {
	inputFlags
	spec    task.Spec
	targets []string // of every input
	column  string   // of the targets otherwise
	stdin   io.Reader
}

// count returns the number of inputs, below 0 where it is not known.
func (s pairSource) count(ctx context.Context) (int64, error) {
	if len(s.targets) > 0 {
		return s.inputFlags.count(ctx, s.spec.TextColumns)
	}
	return s.inputFlags.count(ctx, append(slices.Clone(s.spec.TextColumns), s.column))
}

func (s pairSource) read(ctx context.Context, yield func(predict.Pair) error) error {
	if len(s.targets) > 0 {
		return s.inputFlags.read(ctx, s.spec, s.stdin, func(in predict.Input) error { return yield(predict.Pair{Input: in, Targets: s.targets}) })
	}
	return predict.ReadPairs(ctx, s.path, s.format, s.spec, s.column, s.stdin, yield)
}
