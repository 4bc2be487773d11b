package main

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"t5train/checkpoints"
	"t5train/checkpoints/convert"
	"t5train/checkpoints/gguf"
	"t5train/checkpoints/trim"
	"t5train/internal/ui"
)

func convertCommand(a app) *cobra.Command {
	var checkpoint, out, shard, format string
	var corpora []string
	var o convert.ConvertOptions
	c := &cobra.Command{
		Use:   "convert",
		Short: "Write a checkpoint in another type, in smaller files, with another vocabulary, or a mean",
		Long: `Write a model in another type, in smaller files, with more or fewer rows in the embedding, with the vocabulary of
--tokenizer, with the pieces alone that a text uses, merged with an --adapter, with some of its layers, as the mean of
several checkpoints, or as a GGUF file for llama.cpp. The folder opens with transformers' from_pretrained; int8 is for
t5train alone. The model stays as it is. Memory does not grow with it. docs/checkpoints.md has the rest.`,
		Example: `  t5train convert --model runs/first --output first-int8 --dtype int8
  t5train convert --model runs/first --output first.gguf --format gguf --dtype q8_0
  t5train convert --model google/mt5-small --output mt5-small-de --trim german.parquet:text`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			required := []string{"model", "output"}
			if o.Average != "" && !strings.HasPrefix(o.Average, "last:") { // a list of folders needs no run
				required = required[1:]
			}
			if err := cmp.Or(requireFlags(c, required...),
				requireAtLeast(c, 2, "vocab-size")); err != nil {
				return err
			}
			if other := cmp.Or(o.Average, o.Tokenizer, o.Adapter); len(corpora) > 0 && other != "" {
				return misuse(c, "--trim goes with one checkpoint and its own vocabulary: leave out %s", other)
			}
			if o.Average != "" && o.Adapter != "" {
				return misuse(c, "got both --average and --adapter: merge each adapter first")
			}
			types, ok := map[string][]string{"": convert.DTypes(), "gguf": convert.GGUFTypes()}[format]
			if !ok {
				return misuse(c, "--format %s: want gguf, or leave it out for a folder", format)
			}
			if o.DType != "" && !slices.Contains(types, o.DType) {
				return misuse(c, "--dtype %s: want one of %s", o.DType, strings.Join(types, ", "))
			}
			if format == "gguf" {
				if c.Flags().Changed("max-shard-size") {
					return misuse(c, "got --max-shard-size and --format gguf: llama.cpp's file is one")
				}
				if len(corpora) > 0 {
					return misuse(c, "got --trim and --format gguf: write a trimmed folder first, and convert that")
				}
				if err := convert.GGUF(c.Context(), checkpoint, out, o, a.console()); err != nil {
					return err
				}
				p := ui.NewLines(a.stdout)
				return p.Finish(gguf.Describe(p, out, false))
			}
			if o.MaxShardSize, ok = parseBytes(shard); !ok {
				return misuse(c, "--max-shard-size %s: want a size such as 5GB, 500MB or 2GiB", shard)
			}
			err := error(nil)
			if len(corpora) > 0 {
				small := trim.Options{Corpus: corpora, Tokens: o.VocabSize, Convert: o}
				small.Convert.VocabSize = 0
				err = trim.Trim(c.Context(), checkpoint, out, small, a.console())
			} else {
				err = convert.Convert(c.Context(), checkpoint, out, o, a.console())
			}
			if err != nil {
				return err
			}
			return describe(a, out)
		},
	}
	f := c.Flags()
	f.StringVar(&checkpoint, "model", "", modelHelp)
	addNoVerify(c, &o.NoVerify)
	f.StringVar(&out, "output", "", "folder to write, new or empty; a new file with --format gguf")
	f.StringVar(&format, "format", "", "gguf: a file for llama.cpp (default: a folder for transformers)")
	f.StringVar(&o.DType, "dtype", "", "float32, bfloat16, float16, int8 or, of GGUF, q8_0 (default: as stored)")
	f.StringVar(&shard, "max-shard-size", "5GB", "largest file of weights, such as 500MB or 2GiB")
	f.IntVar(&o.VocabSize, "vocab-size", 0,
		"rows of the embedding; only unused ones go (default: as many as needed)")
	f.StringVar(&o.Tokenizer, "tokenizer", "", "another vocabulary: run, checkpoint, spiece.model or tokenizer.json")
	f.StringVar(&o.Average, "average", "", "mean of checkpoints: last:N of the run, or steps or folders, a,b")
	f.StringVar(&o.Adapter, "adapter", "", adapterHelp+" to merge into the weights")
	f.StringVar(&o.Layers, "layers", "", "blocks to keep, for a smaller student: 0,2,4, or 0,2,4/0,5 (encoder/decoder)")
	f.StringArrayVar(&corpora, "trim", nil, "keep the pieces that a text uses: PATH or PATH:COLUMN (repeatable)")
	return c
}

// describe says what stands in a folder of weights.
func describe(a app, dir string) error {
	weights, err := checkpoints.OpenWeights(dir)
	if err != nil {
		return err
	}
	defer weights.Close()
	p := ui.NewLines(a.stdout)
	p.Line("folder", "%s", dir)
	weights.Describe(p)
	return p.Finish(nil)
}

// parseBytes reads a size as transformers does: KB, MB and GB are powers of 1000, KiB, MiB and GiB of 1024.
func parseBytes(text string) (n int64, ok bool) {
	number, unit := "", 0.0
	for _, u := range []struct {
		name string
		size float64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}} {
		if rest, found := strings.CutSuffix(strings.ToLower(text), strings.ToLower(u.name)); found {
			number, unit = rest, u.size
			break
		}
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !(v*unit >= 1) || v*unit >= math.MaxInt64 {
		return 0, false
	}
	return int64(v * unit), true
}
