package table

import (
	"strings"
	"testing"
)

// fuzzReader reads any text: rows stand in the order of their lines, and an error has a text.
func fuzzReader(f *testing.F, options ReadOptions, formats ...Format) {
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
			err := (Input{Format: format}).read(newText(strings.NewReader(in)), options, func(r Row) error {
				if r.Line < line || r.Line > strings.Count(in, "\n")+1 {
					t.Fatalf("%s: a row begins on line %d, after one on line %d", format, r.Line, line)
				}
				line = r.Line
				return nil
			})
			if err != nil && err.Error() == "" {
				t.Fatalf("%s: an error without text", format)
			}
		}
	})
}

func FuzzReadCSV(f *testing.F) { fuzzReader(f, ReadOptions{}, CSV, TSV) }
func FuzzReadCSVNoHeader(f *testing.F) {
	fuzzReader(f, ReadOptions{NoHeader: true, NoQuotes: true}, CSV)
}
func FuzzReadJSONL(f *testing.F) { fuzzReader(f, ReadOptions{}, JSONL) }
func FuzzReadJSON(f *testing.F)  { fuzzReader(f, ReadOptions{}, JSON) }
func FuzzReadCoNLL(f *testing.F) { fuzzReader(f, ReadOptions{}, CoNLL) }
func FuzzReadSQuAD(f *testing.F) { fuzzReader(f, ReadOptions{}, SQuAD) }
func FuzzReadText(f *testing.F)  { fuzzReader(f, ReadOptions{}, Text, Documents) }

// FuzzSkip leaves out what does not parse: a file that is read without that gives the same rows, and of one that is
// not, the rest is text, unless the header is wrong.
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
