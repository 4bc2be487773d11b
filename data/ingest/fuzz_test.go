package ingest

import (
	"strings"
	"testing"

	"t5train/data/parquetout"
	"t5train/data/table"
)

// fuzzFormats reads any bytes as files of some formats: rows have lines that do not go back, what the schema takes can be
// written, and an error says something.
func fuzzFormats(f *testing.F, options ReadOptions, formats ...Format) {
	for _, c := range readCases() {
		for _, format := range formats {
			if c.format == format {
				f.Add(c.in)
			}
		}
	}
	f.Fuzz(func(t *testing.T, in string) {
		for _, format := range formats {
			line := 1
			s := newSchema(nil, nil)
			var rows []Row
			read := func(r Row) error {
				if r.Line < line || r.Line > strings.Count(in, "\n")+1 {
					t.Fatalf("%s: a row begins on line %d, after one on line %d", format, r.Line, line)
				}
				line = r.Line
				if err := s.add(place{"f", r.Line}, r.Fields); err != nil {
					return err
				}
				rows = append(rows, Row{r.Line, cloned(r.Fields)})
				return nil
			}
			if err := (Input{Format: format}).read(newText(strings.NewReader(in)), options, read); err != nil {
				if err.Error() == "" {
					t.Fatalf("%s: an error without text", format)
				}
				continue
			}
			if len(rows) == 0 || len(s.columns) == 0 {
				continue
			}
			s.settle()
			columns, err := s.resolve()
			if err != nil {
				t.Fatalf("%s: %v", format, err)
			}
			w, err := parquetout.NewWriter(&strings.Builder{}, columns)
			if err != nil {
				continue // a struct that is a value elsewhere
			}
			c := newConverter(columns)
			for _, r := range rows {
				cells, err := c.cells(r)
				if err == nil {
					err = w.Write(cells)
				}
				if err != nil {
					t.Fatalf("%s: line %d: %v", format, r.Line, err)
				}
			}
		}
	})
}

// FuzzSkip leaves out what does not parse: a file that is read without that gives the same rows, and of one that is not,
// the rest is text, unless the header is wrong.
func FuzzSkip(f *testing.F) {
	formats := []Format{CSV, TSV, JSONL, Text, CoNLL}
	for i, format := range formats {
		for _, c := range readCases() {
			if c.format == format {
				f.Add(c.in, byte(i), c.o.NoHeader, c.o.NoQuotes)
			}
		}
		for _, c := range skipCases {
			if c.format == format {
				f.Add(c.in, byte(i), c.o.NoHeader, c.o.NoQuotes)
			}
		}
	}
	f.Fuzz(func(t *testing.T, in string, format byte, noHeader, noQuotes bool) {
		input := Input{Format: formats[int(format)%len(formats)]}
		o := ReadOptions{NoHeader: noHeader, NoQuotes: noQuotes}
		want, strict := rowsOf(in, input.Format, o)
		bad, at := 0, 1
		from := func(line int) {
			if line < at {
				t.Fatalf("line %d comes after line %d", line, at)
			}
			at = line
		}
		o.Skip = func(b BadLine) error {
			from(b.First)
			if bad++; b.Last < b.First || b.Last > strings.Count(in, "\n")+1 || b.Error() == "" {
				t.Fatalf("got the bad lines %+v", b)
			}
			return nil
		}
		rows := 0
		err := Read(t.Context(), strings.NewReader(in), input, o, func(r Row) error {
			from(r.Line)
			for _, field := range r.Fields {
				for _, cell := range append(field.Cell.Items, field.Cell) {
					if _, wrong := findBadByte(cell.Str, 1); wrong && input.Format != JSONL { // which has \u0000
						t.Fatalf("a cell is %q", cell.Str)
					}
				}
			}
			rows++
			return nil
		})
		switch {
		case strict == nil && (bad > 0 || rows != len(want) || err != nil):
			t.Fatalf("got %d rows, %d bad lines and %v of a sound file of %d rows", rows, bad, err, len(want))
		case strict != nil && err == nil && bad == 0 && input.Format != CoNLL: // of which comments may have any bytes
			t.Fatalf("no line is bad, without the option: %v", strict)
		case rows < len(want):
			t.Fatalf("got %d rows, without the option %d", rows, len(want))
		}
	})
}

func cloned(fields []Field) []Field {
	clone := make([]Field, len(fields))
	for i, f := range fields {
		clone[i] = Field{f.Path, f.Cell}
		if f.Cell.Kind == table.List {
			clone[i].Cell.Items = append([]table.Cell{}, f.Cell.Items...)
		}
	}
	return clone
}

func FuzzCSV(f *testing.F)         { fuzzFormats(f, ReadOptions{}, CSV, TSV) }
func FuzzCSVNoHeader(f *testing.F) { fuzzFormats(f, ReadOptions{NoHeader: true, NoQuotes: true}, CSV) }
func FuzzJSONL(f *testing.F)       { fuzzFormats(f, ReadOptions{}, JSONL) }
func FuzzJSON(f *testing.F)        { fuzzFormats(f, ReadOptions{}, JSON) }
func FuzzCoNLL(f *testing.F)       { fuzzFormats(f, ReadOptions{}, CoNLL) }
func FuzzSQuAD(f *testing.F)       { fuzzFormats(f, ReadOptions{}, SQuAD) }
func FuzzText(f *testing.F)        { fuzzFormats(f, ReadOptions{}, Text, Documents) }
