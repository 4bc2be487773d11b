package table

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ReadOptions say how files are read.
type ReadOptions struct {
	Delimiter rune // of tables; 0 is a comma for CSV and a tab for TSV
	NoQuotes  bool // quotes in tables are characters like others
	NoHeader  bool // the first line of a table is a row
	// names of the columns of a table without a header; else column_1, column_2, ...
	Columns     []string
	Header      func(columns []string) error // gets those of a table before its rows; may be nil
	TokenColumn int                          // of CoNLL, from 1; 0 is the first
	TagColumn   int                          // of CoNLL, from 1; 0 is the last
	// gets lines that do not parse, and leaves them out; nil makes the first an error
	Skip func(BadLine) error

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

// Read is [ReadFile] of a file that is open. An error of yield, o.Header or o.Skip is returned as it is.
func Read(ctx context.Context, f io.Reader, in Input, o ReadOptions, yield func(Row) error) error {
	rows := 0
	var failed error // of the caller's functions
	if header := o.Header; header != nil {
		o.Header = func(columns []string) error { failed = header(columns); return failed }
	}
	if skip := o.Skip; skip != nil {
		o.Skip = func(b BadLine) error { failed = skip(b); return failed }
	}
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
		failed = yield(r)
		return failed
	})
	switch {
	case failed != nil:
		return failed
	case err == nil || ctx.Err() != nil:
		return err
	}
	return fmt.Errorf("read %s: %w", in.Path, err)
}

// MissingColumnError says that no row of a file has a column.
type MissingColumnError struct {
	Path, Column string
	Columns      []string // of the header, or the first row
}

func (e *MissingColumnError) Error() string {
	return fmt.Sprintf("%s has no column %s, but %s", e.Path, e.Column, strings.Join(e.Columns, ", "))
}

// ReadColumns is [Read] of some columns, by the names that [Field.Path] joins with dots. It calls yield for the rows
// that have any of them, with null for the others; cells are valid until yield returns. A column that no row has is a
// [MissingColumnError], unless there are no rows.
func ReadColumns(
	ctx context.Context, f io.Reader, in Input, o ReadOptions, columns []string, yield func(line int,
		cells []Cell) error,
) error {
	var first []string // columns of the header or of the first row
	missing := func(has func(i int) bool) error {
		for i, column := range columns {
			if !has(i) {
				return &MissingColumnError{in.Path, column, first}
			}
		}
		return nil
	}
	o.Header = func(names []string) error {
		first = slices.Clone(names)
		return missing(func(i int) bool { return slices.Contains(names, columns[i]) })
	}
	cells, found, rows := make([]Cell, len(columns)), make([]bool, len(columns)), 0
	err := Read(ctx, f, in, o, func(r Row) error {
		rows++
		clear(cells)
		there := false
		for _, f := range r.Fields {
			name := strings.Join(f.Path, ".")
			if rows == 1 && !slices.Contains(first, name) {
				first = append(first, name)
			}
			for i, column := range columns {
				if name == column {
					cells[i], found[i], there = f.Cell, true, true
				}
			}
		}
		if !there {
			return nil
		}
		return yield(r.Line, cells)
	})
	if err != nil || rows == 0 {
		return err
	}
	return missing(func(i int) bool { return found[i] })
}

func (in Input) read(t *text, o ReadOptions, yield yield) error {
	read := in.Format.kind().read
	if read == nil {
		return fmt.Errorf("format %q, want one of %v", in.Format, Formats())
	}
	return read(t, o.cells(in.Format), yield)
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
