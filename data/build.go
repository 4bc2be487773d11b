package data

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"t5train/data/table"
	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/internal/parallel"
)

// Table is a table of rows. *parquetio.Dataset is one.
type Table interface {
	Rows() int64
	// Scan calls yield for each row, in order; cells is valid until yield returns.
	Scan(ctx context.Context, columns []string, yield func(row int64, cells []table.Cell) error) error
	// Locate returns the file that holds a row and the row's number in it, counted from 0.
	Locate(row int64) (path string, inFile int64)
}

// Tokenizer turns text into ids, without EOS at the end. It is called from several goroutines at once.
type Tokenizer interface {
	AppendEncode(dst []int32, text string) []int32
	EOS() int32
	Unk() int32
	RoundTrip(text string, ids []int32) (decoded string, loss tokenizer.Loss)
}

// Limits are the most tokens that a sequence keeps, EOS included; at least 2.
type Limits struct {
	MaxInput, MaxTarget int
}

// blockRows is the number of examples that a thread tokenises at once: enough work between two hand-overs, and little
// text in memory.
const blockRows = 256

// Use is what examples are for.
type Use int

// The uses.
const (
	ForTraining Use = iota // a row may make several examples, or none: see [task.Spec.Train]
	HeldOut                // a row makes one, with what its answers are checked against: see [Examples.Reference]
)

// Build reads and tokenises every row of a table. The result does not depend on the number of threads. progress, if
// not nil, is told the rows done and their total after each block of rows.
func Build(ctx context.Context, rows Table, spec task.Spec, use Use, tok Tokenizer, limits Limits, threads int,
	progress func(done, total int64)) (*Examples, error) {
	if rows == nil || tok == nil {
		return nil, errors.New("build examples: they need a table and a tokenizer")
	}
	if limits.MaxInput < 2 || limits.MaxTarget < 2 {
		return nil, fmt.Errorf("build examples: limits of %d input and %d target tokens, want at least 2 each: a "+
			"token and EOS",
			limits.MaxInput, limits.MaxTarget)
	}
	b := builder{tok: tok, spec: spec, limits: limits, use: use}
	pool := parallel.NewPool(threads, func() *block { return new(block) }, b.tokenise, func(k *block) error {
		b.examples.join(&k.part)
		k.reset()
		return nil
	})
	defer pool.Close()
	left := false // a block is not full
	err := rows.Scan(ctx, spec.Columns(), func(row int64, cells []table.Cell) error {
		var failed error
		err := pool.Add(func(k *block) (full bool) {
			if failed = b.add(k, cells); failed != nil {
				path, inFile := rows.Locate(row)
				failed = fmt.Errorf("build examples: %s, row %d (the first is 0): %w", path, inFile, failed)
			}
			left = len(k.rows) < blockRows
			return !left
		})
		if !left && progress != nil {
			progress(row+1, rows.Rows())
		}
		return cmp.Or(err, failed)
	})
	if err == nil {
		err = pool.Finish()
	}
	if err != nil {
		return nil, err
	}
	if left && progress != nil {
		progress(rows.Rows(), rows.Rows())
	}
	return &b.examples, nil
}

type builder struct {
	tok      Tokenizer
	spec     task.Spec
	limits   Limits
	use      Use
	examples Examples
}

// block is the examples of some rows, first as texts.
type block struct {
	rows []task.Example
	part Examples
}

func (k *block) reset() {
	clear(k.rows) // lets go of the parquet pages
	k.rows = k.rows[:0]
	k.part.reset()
}

// add makes examples of a row.
func (b *builder) add(k *block, cells []table.Cell) error {
	counts := &k.part.Texts
	if blank(cells[:len(b.spec.TextColumns)]) {
		counts.BlankInputs++
	}
	if b.use == ForTraining && b.spec.Kind() != task.Entities {
		examples, err := b.spec.Train(cells)
		k.rows = append(k.rows, examples...)
		return err
	}
	example, reference, err := b.spec.HeldOut(cells)
	if err != nil {
		return err
	}
	k.rows = append(k.rows, example)
	if b.use == HeldOut {
		k.part.references = append(k.part.references, reference)
	}
	if b.spec.Kind() == task.Entities {
		counts.readBack(b.spec, example.Target, reference)
	}
	return nil
}

// tokenise makes the sequences of a block.
func (b *builder) tokenise(k *block) {
	part := &k.part
	for _, row := range k.rows {
		start := len(part.inputs.ids)
		part.inputs.ids = b.tok.AppendEncode(part.inputs.ids, row.Input)
		if slices.Contains(part.inputs.ids[start:], b.tok.Unk()) {
			part.Texts.UnknownInputs++
		}
		if part.inputs.end(start, b.tok, b.limits.MaxInput) {
			part.CutInputs++
			if b.evidenceIsCut(row) {
				part.CutAnswers++
				if b.use == ForTraining { // the model would learn to answer what it cannot know
					part.inputs.dropLast()
					continue
				}
			}
		}
		start = len(part.targets.ids)
		part.targets.ids = b.tok.AppendEncode(part.targets.ids, row.Target)
		part.Texts.written(b.tok, row.Target, part.targets.ids[start:])
		if part.targets.end(start, b.tok, b.limits.MaxTarget) {
			part.CutTargets++
		}
		part.labels = append(part.labels, int32(row.Label))
	}
}

// evidenceIsCut reports whether an input that is cut has lost what its answer is made of. The beginning of a text may
// be cut into tokens a little otherwise at its end, so this is exact to a token.
func (b *builder) evidenceIsCut(row task.Example) bool {
	return row.Evidence > 0 && len(b.tok.AppendEncode(nil, row.Input[:row.Evidence])) > b.limits.MaxInput-1
}

// end ends the sequence that begins at start.
func (r *sequences) end(start int, tok Tokenizer, limit int) (cut bool) {
	r.ids, cut = endText(r.ids, start, tok, limit)
	r.ends = append(r.ends, len(r.ids))
	return cut
}

// AppendText appends the ids of a text by the rule of seqio's append_eos_after_trim: the first limit-1 ids, then EOS,
// so that every sequence ends in EOS. cut says that ids were left out.
func AppendText(dst []int32, tok Tokenizer, text string, limit int) (ids []int32, cut bool) {
	start := len(dst)
	return endText(tok.AppendEncode(dst, text), start, tok, limit)
}

func endText(ids []int32, start int, tok Tokenizer, limit int) (ended []int32, cut bool) {
	if len(ids)-start > limit-1 {
		ids, cut = ids[:start+limit-1], true
	}
	return append(ids, tok.EOS()), cut
}
