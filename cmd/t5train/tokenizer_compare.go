package main

import (
	"bufio"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"t5train/data/tokenizer"
)

func compareCommand(a app) *cobra.Command {
	var rules tokenizerFlags
	var from textFlags
	var show int
	c := &cobra.Command{
		Use:   "compare TOKENIZER OTHER",
		Short: "Compare two tokenizers over texts",
		Long: `Compare two tokenizers: their vocabularies, and the ids and the decoded text of every input text. The first differences are
shown. The exit status is 1 if there are any.`,
		Example: `  t5train tokenizer compare flan-t5-small runs/first --input train.parquet --column text
  t5train tokenizer compare spiece.model tokenizer.json --input messages.txt`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) != 2 {
				return misuse(c, "got %d tokenizers, want two", len(args))
			}
			if err := rules.check(c); err != nil {
				return err
			}
			var pair [2]*tokenizer.Tokenizer
			for i, path := range args {
				var err error
				if pair[i], err = rules.open(path); err != nil {
					return err
				}
			}
			out := bufio.NewWriter(a.data)
			d := differences{out: out, pair: pair, names: [2]string{args[0], args[1]}, show: show}
			d.vocabularies()
			err := from.each(c, a.stdin, d.text)
			if err == nil {
				err = d.result()
			}
			if flushErr := out.Flush(); err == nil {
				err = flushErr
			}
			return err
		},
	}
	rules.addSpecial(c)
	from.add(c)
	c.Flags().IntVar(&show, "show", 5, "differences to show of each kind")
	return c
}

// differences counts where two tokenizers disagree and shows the first ones.
type differences struct {
	out   io.Writer
	names [2]string
	pair  [2]*tokenizer.Tokenizer
	show  int

	texts, pieces, ids, decoded int
}

func (d *differences) vocabularies() {
	a, b := d.pair[0], d.pair[1]
	for i, t := range d.pair {
		fmt.Fprintf(d.out, "%s: %s, %d tokens with %d sentinels, rules of %s\n", d.names[i], t.Kind(), t.VocabSize(),
			t.ExtraIDs(), t.Rules())
	}
	for id := range int32(max(a.VocabSize(), b.VocabSize())) {
		inA, inB := int(id) < a.VocabSize(), int(id) < b.VocabSize()
		if inA && inB && a.Piece(id) == b.Piece(id) {
			continue
		}
		if d.pieces++; d.pieces > d.show {
			continue
		}
		fmt.Fprintf(d.out, "id %d: %s, %s\n", id, pieceOrNone(a, id, inA), pieceOrNone(b, id, inB))
	}
}

func pieceOrNone(t *tokenizer.Tokenizer, id int32, ok bool) string {
	if !ok {
		return "none"
	}
	return fmt.Sprintf("%q", t.Piece(id))
}

// text compares the ids of a text, and if they agree what they decode to.
func (d *differences) text(text string) error {
	d.texts++
	a, b := d.pair[0].Encode(text), d.pair[1].Encode(text)
	if !slices.Equal(a, b) {
		if d.ids++; d.ids <= d.show {
			fmt.Fprintf(d.out, "text %d: %q\n", d.texts, text)
			for i, ids := range [][]int32{a, b} {
				fmt.Fprintf(d.out, "  %s: %v %q\n", d.names[i], ids, piecesOf(d.pair[i], ids))
			}
		}
		return nil
	}
	if left, right := d.pair[0].Decode(a, false), d.pair[1].Decode(a, false); left != right {
		if d.decoded++; d.decoded <= d.show {
			fmt.Fprintf(d.out, "text %d: %q has the same ids, but decodes to\n  %s: %q\n  %s: %q\n", d.texts, text,
				d.names[0],
				left, d.names[1], right)
		}
	}
	return nil
}

func (d *differences) result() error {
	if d.pieces+d.ids+d.decoded == 0 {
		fmt.Fprintf(d.out, "no difference in the vocabulary and in %d texts\n", d.texts)
		return nil
	}
	return fmt.Errorf("compare: %d pieces differ; of %d texts, %d have other ids and %d decode differently", d.pieces,
		d.texts, d.ids, d.decoded)
}
