package importer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/data/parquetio"
	"t5train/data/table"
	"t5train/internal/testdir"
)

// table returns a table of n rows with the columns id, text and label.
func tableOf(n int) string {
	var b strings.Builder
	b.WriteString("id,text,label\n")
	for i := range n {
		fmt.Fprintf(&b, "%d,text %d,%s\n", i, i%(n/2), []string{"rare", "usual"}[min(1, i%10)])
	}
	return b.String()
}

// read returns the rows of parquet files as text.
func read(t *testing.T, patterns ...string) []string {
	t.Helper()
	set, err := parquetio.Open(patterns...)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range set.Columns() {
		names = append(names, c.Name)
	}
	var rows []string
	if err := set.Scan(context.Background(), names, func(_ int64, cells []table.Cell) error {
		rows = append(rows, fmt.Sprint(cells))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestImport(t *testing.T) {
	halves := []Share{{"train", 0.9}, {"validation", 0.1}}
	for _, c := range []struct {
		name  string
		files []string
		o     Options
		want  []string // sizes of splits
		rows  string   // of all files, "" is not looked at
	}{
		{"a table", []string{"a.csv: text,label\nx,b\ny,\n"},
			Options{Inputs: []string{"a.csv"}, Labels: []string{"label"}},
			[]string{"train 2"}, `["x" 0] ["y" null]`},
		{"types", []string{"a.csv: a,b,c\n1,2.5,true\n,,\n"},
			Options{Inputs: []string{"a.csv"}, Types: map[string]Type{"a": Int64, "b": Float64, "c": Bool}},
			[]string{"train 2"}, `[1 2.5 true] [null null null]`},
		{"two files", []string{"a.csv: a,b\n1,2\n", "b.csv: b,a\n3,4\n"}, Options{Inputs: []string{"*.csv"}},
			[]string{"train 2"}, `["1" "2"] ["4" "3"]`},
		{"an object that is null", []string{"a.jsonl: {\"a\": null}\n{\"a\": {\"b\": 1}}\n{\"a\": null}"},
			Options{Inputs: []string{"a.jsonl"}}, []string{"train 3"}, `[null] [1] [null]`},
		{"named splits", []string{"a.csv: a\n1\n", "b.csv: a\n2\n3\n"},
			Options{Inputs: []string{"train=a.csv", "test=b.csv"}}, []string{"train 1", "test 2"}, `["1"] ["2"] ["3"]`},
		{"class folders", []string{"d/pos/1: good", "d/neg/1: bad"}, Options{Inputs: []string{"d"}},
			[]string{"train 2"},
			`["bad" 0] ["good" 1]`},
		{"questions", []string{`q.json: {"data": [{"title": "T", "paragraphs": [{"context": "c", "qas": [{"id": "1", "question": "q", "answers": [{"text": "a", "answer_start": 0}]}]}]}]}`},
			Options{Inputs: []string{"q.json"}}, []string{"train 1"}, `["1" "T" "c" "q" ["a"] [0]]`},
		{"tags", []string{"t.conll: EU B-ORG\nx O\n"}, Options{Inputs: []string{"t.conll"}}, []string{"train 1"},
			`[["EU", "x"] [1, 0]]`},
		{"ratios", []string{"a.csv: " + tableOf(1000)}, Options{Inputs: []string{"a.csv"}, Shares: halves},
			[]string{"train 900", "validation 100"}, ""},
		{"strata", []string{"a.csv: " + tableOf(1000)}, Options{Inputs: []string{"a.csv"}, Shares: halves,
			Labels: []string{"label"}, Stratify: "label"}, []string{"train 900", "validation 100"}, ""},
		{"groups", []string{"a.csv: " + tableOf(1000)}, Options{Inputs: []string{"a.csv"}, Shares: halves,
			Group: "text"}, []string{"train 900", "validation 100"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			testdir.Files(t, c.files...)
			c.o.Output, c.o.Seed = "out", 1
			result, err := Import(context.Background(), c.o)
			if err != nil {
				t.Fatal(err)
			}
			var sizes []string
			for _, s := range result.Splits {
				sizes = append(sizes, fmt.Sprint(s.Name, " ", s.Rows))
			}
			if !slices.Equal(sizes, c.want) {
				t.Errorf("splits %v, want %v", sizes, c.want)
			}
			var rows []string
			for _, file := range result.Files {
				rows = append(rows, read(t, file)...)
			}
			if got := strings.Join(rows, " "); c.rows != "" && got != c.rows {
				t.Errorf("rows %s, want %s", got, c.rows)
			}
			c.o.Output = "again"
			if _, err := Import(context.Background(), c.o); err != nil {
				t.Fatal(err)
			}
			for _, file := range result.Files {
				first, _ := os.ReadFile(file)
				if again, err := os.ReadFile(filepath.Join("again", filepath.Base(file))); err != nil ||
					!bytes.Equal(first, again) {
					t.Errorf("%s differs the second time (%v)", file, err)
				}
			}
		})
	}
}

// What is said of names that are no UTF-8 is said once, though files are read twice.
func TestImportOfNamesThatAreNoUTF8(t *testing.T) {
	testdir.Files(t, "a.csv: caf\xe9,b\nx,1\n", "b.csv: b,caf\xe9\n2,y\n")
	var said []string
	_, err := Import(context.Background(), Options{
		Inputs: []string{"a.csv", "b.csv"}, Output: "out", Labels: []string{`caf\xe9`},
		Sink: testdir.Sink{Said: func(line string) { said = append(said, line) }},
	})
	if err != nil {
		t.Fatal(err)
	}
	const note = "  note: bytes of column names that are not UTF-8 are shown as \\xHH: name these columns so, in " +
		"single quotes, or rename them: " + `'caf\xe9'`
	if got := strings.Join(said, "\n"); strings.Count(got, note+"\n") != 1 || strings.Count(got, "note:") != 1 {
		t.Errorf("said %s, want %q once", got, note)
	}
	if got := read(t, "out"); !slices.Equal(got, []string{`[0 "1"]`, `[1 "2"]`}) {
		t.Errorf("rows %q", got)
	}
}

// TestImportSplits looks at which rows go where.
func TestImportSplits(t *testing.T) {
	testdir.Files(t, "a.csv: "+tableOf(1000))
	shares := []Share{{"train", 0.9}, {"validation", 0.1}}
	split := func(o Options) (train, held []string) {
		o.Inputs, o.Shares, o.Output, o.Overwrite, o.Labels = []string{"a.csv"}, shares, "out", true, []string{"label"}
		if _, err := Import(context.Background(), o); err != nil {
			t.Fatal(err)
		}
		return read(t, "out/train-*.parquet"), read(t, "out/validation-*.parquet")
	}
	train, held := split(Options{Seed: 1})
	all := append(slices.Clone(train), held...)
	slices.Sort(all)
	if len(slices.Compact(all)) != 1000 {
		t.Errorf("%d different rows, want all 1000 once", len(all))
	}
	if _, other := split(Options{Seed: 2}); slices.Equal(held, other) {
		t.Error("another seed holds out the same rows")
	}
	_, held = split(Options{Seed: 1, Stratify: "label"})
	rare := 0
	for _, row := range held {
		if strings.HasSuffix(row, " 0]") {
			rare++
		}
	}
	if rare != 10 {
		t.Errorf("%d of 100 rows held out are of the rare class, want 10", rare)
	}
	train, held = split(Options{Seed: 1, Group: "text"})
	text := func(row string) string { return strings.Join(strings.Split(row, `"`)[3:4], "") }
	in := map[string]bool{}
	for _, row := range train {
		in[text(row)] = true
	}
	for _, row := range held {
		if in[text(row)] {
			t.Fatalf("%s is in both splits", row)
		}
	}
}

func TestImportRefuses(t *testing.T) {
	testdir.Files(t, "a.csv: a,b\n1,2\n", "bad.csv: a,b\n1,2\n3\n", "empty.csv: a\n", "l.jsonl: {\"a\": [1]}",
		"there/train-00000-of-00001.parquet")
	halves := []Share{{"train", 0.5}, {"validation", 0.5}}
	for _, c := range []struct {
		name string
		o    Options
		want string
	}{
		{"no input", Options{}, "no input"},
		{"a mistake in a file", Options{Inputs: []string{"bad.csv"}}, "read bad.csv: line 3: 1 cells, want 2"},
		{"no rows", Options{Inputs: []string{"empty.csv"}}, "empty.csv: no rows"},
		{"a split without rows", Options{Inputs: []string{"a.csv"}, Shares: halves},
			"split validation has none of the 1 rows"},
		{"files that are there", Options{Inputs: []string{"a.csv"}, Output: "there"},
			"train-00000-of-00001.parquet is there already"},
		{"splits in one file", Options{Inputs: []string{"a.csv"}, Output: "x.parquet", Shares: halves},
			"want a folder for 2 splits"},
		{"named splits in one file", Options{Inputs: []string{"a=a.csv", "b=a.csv"}, Output: "x.parquet"},
			"want a folder for the splits a, b"},
		{"named and not", Options{Inputs: []string{"a=a.csv", "a.csv"}},
			"some inputs name their split and others do not"},
		{"named and divided", Options{Inputs: []string{"a=a.csv"}, Shares: halves},
			"import.split has nothing to divide"},
		{"names and a header", Options{Inputs: []string{"a.csv"}, Read: table.ReadOptions{Columns: []string{"x"}}},
			"add import.no_header"},
		{"a label with a type", Options{Inputs: []string{"a.csv"}, Labels: []string{"a"},
			Types: map[string]Type{"a": Int64}},
			"column a has a type and is a label"},
		{"groups and strata", Options{Inputs: []string{"a.csv"}, Group: "a", Stratify: "b", Shares: halves},
			"want one of the two"},
		{"groups without splits", Options{Inputs: []string{"a.csv"}, Group: "a"}, "but not split"},
		{"groups of nothing", Options{Inputs: []string{"a.csv"}, Group: "c", Shares: halves},
			"there is no column c to split by"},
		{"groups of lists", Options{Inputs: []string{"l.jsonl"}, Group: "a", Shares: halves},
			"l.jsonl, line 1: column a is a list"},
		{"strata of no label", Options{Inputs: []string{"a.csv"}, Stratify: "a", Shares: halves}, "add import.label a"},
		{"no such label", Options{Inputs: []string{"a.csv"}, Labels: []string{"c"}},
			"there is no column c: the columns are a, b"},
		{"a delimiter that quotes", Options{Inputs: []string{"a.csv"}, Read: table.ReadOptions{Delimiter: '"'}},
			"no quote"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.o.Output == "" {
				c.o.Output = "out"
			}
			if _, err := Import(context.Background(), c.o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
			if found, _ := filepath.Glob("out*"); found != nil {
				t.Errorf("left %v", found)
			}
		})
	}
}

// TestImportStops ends with its context, and leaves nothing.
func TestImportStops(t *testing.T) {
	testdir.Files(t, "a.csv: "+tableOf(10_000))
	ctx, cancel := context.WithCancel(context.Background())
	o := Options{Inputs: []string{"a.csv"}, Output: "out", Sink: testdir.Sink{Did: func(work string) {
		if work == "write" {
			cancel()
		}
	}}}
	if _, err := Import(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v", err)
	}
	if _, err := os.Stat("out"); err == nil {
		t.Error("left the folder")
	}
}

// TestImportOfAChangedFile reads another file the second time.
func TestImportOfAChangedFile(t *testing.T) {
	for name, second := range map[string]string{
		"more rows": "text,label\nx,a\ny,b\nz,a\n", "another label": "text,label\nx,c\ny,b\n",
		"another column": "text,l\nx,a\ny,b\n",
	} {
		t.Run(name, func(t *testing.T) {
			testdir.Files(t, "a.csv: text,label\nx,a\ny,b\n")
			o := Options{Inputs: []string{"a.csv"}, Output: "out", Labels: []string{"label"},
				Shares: []Share{{"train", 0.5}, {"test", 0.5}}}
			o.Sink = testdir.Sink{Said: func(line string) {
				if strings.Contains(line, "column label") { // said between the two readings
					if err := os.WriteFile("a.csv", []byte(second), 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}}
			if _, err := Import(context.Background(), o); !errors.Is(err, errChanged) {
				t.Errorf("got error %v, want %v", err, errChanged)
			}
		})
	}
}
