package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"t5train/model"
	"t5train/trainer"
)

// benchFlags are the shapes of a measurement. Names and defaults are those of the usual comparison with PyTorch.
type benchFlags struct {
	batch, genBatch, enc, dec, genEnc, newTokens int
	dModel, dFF, layers, heads, dKV, vocab       int
	ff, optimizer                                string
	tied                                         bool
	dropout                                      float64
	steps, warmup, threads                       int
	json                                         bool
}

func benchCommand(a app) *cobra.Command {
	var f benchFlags
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure training and generation on this machine",
		Long: `Measure training steps or greedy generation of a model with random weights, in time and memory.

The defaults are t5-small; --ff gated-gelu and --tied=false make a T5 1.1. The peak is that of the innermost loop with all
data in the first cache: the most that this processor gives.`,
		Example: `  t5train bench train
  t5train bench train --batch 4 --enc 256 --dec 64 --d-model 768 --d-ff 3072 --layers 12 --heads 12
  t5train bench generate --gen-batch 16 --json`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	p := c.PersistentFlags()
	p.IntVar(&f.dModel, "d-model", 512, "width of the model")
	p.IntVar(&f.dFF, "d-ff", 2048, "width of the feed-forward layers")
	p.IntVar(&f.layers, "layers", 6, "blocks of the encoder, and of the decoder")
	p.IntVar(&f.heads, "heads", 8, "attention heads")
	p.IntVar(&f.dKV, "d-kv", 64, "width of a head")
	p.IntVar(&f.vocab, "vocab", 32128, "rows of the embedding")
	p.StringVar(&f.ff, "ff", "relu", "feed_forward_proj: relu, gated-gelu, ...")
	p.BoolVar(&f.tied, "tied", true, "the output layer is the embedding")
	p.IntVar(&f.steps, "steps", 5, "measured steps")
	p.IntVar(&f.warmup, "warmup", 2, "steps before that")
	p.IntVar(&f.threads, "threads", 0, "threads to compute with; 0 is all")
	p.BoolVar(&f.json, "json", false, "print JSON")
	train := &cobra.Command{
		Use:   "train",
		Short: "Measure training steps",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			o := f.options()
			o.Batch, o.Encoder, o.Decoder = f.batch, f.enc, f.dec
			return f.report(a, o, trainer.BenchTrain)
		},
	}
	train.Flags().IntVar(&f.batch, "batch", 8, "sequences")
	train.Flags().IntVar(&f.enc, "enc", 128, "input tokens of each")
	train.Flags().IntVar(&f.dec, "dec", 32, "target tokens of each")
	train.Flags().Float64Var(&f.dropout, "dropout", 0.1, "dropout rate")
	train.Flags().StringVar(&f.optimizer, "optimizer", "adafactor", "adafactor, adamw or sgd")
	generate := &cobra.Command{
		Use:   "generate",
		Short: "Measure greedy generation",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			o := f.options()
			o.Batch, o.Encoder, o.Decoder = f.genBatch, f.genEnc, f.newTokens
			return f.report(a, o, trainer.BenchGenerate)
		},
	}
	generate.Flags().IntVar(&f.genBatch, "gen-batch", 1, "inputs at a time")
	generate.Flags().IntVar(&f.genEnc, "gen-enc", 64, "tokens of each")
	generate.Flags().IntVar(&f.newTokens, "new-tokens", 64, "tokens to generate for each")
	c.AddCommand(train, generate)
	return c
}

func (f benchFlags) options() trainer.BenchOptions {
	c := model.Config{
		ModelType: "t5", VocabSize: f.vocab, DModel: f.dModel, DKV: f.dKV, DFF: f.dFF, NumLayers: f.layers, NumDecoderLayers: f.layers,
		NumHeads: f.heads, RelativeAttentionNumBuckets: 32, RelativeAttentionMaxDistance: 128, DropoutRate: f.dropout,
		LayerNormEpsilon: 1e-6, FeedForwardProj: f.ff, TieWordEmbeddings: f.tied, ScaleDecoderOutputs: f.tied, EOSTokenID: 1,
	}
	return trainer.BenchOptions{Model: c, Steps: f.steps, Warmup: f.warmup, Threads: f.threads, Optimizer: f.optimizer}
}

func (f benchFlags) report(a app, o trainer.BenchOptions, measure func(trainer.BenchOptions) (*trainer.BenchResult, error)) error {
	if err := f.check(o); err != nil {
		return err
	}
	r, err := measure(o)
	if err != nil {
		return err
	}
	if !f.json {
		_, err := fmt.Fprint(a.stdout, r)
		return err
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		_, err = fmt.Fprintf(a.stdout, "%s\n", text)
	}
	return err
}

// check finds what no measurement can do.
func (f benchFlags) check(o trainer.BenchOptions) error {
	var wrong []string
	for _, x := range []struct {
		name  string
		value int
		least int
	}{{"batch", o.Batch, 1}, {"enc", o.Encoder, 1}, {"dec", o.Decoder, 1}, {"steps", o.Steps, 1}, {"warmup", o.Warmup, 0}} {
		if x.value < x.least {
			wrong = append(wrong, fmt.Sprintf("--%s is %d, want at least %d", x.name, x.value, x.least))
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("bench: %s", strings.Join(wrong, "; "))
	}
	return nil
}
