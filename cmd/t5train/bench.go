package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"t5train/checkpoints/convert"
	"t5train/internal/ui"
	"t5train/model"
	"t5train/model/kernel"
	"t5train/trainer/bench"
	"t5train/trainer/optim"
)

// benchFlags are the shapes of a measurement. Names and defaults are those of the usual comparison with PyTorch.
type benchFlags struct {
	batch, genBatch, enc, dec, genEnc, newTokens, beams int
	dModel, dFF, layers, heads, dKV, vocab              int
	ff, optimizer, spm, text, dtype, precision          string
	data, textColumns                                   []string
	targetColumn                                        string
	tied                                                bool
	dropout                                             float64
	steps, warmup, threads                              int
	recompute, json                                     bool
}

func benchCommand(a app) *cobra.Command {
	var f benchFlags
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure training, generation, tokenizing and matrix products on this machine",
		Long: `Measure training steps or generation of a model with random weights, in time and memory, the tokenizer, or the
matrix products alone. The defaults are t5-small; --ff gated-gelu and --tied=false make a T5 1.1. The peak is that of
the innermost loop with all data in the first cache: the most that this processor gives.`,
		Example: `  t5train bench train
  t5train bench generate --dtype int8
  t5train bench gemm --threads 1`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	train := &cobra.Command{
		Use:   "train",
		Short: "Measure training steps",
		Long:  `Measure training steps of a model with random weights, in time and memory, on random tokens or on text pairs.`,
		Example: `  t5train bench train
  t5train bench train --batch 4 --enc 256 --dec 64 --d-model 768 --d-ff 3072 --layers 12 --heads 12
  t5train bench train --train pairs.parquet --text-column en --target-column de --batch 64`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			o, err := f.options(c, f.batch, f.enc, f.dec)
			if err != nil {
				return err
			}
			if err := f.checkData(c); err != nil {
				return err
			}
			o.Recompute = f.recompute
			o.Data, o.TextColumns, o.TargetColumn = f.data, f.textColumns, f.targetColumn
			collectEarly()
			r, err := bench.Train(c.Context(), o)
			return f.report(a, r, err)
		},
	}
	f.batchFlags(train)
	train.Flags().StringSliceVar(&f.data, "train", nil,
		"parquet files of text pairs to train on, in place of random tokens")
	train.Flags().StringSliceVar(&f.textColumns, "text-column", nil,
		"its input columns (default: found from the schema)")
	train.Flags().StringVar(&f.targetColumn, "target-column", "", "its target column (default: found from the schema)")
	train.Flags().Float64Var(&f.dropout, "dropout", 0.1, "dropout rate")
	train.Flags().StringVar(&f.optimizer, "optimizer", optim.NameAdafactor, ui.AnyOf(optim.Names()))
	train.Flags().BoolVar(&f.recompute, "recompute", false,
		"keep the inputs of blocks only and compute the rest again (train.recompute)")
	generate := &cobra.Command{
		Use:   "generate",
		Short: "Measure generation, greedy or by beam search",
		Long:  "Measure generation with a model of random weights, greedy or by beam search, in time and memory.",
		Example: `  t5train bench generate
  t5train bench generate --gen-batch 16 --beams 4 --json
  t5train bench generate --dtype int8`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			o, err := f.options(c, f.genBatch, f.genEnc, f.newTokens)
			if err != nil {
				return err
			}
			o.Beams = f.beams
			o.DType = f.dtype
			collectEarly()
			r, err := bench.Generate(c.Context(), o)
			return f.report(a, r, err)
		},
	}
	generate.Flags().IntVar(&f.genBatch, "gen-batch", 1, "inputs at a time")
	generate.Flags().IntVar(&f.genEnc, "gen-enc", 64, "tokens of each")
	generate.Flags().IntVar(&f.newTokens, "new-tokens", 64, "tokens to generate for each")
	generate.Flags().IntVar(&f.beams, "beams", 1, "beams of a beam search; 1 is greedy")
	generate.Flags().StringVar(&f.dtype, "dtype", "float32", "of the weights: float32, bfloat16 or int8")
	tokenize := &cobra.Command{
		Use:   "tokenize",
		Short: "Measure the tokenizer",
		Long:  "Measure the tokenizer, in bytes and tokens a second.",
		Example: `  t5train bench tokenize
  t5train bench tokenize --input corpus.txt
  t5train bench tokenize --tokenizer german --input corpus.txt --threads 1`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := f.check(c); err != nil {
				return err
			}
			r, err := bench.Tokenize(c.Context(),
				bench.TokenizeOptions{Tokenizer: f.spm, Text: f.text, Steps: f.steps, Threads: f.threads})
			return f.report(a, r, err)
		},
	}
	tokenize.Flags().StringVar(&f.spm, "tokenizer", "", "spiece.model or a folder with one (default: T5's)")
	tokenize.Flags().StringVar(&f.text, "input", "",
		"file of texts, a line each (default: pieces of the tokenizer at random)")
	gemm := &cobra.Command{
		Use:   "gemm",
		Short: "Measure the matrix products of a training step",
		Long:  "Measure the matrix products of a training step, each size by itself.",
		Example: `  t5train bench gemm
  t5train bench gemm --threads 1
  t5train bench gemm --precision bfloat16 --json`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			o, err := f.options(c, f.batch, f.enc, f.dec)
			if err != nil {
				return err
			}
			r, err := bench.Gemm(c.Context(), o)
			return f.report(a, r, err)
		},
	}
	f.batchFlags(gemm)
	for _, s := range []*cobra.Command{train, gemm} {
		s.Flags().StringVar(&f.precision, "precision", kernel.Float32.String(),
			"of matrix products: "+ui.AnyOf(kernel.Precisions()))
	}
	for _, s := range []*cobra.Command{train, generate, gemm} {
		f.modelFlags(s)
		s.Flags().IntVar(&f.warmup, "warmup", 2, "steps before that")
	}
	for _, s := range []*cobra.Command{train, generate, tokenize, gemm} {
		s.Flags().IntVar(&f.steps, "steps", 5, "measured steps")
		s.Flags().IntVar(&f.threads, "threads", 0, "threads to compute with; 0 is all")
		s.Flags().BoolVar(&f.json, "json", false, "print JSON")
		c.AddCommand(s)
	}
	c.AddCommand(benchDataCommand(a))
	return c
}

