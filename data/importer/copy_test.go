package importer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"t5train/data/parquetio"
	"t5train/data/table"
)

// rowsOf returns the rows of a file as text, of all columns that can be read.
func rowsOf(t *testing.T, path string) (rows []string) {
	t.Helper()
	set, err := parquetio.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range set.Columns() {
		if c.Readable() {
			names = append(names, c.Name)
		}
	}
	err = set.Scan(context.Background(), names, func(_ int64, cells []table.Cell) error {
		rows = append(rows, fmt.Sprint(cells))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// footer returns the schema and the metadata of a file.
func footer(t *testing.T, path string) (schema string, metadata any) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	file, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for _, entry := range file.Metadata().KeyValueMetadata {
		values[entry.Key] = entry.Value
	}
	set, err := parquetio.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range set.Columns() {
		schema += fmt.Sprintln(c)
	}
	return schema, values
}

// Files of all types, nestings and encodings are copied without every third row.
func TestCopy(t *testing.T) {
	sources, err := filepath.Glob("../parquetio/testdata/awkward/*.parquet")
	if err != nil || len(sources) == 0 {
		t.Fatal(sources, err)
	}
	folder, err := CreateFolder(filepath.Join(t.TempDir(), "out"), []string{"train"}, false)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	split := folder.Copies("train")
	keep := func(row int64) bool { return row%3 != 1 }
	for _, path := range sources {
		if _, err := split.Copy(context.Background(), path, Edit{Keep: keep}); err != nil {
			t.Fatal(err)
		}
	}
	paths, err := folder.Finish()
	if err != nil || len(paths) != len(sources) {
		t.Fatal(paths, err)
	}
	for i, path := range paths {
		var want []string
		for row, text := range rowsOf(t, sources[i]) {
			if keep(int64(row)) {
				want = append(want, text)
			}
		}
		if got := rowsOf(t, path); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got rows\n%v\nwant\n%v", sources[i], got, want)
		}
		schema, metadata := footer(t, path)
		wantSchema, wantMetadata := footer(t, sources[i])
		if schema != wantSchema || !reflect.DeepEqual(metadata, wantMetadata) {
			t.Errorf("%s: got schema %s with %v, want %s with %v", sources[i], schema, metadata, wantSchema,
				wantMetadata)
		}
	}
}

func TestCopyEditsTexts(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "in.parquet")
	file, err := os.Create(source)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w, err := NewWriter(file, []Column{{Path: []string{"id"}, Type: String}, {Path: []string{"tokens"},
		Type: String, List: true}})
	if err != nil {
		t.Fatal(err)
	}
	text := func(s string) table.Cell { return table.Cell{Kind: table.String, Str: s} }
	tokens := table.Cell{Kind: table.List, Items: []table.Cell{text("a"), {}, text("b")}}
	if err := w.Write([]table.Cell{text("a"), tokens}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	folder, err := CreateFolder(filepath.Join(dir, "out"), []string{"test"}, false)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	edit := Edit{Keep: func(int64) bool { return true }, Text: func(leaf int, text string) string {
		if leaf == 1 {
			return strings.Repeat(text, 20)
		}
		return text
	}}
	if _, err := folder.Copies("test").Copy(context.Background(), source, edit); err != nil {
		t.Fatal(err)
	}
	paths, err := folder.Finish()
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`[["a" ["%s", null, "%s"]]]`, strings.Repeat("a", 20), strings.Repeat("b", 20))
	if got := fmt.Sprint(rowsOf(t, paths[0])); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
