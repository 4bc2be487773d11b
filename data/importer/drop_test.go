package importer

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/data/parquetio"
	"t5train/data/table"
	"t5train/internal/testdir"
)

// importOf imports a file with a text, and returns the names of the columns and what was said.
func importOf(t *testing.T, name, text string, o Options) (columns []string, said string, err error) {
	t.Helper()
	folder := t.TempDir()
	path := filepath.Join(folder, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	o.Inputs, o.Output = []string{path}, filepath.Join(folder, "out.parquet")
	o.Sink = testdir.Sink{Said: func(line string) { said += line + "\n" }}
	if _, err := Import(t.Context(), o); err != nil {
		return nil, said, err
	}
	set, err := parquetio.Open(o.Output)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range set.Columns() {
		columns = append(columns, c.Name)
	}
	return columns, said, nil
}

func TestColumnsOfTables(t *testing.T) {
	for name, c := range map[string]struct {
		file, text string
		options    Options
		want       []string
		said       string
	}{
		"index from 0": {"a.csv", ",text\n0,x\n1,y\n", Options{}, []string{"text"}, "counts the rows"},
		"index from 1": {"a.tsv", "\ttext\n1\tx\n2\ty\n", Options{}, []string{"text"}, "counts the rows"},
		"index asked": {"a.csv", ",text\n0,x\n1,y\n", Options{Labels: []string{"column_1"}}, []string{"column_1",
			"text"}, "is called column_1"},
		"shuffled index": {"a.csv", ",text\n1,x\n0,y\n", Options{}, []string{"column_1", "text"}, "is called column_1"},
		"words":          {"a.csv", ",text\na,x\nb,y\n", Options{}, []string{"column_1", "text"}, "is called column_1"},
		"counter":        {"a.csv", "n,text\n0,x\n1,y\n", Options{}, []string{"n", "text"}, "column n"},
		"dropped": {"a.csv", "n,text\n0,x\n1,y\n", Options{Drop: []string{"n"}}, []string{"text"},
			"column text"},
		"semicolons": {"a.csv", "text;label\na, b;1\nc;2\n", Options{}, []string{"text", "label"},
			"divided by ';'"},
		"bars": {"a.csv", "text|label\n\"a | b\"|1\nc|2\n", Options{}, []string{"text", "label"},
			"divided by '|'"},
		"tabs":          {"a.csv", "text\tlabel\na\t1\n", Options{}, []string{"text", "label"}, `divided by '\t'`},
		"commas in tsv": {"a.tsv", "text,label\na,1\n", Options{}, []string{"text", "label"}, "divided by ','"},
		"a bad row": {"a.csv", "text;label\na, b;1\nc;2\nd;e;f\ng;3\n", Options{SkipBadLines: 1},
			[]string{"text", "label"}, "divided by ';'"},
		"index with gap": {"a.csv", ",text\nx\n1,x\n2,y\n3\n4,z\n", Options{SkipBadLines: 2}, []string{"text"},
			"counts the rows"},
		"more than gap": {"a.csv", ",text\n0,x\n1,y\n3\n4,z\n", Options{SkipBadLines: 2}, []string{"column_1",
			"text"}, "is called column_1"},
		"given": {"a.csv", "text;label\na;1\n", Options{Read: table.ReadOptions{Delimiter: ','}},
			[]string{"text;label"}, ""},
	} {
		columns, said, err := importOf(t, c.file, c.text, c.options)
		if err != nil || !slices.Equal(columns, c.want) || !strings.Contains(said, c.said) {
			t.Errorf("%s: columns %q, error %v, said\n%s", name, columns, err, said)
		}
	}
}

// TestDrop leaves out columns that no type can hold; without that, the error says how.
func TestDrop(t *testing.T) {
	for _, text := range []string{
		`{"text": "a", "m": [{"k": 1}]}`,
		`{"text": "a", "m": [[1]]}`,
		`{"text": "a", "m": 123456789012345678901234567890}`,
		`{"text": "a", "m": 1}` + "\n" + `{"text": "b", "m": "x"}`,
		`{"text": "a", "m": 1}` + "\n" + `{"text": "b", "m": [1]}`,
		`{"text": "a", "m": 1}` + "\n" + `{"text": "b", "m": {"k": 1}}`,
	} {
		if _, _, err := importOf(t, "a.jsonl", text, Options{}); err == nil || !strings.Contains(err.Error(),
			"import.drop m") {
			t.Errorf("%s: error %v, want one that names import.drop m", text, err)
		}
		for _, file := range []string{"a.jsonl", "a.json"} {
			columns, _, err := importOf(t, file, text, Options{Drop: []string{"m"}})
			if err != nil || !slices.Equal(columns, []string{"text"}) {
				t.Errorf("%s: columns %q, error %v", text, columns, err)
			}
		}
	}
	_, _, err := importOf(t, "a.jsonl", `{"text": "a"}`, Options{Drop: []string{"txt"}})
	if err == nil || !strings.Contains(err.Error(), "no column txt") {
		t.Errorf("a column that is not there: error %v", err)
	}
}
