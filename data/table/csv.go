package table

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// cells returns the options with the delimiter of a table of a format, if none is asked for.
func (o ReadOptions) cells(f Format) ReadOptions {
	if o.Delimiter == 0 {
		o.Delimiter = f.kind().delimiter
	}
	return o
}

// readCSV reads a table by RFC 4180: cells in quotes may hold delimiters, doubled quotes and ends of lines, of which
// encoding/csv makes LF of CR LF. All cells are strings. Rows have as many cells as the header; blank lines are passed
// over.
func readCSV(t *text, o ReadOptions, yield yield) error {
	var fields []Field
	header := func(names []string) error {
		for _, name := range names {
			fields = append(fields, Field{Path: []string{name}})
		}
		if err := unique(names); err != nil || o.Header == nil {
			return err
		}
		return o.Header(names)
	}
	headEscaped := !o.NoHeader && t.escapeFirstLine()
	err := eachRecord(t, o, func(r record) error {
		if r.bad != nil {
			if fields == nil && !o.NoHeader {
				return *r.bad
			}
			return t.bad(*r.bad)
		}
		if fields == nil {
			if !o.NoHeader {
				names := trimmed(r.cells)
				if headEscaped && o.Escaped != nil {
					o.Escaped(slices.DeleteFunc(slices.Clone(names), func(name string) bool {
						return !strings.Contains(name, `\x`)
					}))
				}
				if len(names) > 1 && names[0] == "" && !slices.Contains(names, FirstColumn) {
					names[0] = FirstColumn // pandas writes its index so
					if o.Unnamed != nil {
						o.Unnamed()
					}
				}
				return inLine(r.first, header(names))
			}
			names := o.Columns
			if names == nil {
				names = numbered(len(r.cells))
			}
			if err := header(names); err != nil {
				return err
			}
		}
		if len(r.cells) != len(fields) {
			return t.bad(BadLine{r.first, r.last, onLine(r.first, fmt.Errorf("%d cells, want %d", len(r.cells),
				len(fields))),
				fmt.Sprintf("put cells that hold %q or a line's end in quotes, or choose another delimiter "+
					"with import.delimiter", o.Delimiter)})
		}
		for i := range fields {
			fields[i].Cell = stringCell(r.cells[i])
		}
		return yield(Row{r.first, fields})
	})
	if fields == nil && !o.NoHeader {
		return inHeader(err)
	}
	return err
}

func inLine(line int, err error) error {
	if err == nil {
		return nil
	}
	return onLine(line, err)
}

func trimmed(cells []string) []string {
	names := make([]string, len(cells))
	for i, c := range cells {
		names[i] = strings.TrimSpace(c)
	}
	return names
}

// FirstColumn is the name of the first column of a table without names.
const FirstColumn = "column_1"

// numbered names the columns of a table without names: column_1, column_2, ...
func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("column_%d", i+1)
	}
	return names
}

// record is a row of a table, of any number of cells.
type record struct {
	first, last int // lines
	cells       []string
	bad         *BadLine // it does not parse, and there are no cells
}

// eachRecord calls f for each record.
func eachRecord(t *text, o ReadOptions, f func(record) error) error {
	if o.NoQuotes {
		return eachLine(t, func(number int, line string) error {
			if line == "" {
				return nil
			}
			if bad, ok := t.badByteIn(line, number); ok {
				return f(record{bad: &bad})
			}
			return f(record{number, number, strings.Split(line, string(o.Delimiter)), nil})
		})
	}
	r := csv.NewReader(t)
	r.Comma = o.Delimiter
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	for {
		t.row(r.InputOffset())
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		next := record{cells: cells}
		if parse, ok := errors.AsType[*csv.ParseError](err); ok {
			next.bad = badRecord(parse)
		} else if err != nil {
			return err
		} else {
			next.first, next.last = span(r, cells)
			next.bad = badCell(t, r, next)
		}
		if err := f(next); err != nil {
			return err
		}
	}
}

// span returns the first and the last line of a record.
func span(r *csv.Reader, cells []string) (first, last int) {
	first, _ = r.FieldPos(0)
	at := len(cells) - 1
	last, _ = r.FieldPos(at)
	return first, last + strings.Count(cells[at], "\n")
}

// badRecord is the error of quotes that are wrong.
func badRecord(err *csv.ParseError) *BadLine {
	reason := fmt.Errorf("column %d of the line: %w (the row begins on line %d)", err.Column, err.Err, err.StartLine)
	return &BadLine{err.StartLine, err.Line, onLine(err.Line, reason),
		"double quotes inside of quotes, or read quotes as they are with import.no_quotes"}
}

// badCell returns the error of the first byte in a record that is no text.
func badCell(t *text, r *csv.Reader, in record) *BadLine {
	for i, cell := range in.cells {
		line, _ := r.FieldPos(i)
		if bad, ok := t.badByteIn(cell, line); ok {
			bad.First, bad.Last = in.first, in.last
			return &bad
		}
	}
	return nil
}

// Sniff returns the options with the delimiter of a table whose first lines tell another one than its name, and whether
// they do. It reads regular files only: a pipe could not be read again. What cannot be read fails later.
func (o ReadOptions) Sniff(in Input) (ReadOptions, bool) {
	usual := o.cells(in.Format).Delimiter
	if info, err := os.Stat(in.Path); o.Delimiter != 0 || usual == 0 || err != nil || !info.Mode().IsRegular() {
		return o, false
	}
	f, err := Open(in.Path)
	if err != nil {
		return o, false
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, 1<<16))
	if err != nil {
		return o, false
	}
	if found := sniffDelimiter(string(head), usual); found != usual {
		o.Delimiter = found
		return o, true
	}
	return o, false
}

// sniffDelimiter returns what divides the cells of a table that begins with head: the usual delimiter, unless that
// makes one cell of the header, or rows of different lengths, and another one makes rows of one length.
func sniffDelimiter(head string, usual rune) rune {
	if end := strings.LastIndexByte(head, '\n'); len(head) == 1<<16 && end > 0 {
		head = head[:end]
	}
	head = strings.TrimPrefix(head, "\ufeff")
	for _, quarters := range []int{0, 1} { // first one that no row contradicts
		for _, delimiter := range string(usual) + ",;\t|" {
			if divides(head, delimiter, quarters) {
				return delimiter
			}
		}
	}
	return usual
}

// divides says whether a delimiter cuts the first lines, two at least, into the same number of cells, two at least. So
// many quarters of them may be wrong.
func divides(head string, delimiter rune, quarters int) bool {
	const most = 20 // rows
	r := csv.NewReader(strings.NewReader(head))
	r.Comma = delimiter
	r.LazyQuotes = true // of texts with quotes in them
	rows, wrong := 0, 0
	for rows < most {
		cells, err := r.Read()
		if err == io.EOF {
			break
		}
		if rows++; rows == 1 && (err != nil || len(cells) < 2) {
			return false
		}
		if err != nil { // such as a row of another length
			wrong++
		}
	}
	return rows > 1 && 4*wrong <= quarters*rows
}
