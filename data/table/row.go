package table

import (
	"context"
	"fmt"
	"io"
	"slices"
)

// ReadOptions say how files are read.
type ReadOptions struct {
	Delimiter   rune                         // of tables; 0 is a comma for CSV and a tab for TSV
	NoQuotes    bool                         // quotes in tables are characters like others
	NoHeader    bool                         // the first line of a table is a row
	Columns     []string                     // names of the columns of a table without a header; else column_1, column_2, ...
	Header      func(columns []string) error // gets those of a table before its rows; may be nil
	TokenColumn int                          // of CoNLL, from 1; 0 is the first
	TagColumn   int                          // of CoNLL, from 1; 0 is the last
	Skip        func(BadLine) error          // gets lines that do not parse, and leaves them out; nil makes the first an error

	Drop    func(path []string) bool // reports whether a value of JSON is passed over; nil passes over none
	Unnamed func()                   // is called if a header has no name for the first column, which is column_1 then
	Escaped func(names []string)     // is called with names of a header that are not UTF-8, as escapes
}

// Field is one value of a row.
type Field struct {
	Path []string // of its column: several names where objects nest
	Cell Cell
}

// Row is what a file says about one row: its fields, in the order of the file. Fields that a row lacks are null.
type Row struct {
	Line   int // on which it begins, from 1
	Fields []Field
}

// yield is called for each row, which is valid until it returns.
type yield func(Row) error

// ReadFile calls yield for each row of a file, in order; a row is valid until yield returns. Errors name file and line.
func ReadFile(ctx context.Context, in Input, o ReadOptions, yield func(Row) error) error {
	if err := ctx.Err(); err != nil { // a folder may hold a million files of a row each
		return err
	}
	f, err := Open(in.Path)
	if err != nil {
		return fmt.Errorf("read data: %w", err)
	}
	defer f.Close()
	return Read(ctx, f, in, o, yield)
}

// Read is [ReadFile] of a file that is open.
func Read(ctx context.Context, f io.Reader, in Input, o ReadOptions, yield func(Row) error) error {
	rows := 0
	t := newText(f)
	if slices.Contains(LineFormats(), in.Format) {
		t.skip = o.Skip
	}
	err := in.read(t, o, func(r Row) error {
		if rows++; rows%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if in.Label != "" {
			r.Fields = append(r.Fields, Field{[]string{LabelColumn}, stringCell(in.Label)})
		}
		return yield(r)
	})
	switch {
	case err == nil || ctx.Err() != nil:
		return err
	default:
		return fmt.Errorf("read %s: %w", in.Path, err)
	}
}

func (in Input) read(t *text, o ReadOptions, yield yield) error {
	switch in.Format {
	case CSV, TSV:
		return readCSV(t, o.table(in.Format), yield)
	case JSON:
		return readJSON(t, o.Drop, yield)
	case JSONL:
		return readJSONL(t, o.Drop, yield)
	case Text:
		return readLines(t, yield)
	case Documents, Classes:
		return readDocument(t, yield)
	case CoNLL:
		return readCoNLL(t, o, yield)
	case SQuAD:
		return readSQuAD(t, yield)
	default:
		return fmt.Errorf("format %q, want one of %v", in.Format, Formats())
	}
}

// onLine adds the line to an error.
func onLine(line int, err error) error { return fmt.Errorf("line %d: %w", line, err) }

func stringCell(s string) Cell { return Cell{Kind: String, Str: s} }

func listCell(items []string) Cell {
	cells := make([]Cell, len(items))
	for i, item := range items {
		cells[i] = stringCell(item)
	}
	return Cell{Kind: List, Items: cells}
}

// unique refuses names of columns that are empty or there twice.
func unique(names []string) error {
	for i, name := range names {
		switch {
		case name == "":
			return fmt.Errorf("column %d has no name: name it in the header, "+
				"or give all names with import.no_header and import.columns", i+1)
		case slices.Contains(names[:i], name):
			return fmt.Errorf("two columns are named %q: rename one", name)
		}
	}
	return nil
}