// modelFlags adds the shapes of the model, which bench data has from its configuration.
func (f *benchFlags) modelFlags(c *cobra.Command) {
	p := c.Flags()
	p.IntVar(&f.dModel, "d-model", 512, "width of the model")
	p.IntVar(&f.dFF, "d-ff", 2048, "width of the feed-forward layers")
	p.IntVar(&f.layers, "layers", 6, "blocks of the encoder, and of the decoder")
	p.IntVar(&f.heads, "heads", 8, "attention heads")
	p.IntVar(&f.dKV, "d-kv", 64, "width of a head")
	p.IntVar(&f.vocab, "vocab", 32128, "rows of the embedding")
	p.StringVar(&f.ff, "ff", "relu", "feed_forward_proj: relu, gated-gelu, ...")
	p.BoolVar(&f.tied, "tied", true, "the output layer is the embedding")
}

func benchDataCommand(a app) *cobra.Command {
	sources := configSources{command: pretrainName, noRun: true}
	var o bench.DataOptions
	var f benchFlags
	c := &cobra.Command{
		Use:   "data",
		Short: "Measure the input of pre-training beside its model",
		Long: `Measure how fast a configuration of pre-training reads its text, from token store to batch, and how fast its model
trains on it. Token stores are made if they are missing, in the folder of --tokens or in the output folder that the
configuration names. No run begins.`,
		Example: `  t5train bench data --config configs/pretrain-tiny.yaml --train corpus
  t5train bench data --config my.yaml --tokens tokens
  t5train bench data --config my.yaml --batches 10000 --model-steps 0`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := requireAtLeast(c, 1, "batches"); err != nil {
				return err
			}
			if err := sources.readKind(c, "", pretrainName); err != nil {
				return err
			}
			if sources.command != pretrainName {
				return errors.New("bench data reads text of pre-training, but by its keys the configuration is of " +
					"fine-tuning: measure that with t5train plan, or see what it reads with t5train data examples")
			}
			config, err := sources.load(c)
			if err != nil {
				return err
			}
			r, err := bench.Data(c.Context(), config, o, a.console())
			return f.report(a, r, err)
		},
	}
	sources.add(c)
	c.Flags().IntVar(&o.Batches, "batches", 1000, "batches to read")
	c.Flags().IntVar(&o.Steps, "model-steps", 10, "training steps to measure; 0 leaves the model out")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON")
	o.Warmup = 2
	return c
}

