package parquetio

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"

	"t5train/data/table"
)

// message is the row that most tests write. nil pointers are nulls.
type message struct {
	SMS   string   `parquet:"sms"`
	Note  *string  `parquet:"note,optional"`
	Kind  string   `parquet:"kind,dict"`
	Label int64    `parquet:"label"`
	Small *int32   `parquet:"small,optional,dict"`
	Score float32  `parquet:"score"`
	Exact *float64 `parquet:"exact,optional"`
	Seen  bool     `parquet:"seen"`
	Count uint32   `parquet:"count"`
	Raw   []byte   `parquet:"raw"` // BYTE_ARRAY without the UTF8 annotation
}

const spamFeatures = `{"info": {"features": {"sms": {"dtype": "string", "_type": "Value"},` +
	`"label": {"names": ["ham", "spam"], "_type": "ClassLabel"}}}}`

func messages(n int) []message {
	rows := make([]message, n)
	for i := range rows {
		r := &rows[i]
		r.SMS = strings.Repeat("héllo ", i%7) + string(rune('a'+i%26))
		r.Kind = []string{"ham", "spam", ""}[i%3]
		r.Label = int64(i % 2)
		r.Score = float32(i) / 4
		r.Seen = i%5 == 0
		r.Count = uint32(1<<32 - 1 - i)
		r.Raw = []byte{byte(i), 0xff}
		if i%4 != 1 {
			note, small, exact := strings.Repeat("x", i%50), int32(i-3), float64(i)*1.5
			r.Note, r.Small, r.Exact = &note, &small, &exact
		}
	}
	return rows
}

var messageColumns = []string{"sms", "note", "kind", "label", "small", "score", "exact", "seen", "count", "raw"}

// want is what a scan of messageColumns should hand out for the row.
func (m message) want() []table.Cell {
	str := func(s string) table.Cell { return table.Cell{Kind: table.String, Str: s} }
	cells := []table.Cell{
		str(m.SMS), {}, str(m.Kind), {Kind: table.Int, Int: m.Label}, {}, {Kind: table.Float,
			Float: float64(m.Score)}, {},
		{Kind: table.Bool, Bool: m.Seen}, {Kind: table.Int, Int: int64(m.Count)}, str(string(m.Raw)),
	}
	if m.Note != nil {
		cells[1] = str(*m.Note)
		cells[4] = table.Cell{Kind: table.Int, Int: int64(*m.Small)}
		cells[6] = table.Cell{Kind: table.Float, Float: *m.Exact}
	}
	return cells
}

// encode writes rows in row groups of the given size (0: one group).
func encode[T any](t testing.TB, rows []T, group int, options ...parquet.WriterOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, options...)
	if group == 0 {
		group = len(rows)
	}
	for len(rows) > 0 {
		n := min(group, len(rows))
		if _, err := w.Write(rows[:n]); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		rows = rows[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func save(t testing.TB, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func compression(c compress.Codec) parquet.WriterOption { return parquet.Compression(c) }

// scanAll reads whole columns.
func scanAll(d *Dataset, columns ...string) ([][]table.Cell, error) {
	var rows [][]table.Cell
	err := d.Scan(context.Background(), columns, func(row int64, cells []table.Cell) error {
		if row != int64(len(rows)) {
			return errors.New("rows are out of order")
		}
		rows = append(rows, append([]table.Cell(nil), cells...))
		return nil
	})
	return rows, err
}

func wantError(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q lacks %q", err, part)
		}
	}
}
