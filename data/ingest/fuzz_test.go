package ingest

import (
	"strings"
	"testing"

	"t5train/data/parquetio"
	"t5train/data/parquetout"
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

func cloned(fields []Field) []Field {
	clone := make([]Field, len(fields))
	for i, f := range fields {
		clone[i] = Field{f.Path, f.Cell}
		if f.Cell.Kind == parquetio.List {
			clone[i].Cell.Items = append([]parquetio.Cell{}, f.Cell.Items...)
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