// checkData refuses flags that would do nothing.
func (f *benchFlags) checkData(c *cobra.Command) error {
	names, why := []string{"text-column", "target-column"}, "names a column of --train: give that too"
	if len(f.data) > 0 {
		names, why = []string{"enc", "dec"}, "is a length of random tokens: leave it out with --train"
	}
	for _, name := range names {
		if c.Flags().Changed(name) {
			return fmt.Errorf("bench: --%s %s", name, why)
		}
	}
	return nil
}

func (f *benchFlags) batchFlags(c *cobra.Command) {
	c.Flags().IntVar(&f.batch, "batch", 8, "sequences")
	c.Flags().IntVar(&f.enc, "enc", 128, "input tokens of each")
	c.Flags().IntVar(&f.dec, "dec", 32, "target tokens of each")
}

// check reports what no measurement can do, by the names of the flags that the command has.
func (f *benchFlags) check(c *cobra.Command) error {
	if err := requireAtLeast(c, 1, "batch", "enc", "dec", "gen-batch", "gen-enc", "new-tokens", "beams",
		"steps"); err != nil {
		return err
	}
	var wrong []string
	if names := optim.Names(); !slices.Contains(names, f.optimizer) {
		wrong = append(wrong, fmt.Sprintf("--optimizer is %q, want one of %s", f.optimizer, strings.Join(names, ", ")))
	}
	if names := append(kernel.Precisions(), convert.Int8); f.dtype != "" && !slices.Contains(names, f.dtype) {
		wrong = append(wrong, fmt.Sprintf("--dtype is %q, want one of %s", f.dtype, strings.Join(names, ", ")))
	}
	if _, err := kernel.ParsePrecision(f.precision); f.precision != "" && err != nil {
		wrong = append(wrong, fmt.Sprintf("--precision is %q, want one of %s", f.precision,
			strings.Join(kernel.Precisions(), ", ")))
	}
	if len(wrong) > 0 {
		return misuse(c, "%s", strings.Join(wrong, "; "))
	}
	return nil
}

// options returns what to measure on a model.
func (f *benchFlags) options(c *cobra.Command, batch, encoder, decoder int) (bench.Options, error) {
	if err := f.check(c); err != nil {
		return bench.Options{}, err
	}
	config := model.Config{
		ModelType: "t5", VocabSize: f.vocab, DModel: f.dModel, DKV: f.dKV, DFF: f.dFF, NumLayers: f.layers,
		NumDecoderLayers: f.layers,
		NumHeads:         f.heads, RelativeAttentionNumBuckets: 32, RelativeAttentionMaxDistance: 128,
		DropoutRate:      f.dropout,
		LayerNormEpsilon: 1e-6, FeedForwardProj: f.ff, TieWordEmbeddings: f.tied, ScaleDecoderOutputs: f.tied,
		EOSTokenID: 1,
	}
	if err := config.Validate(); err != nil {
		return bench.Options{}, fmt.Errorf("bench: %w", err)
	}
	precision, _ := kernel.ParsePrecision(f.precision) // check has seen it
	return bench.Options{
		Precision: precision,
		Model:     config, Batch: batch, Encoder: encoder, Decoder: decoder, Steps: f.steps, Warmup: f.warmup,
		Threads:   f.threads,
		Optimizer: f.optimizer,
	}, nil
}

// report prints the result of a measurement, which for a person is its String.
func (f *benchFlags) report(a app, result fmt.Stringer, err error) error {
	if err != nil {
		return err
	}
	if !f.json {
		_, err := fmt.Fprint(a.stdout, result)
		return err
	}
	text, err := json.MarshalIndent(result, "", "  ")
	if err == nil {
		_, err = fmt.Fprintf(a.stdout, "%s\n", text)
	}
	return err
}
