// Package compare finds where two tokenizers write texts differently.
package compare

import (
	"fmt"
	"io"
	"slices"

	"t5train/data/tokenizer"
)

// Differences counts where two tokenizers disagree and writes the first ones.
type Differences struct {
	out   io.Writer
	names [2]string
	pair  [2]*tokenizer.Tokenizer
	show  int

	texts, pieces, ids, decoded int
}

// New compares two vocabularies. It writes at most show differences of each kind to out, and calls the two by names.
func New(out io.Writer, pair [2]*tokenizer.Tokenizer, names [2]string, show int) *Differences {
	d := &Differences{out: out, names: names, pair: pair, show: show}
	d.vocabularies()
	return d
}

func (d *Differences) vocabularies() {
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

// Text compares the ids of a text, and if they agree what they decode to.
func (d *Differences) Text(text string) error {
	d.texts++
	a, b := d.pair[0].Encode(text), d.pair[1].Encode(text)
	if !slices.Equal(a, b) {
		if d.ids++; d.ids <= d.show {
			fmt.Fprintf(d.out, "text %d: %q\n", d.texts, text)
			for i, ids := range [][]int32{a, b} {
				fmt.Fprintf(d.out, "  %s: %v %q\n", d.names[i], ids, pieces(d.pair[i], ids))
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

// Result is an error if there were differences, which says how many.
func (d *Differences) Result() error {
	if d.pieces+d.ids+d.decoded == 0 {
		fmt.Fprintf(d.out, "no difference in the vocabulary and in %d texts\n", d.texts)
		return nil
	}
	return fmt.Errorf("compare: %d pieces differ; of %d texts, %d have other ids and %d decode differently", d.pieces,
		d.texts, d.ids, d.decoded)
}

func pieces(t *tokenizer.Tokenizer, ids []int32) []string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = t.Piece(id)
	}
	return list
}
