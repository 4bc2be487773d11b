package importer

import (
	"strings"
	"testing"

	"t5train/data/table"
)

// fuzzFormats reads any bytes as files of some formats: rows have lines that do not go back, what the schema takes can
// be written, and an error says something.
func fuzzFormats(f *testing.F, options table.ReadOptions, formats ...table.Format) {
	for _, seed := range map[table.Format][]string{
		table.CSV: {"a,b\n1,\"x\ny\"\n", "a.b,a\n1,2\n", "a,a\n", "\ufeffa\n1,2", "a,b\n\"x"},
		table.JSONL: {"{\"a\": 1}\n{\"a\": 2.5, \"b\": [true, null]}\n", "{\"a\": {\"b\": \"x\"}}\n{\"a\": null}",
			"{\"a\": [1, \"x\"]}"},
		table.JSON: {"[{\"a\": {\"b\": [1]}}, {\"a\": null}]", "{\"a\": 1} {\"a\": \"\"}",
			"[{\"a\": 9007199254740993}, {\"a\": 0.5}]"},
		table.CoNLL: {"EU NNP B-ORG\nrejects VBZ O\n\n-DOCSTART- O\n\n# x\nA O\n", "a\tb\n"},
		table.SQuAD: {`{"data": [{"title": "T", "paragraphs": [{"context": "C", "qas": [{"id": 1, "question": "q", "answers": [{"text": "C", "answer_start": 0}]}]}]}]}`},
		table.Text:  {"a\n\nb\r\n", "\xff"},
	}[formats[0]] {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		for _, format := range formats {
			line := 1
			s := newSchema(nil, nil)
			var rows []table.Row
			read := func(r table.Row) error {
				if r.Line < line || r.Line > strings.Count(in, "\n")+1 {
					t.Fatalf("%s: a row begins on line %d, after one on line %d", format, r.Line, line)
				}
				line = r.Line
				if err := s.add(place{"f", r.Line}, r.Fields); err != nil {
					return err
				}
				rows = append(rows, table.Row{Line: r.Line, Fields: cloned(r.Fields)})
				return nil
			}
			if err := table.Read(t.Context(), strings.NewReader(in), table.Input{Path: "f", Format: format},
				options, read); err != nil {
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
			w, err := NewWriter(&strings.Builder{}, columns)
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

func cloned(fields []table.Field) []table.Field {
	clone := make([]table.Field, len(fields))
	for i, f := range fields {
		clone[i] = table.Field{Path: f.Path, Cell: f.Cell}
		if f.Cell.Kind == table.List {
			clone[i].Cell.Items = append([]table.Cell{}, f.Cell.Items...)
		}
	}
	return clone
}

func FuzzCSV(f *testing.F) { fuzzFormats(f, table.ReadOptions{}, table.CSV, table.TSV) }
func FuzzCSVNoHeader(f *testing.F) {
	fuzzFormats(f, table.ReadOptions{NoHeader: true, NoQuotes: true}, table.CSV)
}
func FuzzJSONL(f *testing.F) { fuzzFormats(f, table.ReadOptions{}, table.JSONL) }
func FuzzJSON(f *testing.F)  { fuzzFormats(f, table.ReadOptions{}, table.JSON) }
func FuzzCoNLL(f *testing.F) { fuzzFormats(f, table.ReadOptions{}, table.CoNLL) }
func FuzzSQuAD(f *testing.F) { fuzzFormats(f, table.ReadOptions{}, table.SQuAD) }
func FuzzText(f *testing.F)  { fuzzFormats(f, table.ReadOptions{}, table.Text, table.Documents) }
