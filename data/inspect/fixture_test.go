package inspect

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"t5train/data/importer"
	"t5train/data/parquetio"
	"t5train/data/table"
	"t5train/data/tokenizer"
)

// words is a tokenizer for tests: a token a word, of which those with a character beyond ASCII are unknown.
type words struct{}

func (words) AppendEncode(dst []int32, text string) []int32 {
	for _, word := range strings.Fields(text) {
		id := int32(1)
		if strings.ContainsFunc(word, func(r rune) bool { return r > 0x7f }) {
			id = 2
		}
		dst = append(dst, id)
	}
	return dst
}

func (words) Unk() int32 { return 2 }

func (w words) RoundTrip(text string, _ []int32) (string, tokenizer.Loss) {
	decoded := strings.Join(strings.Fields(text), " ")
	switch {
	case strings.ContainsFunc(text, func(r rune) bool { return r > 0x7f }):
		return decoded, tokenizer.Unknown
	case decoded != text:
		return decoded, tokenizer.WhiteSpace
	}
	return text, tokenizer.Unchanged
}

var textAndLabel = []importer.Column{
	{Path: []string{"text"}, Type: importer.String},
	{Path: []string{"label"}, Type: importer.Int64, Classes: []string{"ham", "spam", "other"}},
}

// row is a text and a label; nil is null.
type row []any

// dataset writes rows to a file of a name, and opens it.
func dataset(t *testing.T, name string, columns []importer.Column, rows ...row) *parquetio.Dataset {
	t.Helper()
	path := filepath.Join(t.TempDir(), name+".parquet")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w, err := importer.NewWriter(file, columns)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		cells := make([]table.Cell, len(r))
		for i, v := range r {
			cells[i] = cellOf(v)
		}
		if err := w.Write(cells); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	set, err := parquetio.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func cellOf(v any) table.Cell {
	switch v := v.(type) {
	case string:
		return table.Cell{Kind: table.String, Str: v}
	case float64:
		return table.Cell{Kind: table.Float, Float: v}
	case int:
		return table.Cell{Kind: table.Int, Int: int64(v)}
	case []any:
		list := table.Cell{Kind: table.List}
		for _, item := range v {
			list.Items = append(list.Items, cellOf(item))
		}
		return list
	}
	return table.Cell{}
}

var testMeasure = Measure{Tokenizer: words{}, MaxInput: 5, MaxTarget: 3, Threads: 2}
