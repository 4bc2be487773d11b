package importer

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/internal/testdir"
)

// importBad imports files with lines that do not parse, and returns what was said.
func importBad(t *testing.T, o Options, list ...string) (rows []string, said string, err error) {
	t.Helper()
	testdir.Files(t, list...)
	for _, entry := range list {
		path, _, _ := strings.Cut(entry, ": ")
		o.Inputs = append(o.Inputs, path)
	}
	o.Output = "out"
	o.Sink = testdir.Sink{Said: func(line string) { said += line + "\n" }}
	result, err := Import(t.Context(), o)
	if err != nil {
		if left, _ := filepath.Glob("out/*.parquet"); left != nil {
			t.Errorf("an import that failed leaves %s", left)
		}
		return nil, said, err
	}
	return read(t, result.Files...), said, nil
}

// Each line is left out of both readings and listed once; the rest is divided as if it had not been there.
func TestImport_SkipBadLines(t *testing.T) {
	bad := strings.Repeat("x\n", 6)
	rows, said, err := importBad(t, Options{SkipBadLines: 8, Shares: []Share{{"a", 0.5}, {"b", 0.5}}},
		"a.csv: t,u\n1,2\n"+bad+"3,4\n", "b.csv: t,u\n\"x\ny\"\n5,6\n7,8\n")
	if slices.Sort(rows); err != nil || strings.Join(rows, "") != `["1" "2"]["3" "4"]["5" "6"]["7" "8"]` {
		t.Fatalf("got %q, %v", rows, err)
	}
	for text, times := range map[string]int{
		"  left out: a.csv: line 3: 1 cells, want 2\n": 1,
		"left out: a.csv": mostListed,
		"b.csv: line 2":   0,
		"put cells":       0,
		"left out: 8 lines that do not parse, of at most 8 (import.skip_bad_lines)\n": 1,
	} {
		if got := strings.Count(said, text); got != times {
			t.Errorf("said %q %d times, want %d, in\n%s", text, got, times, said)
		}
	}
	rows, said, err = importBad(t, Options{SkipBadLines: 1}, "a.jsonl: {\"t\": 1}\n")
	if err != nil || len(rows) != 1 || strings.Contains(said, "left out") {
		t.Errorf("a sound file: got %q, %v, said\n%s", rows, err, said)
	}
}

func TestImport_BadLines(t *testing.T) {
	const way = "; import.skip_bad_lines N leaves out up to N lines that do not parse"
	for name, c := range map[string]struct {
		file string
		skip int
		want string // at the end of the error
	}{
		"cells":      {"a.csv: t\n1,2\n", 0, "with import.delimiter" + way},
		"quotes":     {"a.csv: t\n\"1\"2\n", 0, "import.no_quotes" + way},
		"bytes":      {"a.csv: t\n\xe9\n", 0, "OLD > NEW" + way},
		"JSON":       {"a.jsonl: {\"t\": \n", 0, "is the file whole?" + way},
		"a column":   {"a.jsonl: {\"t\": [[]]}\n", 0, "import.drop t" + way},
		"a header":   {"a.csv: a\"\n1\n", 0, "import.no_quotes"},
		"a document": {"a.json: [{\"t\": \"\xe9\"}]\n", 0, "OLD > NEW"},
		"too many": {"a.csv: t\n1,2\n3\n4,5\n6,7\n", 1, "import: more than 1 lines do not parse, the last of them " +
			"in a.csv: line 4: 2 cells, want 1: correct them, or leave out more with a larger import.skip_bad_lines"},
		"a long row": {"a.csv: t\n1,\"2\n\n3\"\n4\n", 2, "line 2: 2 cells, want 1: correct them, or leave out more " +
			"with a larger import.skip_bad_lines"},
		"no row": {"a.jsonl: [\n", 1, "no rows"},
		"no line": {"a.json: [{}]", 1, "import: a.json is json, of which no line can be left out, but of [csv " +
			"tsv jsonl text conll]: leave out import.skip_bad_lines, or name another format with import.format"},
		"below 0":     {"a.csv: t\n1\n", -1, "import.skip_bad_lines -1, want 0 or more"},
		"other types": {"a.jsonl: {\"t\": 1}\n{\"t\": \"x\"}\n", 9, "or leave it out with import.drop t"},
	} {
		_, _, err := importBad(t, Options{SkipBadLines: c.skip}, c.file)
		if err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%s: got error\n%v\nwant\n%s", name, err, c.want)
		}
	}
}

// A file in which other lines are bad at the second reading has changed.
func TestImport_BadLinesChange(t *testing.T) {
	testdir.Files(t, "a.csv: t\n1\nx,y\n2\n")
	o := Options{Inputs: []string{"a.csv"}, Output: "out", SkipBadLines: 2}
	o.Sink = testdir.Sink{Said: func(line string) {
		if strings.Contains(line, "column t") { // the first reading is done
			if err := os.WriteFile("a.csv", []byte("t\n1\nx,y\n2,z\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}}
	if _, err := Import(t.Context(), o); err == nil || !strings.Contains(err.Error(), "has changed while it was read") {
		t.Errorf("got error %v", err)
	}
}
