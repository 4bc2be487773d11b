// Package inputfile reads what is to be answered: texts, lines, JSON lines, tables and parquet, row by row, by the rule
// of a task.
//
//	source := inputfile.Source{Path: "sms.csv", Format: inputfile.FormatOf("sms.csv")}
//	err := source.Read(ctx, spec, func(in inputfile.Input) error { ... })
package inputfile

import (
	"context"
	"io"

	"t5train/data/table"
	"t5train/data/task"
)

// Source are what is to be answered: texts, or the rows of a file.
type Source struct {
	Texts        []string
	Path         string // of a file; - is Stdin
	Format       table.Format
	Stdin        io.Reader
	Keep         []Keep   // columns that answers repeat
	Targets      []string // to score, of every input
	TargetColumn string   // of the targets otherwise; "" is that of the task
}

// Count returns the number of inputs, below 0 where it is not known, and finds what is wrong with them before any work.
func (in Source) Count(ctx context.Context, columns []string) (int64, error) {
	if in.Path == "" {
		return int64(len(in.Texts)), nil
	}
	if err := CheckKept(ctx, in.Path, in.Format, in.Keep); err != nil {
		return 0, err
	}
	return Count(ctx, in.Path, in.Format, columns)
}

// Read calls yield for each input.
func (in Source) Read(ctx context.Context, spec task.Spec, yield func(Input) error) error {
	for _, text := range in.Texts {
		input, err := FromText(spec, text)
		if err != nil {
			return err
		}
		if err := yield(input); err != nil {
			return err
		}
	}
	if in.Path == "" {
		return nil
	}
	return Read(ctx, in.Path, in.Format, spec, in.Keep, in.Stdin, yield)
}

// ReadPairs calls yield for each input with its targets.
func (in Source) ReadPairs(ctx context.Context, spec task.Spec, yield func(Pair) error) error {
	if len(in.Targets) > 0 {
		return in.Read(ctx, spec, func(input Input) error { return yield(Pair{Input: input, Targets: in.Targets}) })
	}
	return ReadPairs(ctx, in.Path, in.Format, spec, in.TargetColumn, in.Stdin, yield)
}
