package importer

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"t5train/data/parquetio"
	"t5train/data/table"
)

func str(s string) table.Cell { return table.Cell{Kind: table.String, Str: s} }

func num(n int64) table.Cell { return table.Cell{Kind: table.Int, Int: n} }

func list(items ...table.Cell) table.Cell {
	return table.Cell{Kind: table.List, Items: items}
}

// squad are columns of every kind, in an order that sorting would change.
func squad() []Column {
	return []Column{
		{Path: []string{"question"}, Type: String},
		{Path: []string{"answers", "text"}, Type: String, List: true},
		{Path: []string{"answers", "answer_start"}, Type: Int32, List: true},
		{Path: []string{"tags"}, Type: Int64, List: true, Classes: []string{"O", "B-x"}},
		{Path: []string{"label"}, Type: Int64, Classes: []string{"yes", "no"}},
		{Path: []string{"score"}, Type: Float64},
		{Path: []string{"a", "deep", "flag"}, Type: Bool},
	}
}

func squadRows() [][]table.Cell {
	truth := table.Cell{Kind: table.Bool, Bool: true}
	half := table.Cell{Kind: table.Float, Float: 0.5}
	return [][]table.Cell{
		{str("who?"), list(str("a"), str("b")), list(num(1), num(-2)), list(num(0)), num(1), half, truth},
		{str(""), list(), list(), list(num(1), table.Cell{}, num(0)), {}, {}, {}},
		{{}, {}, {}, {}, num(-1), half, {Kind: table.Bool}},
	}
}

// TestRoundTrip reads what is written with the reader of t5train.
func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.parquet")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWriter(file, squad())
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range squadRows() {
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file.Close()
	set, err := parquetio.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for i, c := range set.Columns() {
		names = append(names, c.Name)
		if want := squad()[i]; !reflect.DeepEqual(c.ClassLabels, want.Classes) ||
			c.Lists != map[bool]int{true: 1}[want.List] || !c.Nullable {
			t.Errorf("column %s: got %+v", c.Name, c)
		}
	}
	if got, want := strings.Join(names, " "), "question answers.text answers.answer_start tags label score "+
		"a.deep.flag"; got != want {
		t.Errorf("columns %s, want %s", got, want)
	}
	want := squadRows()
	err = set.Scan(context.Background(), names, func(row int64, cells []table.Cell) error {
		for i, c := range cells {
			if c.String() != want[row][i].String() {
				t.Errorf("row %d, column %s: got %v, want %v", row, names[i], c, want[row][i])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFeatures(t *testing.T) {
	tree, err := newTree(squad())
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"info": {"features": {"question": {"dtype": "string", "_type": "Value"}, ` +
		`"answers": {"text": {"feature": {"dtype": "string", "_type": "Value"}, "_type": "Sequence"}, ` +
		`"answer_start": {"feature": {"dtype": "int32", "_type": "Value"}, "_type": "Sequence"}}, ` +
		`"tags": {"feature": {"names": ["O", "B-x"], "_type": "ClassLabel"}, "_type": "Sequence"}, ` +
		`"label": {"names": ["yes", "no"], "_type": "ClassLabel"}, "score": {"dtype": "float64", "_type": "Value"}, ` +
		`"a": {"deep": {"flag": {"dtype": "bool", "_type": "Value"}}}}}}`
	if got := tree.features(squad()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestWriterRefuses(t *testing.T) {
	for _, c := range []struct {
		name    string
		columns [][]string
		want    string
	}{
		{"no columns", nil, "no columns"},
		{"a name twice", [][]string{{"a"}, {"a"}}, "two columns are named a"},
		{"a struct that is a leaf", [][]string{{"a"}, {"a", "b"}}, "two columns are named a"},
		{"a leaf that is a struct", [][]string{{"a", "b"}, {"a"}}, "two columns are named a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var columns []Column
			for _, path := range c.columns {
				columns = append(columns, Column{Path: path, Type: String})
			}
			if _, err := NewWriter(&strings.Builder{}, columns); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
	for _, c := range []struct {
		name  string
		cells []table.Cell
		want  string
	}{
		{"too few cells", nil, "0 cells, want 2"},
		{"a number as text", []table.Cell{num(1), {}}, "column s: got 1, want a value of type string"},
		{"a text as list", []table.Cell{{}, str("x")}, `column l: got "x", want a list`},
		{"a number too large", []table.Cell{{}, list(num(1 << 31))}, "want a value of type int32"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, err := NewWriter(&strings.Builder{}, []Column{{Path: []string{"s"}, Type: String},
				{Path: []string{"l"}, Type: Int32, List: true}})
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Write(c.cells); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}
