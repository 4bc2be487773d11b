package ingest

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// table says how the text of a table is cut into rows and cells.
type table struct {
	delimiter rune
	noQuotes  bool
	noHeader  bool
	columns   []string // of a table without a header
	header    func(columns []string) error
	unnamed   func() // is called if the header has no name for the first column, which is column_1 then
}

// readCSV reads a table by RFC 4180: cells in quotes may hold delimiters, doubled quotes and ends of lines, of which
// encoding/csv makes LF of CR LF. All cells are strings. Rows have as many cells as the header; blank lines are passed over.
func readCSV(t *text, o table, yield yield) error {
	var fields []Field
	header := func(names []string) error {
		for _, name := range names {
			fields = append(fields, Field{Path: []string{name}})
		}
		if err := unique(names); err != nil || o.header == nil {
			return err
		}
		return o.header(names)
	}
	return eachRecord(t, o, func(line int, cells []string) error {
		if fields == nil {
			if !o.noHeader {
				names := trimmed(cells)
				if first := numbered(1)[0]; len(names) > 1 && names[0] == "" && !slices.Contains(names, first) {
					names[0] = first // pandas writes its index so
					if o.unnamed != nil {
						o.unnamed()
					}
				}
				return inLine(line, header(names))
			}
			names := o.columns
			if names == nil {
				names = numbered(len(cells))
			}
			if err := header(names); err != nil {
				return err
			}
		}
		if len(cells) != len(fields) {
			return onLine(line, fmt.Errorf("%d cells, want %d: put cells that hold %q or a line's end in quotes, or choose another delimiter with t5train data import --delimiter",
				len(cells), len(fields), o.delimiter))
		}
		for i := range fields {
			fields[i].Cell = stringCell(cells[i])
		}
		return yield(Row{line, fields})
	})
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

// numbered names the columns of a table without names: column_1, column_2, ...
func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("column_%d", i+1)
	}
	return names
}

// eachRecord calls f for each record, of any number of cells.
func eachRecord(t *text, o table, f func(line int, cells []string) error) error {
	if o.noQuotes {
		return eachLine(t, func(number int, line string) error {
			if line == "" {
				return nil
			}
			return f(number, strings.Split(line, string(o.delimiter)))
		})
	}
	r := csv.NewReader(t)
	r.Comma = o.delimiter
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	for {
		t.row(r.InputOffset())
		cells, err := r.Read()
		var parse *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &parse):
			return onLine(parse.Line, fmt.Errorf("column %d of the line: %w (the row begins on line %d): double quotes inside of quotes, or read quotes as they are with t5train data import --no-quotes",
				parse.Column, parse.Err, parse.StartLine))
		case err != nil:
			return err
		}
		line, _ := r.FieldPos(0)
		if err := f(line, cells); err != nil {
			return err
		}
	}
}
