package ingest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// skipCases are files with lines that do not parse: the rows that are left, and what is left out, FIRST-LAST: reason.
var skipCases = []struct {
	name   string
	format Format
	o      ReadOptions
	in     string
	want   string
	bad    []string
	err    string
}{
	{"objects", JSONL, ReadOptions{}, "{\"a\": 1}\n[1]\n{\"a\": \n\nnull\n{\"a\": 2} {}\n{\"a\": 3}\n", "1 a=1\n7 a=3",
		[]string{"2-2: line 2: got a list", "3-3: line 3: the text ends", "5-5: line 5: got null", "6-6: line 6: more text"}, ""},
	{"values", JSONL, ReadOptions{}, "{\"a\": [{}]}\n{\"a\": 99999999999999999999}\n{\"a\": 1, \"a\": 2}\n{'a': 1}\n{}", "5",
		[]string{"1-1: line 1: a is a list", "2-2: line 2: a: number", "3-3: line 3: key", "4-4: line 4: invalid character"}, ""},
	{"bytes in JSON", JSONL, ReadOptions{}, "{\"a\": \"\xe9\"}\n{\"a\": \"é\"}\n{\"a\": \"\x00\"}\n{\"a\": \"\ufffd\"}", "2 a=\"é\"\n4 a=\"\ufffd\"",
		[]string{"1-1: line 1: byte 0xe9 is not UTF-8", "3-3: line 3: a zero byte"}, ""},
	{"bytes in text", Text, ReadOptions{}, "a\n\xff\xe9\nb\n\xe2\x82", "1 text=\"a\"\n3 text=\"b\"",
		[]string{"2-2: line 2: byte 0xff", "4-4: line 4: byte 0xe2"}, ""},

	{"cells", CSV, ReadOptions{}, "a,b\n1\n1,2\n\"x\ny\",2,3\n3,4\n", "3 a=\"1\" b=\"2\"\n6 a=\"3\" b=\"4\"",
		[]string{"2-2: line 2: 1 cells, want 2", "4-5: line 4: 3 cells, want 2"}, ""},
	{"lines in the last cell", CSV, ReadOptions{}, "a\n1,\"x\r\n\r\ny\"\r\n2\r\n", "5 a=\"2\"", []string{"2-4: line 2: 2 cells"}, ""},
	{"quotes", CSV, ReadOptions{}, "a,b\nx \"y\",1\n\"z\n\nw\"v,2\n3,4\n", "6 a=\"3\" b=\"4\"",
		[]string{"2-2: line 2: column 3 of the line: bare", "3-5: line 5: column 2 of the line: extraneous"}, ""},
	{"an open quote", CSV, ReadOptions{}, "a,b\n1,2\n\"x,3\n4,5\n6,7\n", "2 a=\"1\" b=\"2\"", []string{"3-5: line 5: column"}, ""},
	{"bytes in cells", CSV, ReadOptions{}, "a,b\n1,\xe9\n\"x\ny\",\"\n\xff\"\n3,é\n", "6 a=\"3\" b=\"é\"",
		[]string{"2-2: line 2: byte 0xe9", "3-5: line 5: byte 0xff"}, ""},
	{"bytes without quotes", TSV, ReadOptions{NoQuotes: true}, "a\tb\n\"1\t2\n\xe9\t2\n3\n", "2 a=\"\\\"1\" b=\"2\"",
		[]string{"3-3: line 3: byte 0xe9", "4-4: line 4: 1 cells"}, ""},
	{"the first row, no header", CSV, ReadOptions{NoHeader: true}, "\xe9\nx\"\n1,2\n3\n", `3 column_1="1" column_2="2"`,
		[]string{"1-1: line 1: byte 0xe9", "2-2: line 2: column 2", "4-4: line 4: 1 cells"}, ""},

	{"a header of wrong bytes", CSV, ReadOptions{}, "a,\x00\n1,2\n", "", nil, "line 1: a zero byte"},
	{"a header of wrong bytes, no quotes", TSV, ReadOptions{NoQuotes: true}, "a\t\x00\n1\t2\n", "", nil, "line 1: a zero byte"},
	{"a header of wrong quotes", CSV, ReadOptions{}, "a,b\"\n1,2\n", "", nil, "line 1: column 4 of the line"},
	{"a header of twins", CSV, ReadOptions{}, "a,a\n1,2\n", "", nil, `line 1: two columns are named "a"`},
	{"UTF-16", CSV, ReadOptions{}, "\xff\xfea\x00\n\x00", "", nil, "the file is UTF-16"},

	{"sentences", CoNLL, ReadOptions{}, "A O\nB\nC O\n\nD O\n\nE\xe9 O\nF O\nG", "5 tokens=[\"D\"] ner_tags=[\"O\"]",
		[]string{"1-3: line 2: 1 columns", "7-9: line 7: byte 0xe9"}, ""},
}

func TestRead_Skip(t *testing.T) {
	for _, c := range skipCases {
		var bad []string
		c.o.Skip = func(b BadLine) error {
			bad = append(bad, fmt.Sprintf("%d-%d: %v", b.First, b.Last, b.Reason))
			return nil
		}
		rows, err := rowsOf(c.in, c.format, c.o)
		if got := strings.Join(rows, "\n"); got != c.want {
			t.Errorf("%s: got rows\n%s\nwant\n%s", c.name, got, c.want)
		}
		if !slices.EqualFunc(bad, c.bad, strings.HasPrefix) {
			t.Errorf("%s: left out\n%s\nwant\n%s", c.name, strings.Join(bad, "\n"), strings.Join(c.bad, "\n"))
		}
		if c.err == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: got error %v, want %q", c.name, err, c.err)
		}
	}
}

// importBad imports files with lines that do not parse, and returns what was said.
func importBad(t *testing.T, o Options, list ...string) (rows []string, said string, err error) {
	t.Helper()
	files(t, list...)
	for _, entry := range list {
		path, _, _ := strings.Cut(entry, ": ")
		o.Inputs = append(o.Inputs, path)
	}
	o.Output = "out"
	o.Say = func(line string) { said += line + "\n" }
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
		"left out: 8 lines that do not parse, of at most 8 (--skip-bad-lines)\n": 1,
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
	const way = "; --skip-bad-lines N leaves out up to N lines that do not parse"
	for name, c := range map[string]struct {
		file string
		skip int
		want string // at the end of the error
	}{
		"cells":       {"a.csv: t\n1,2\n", 0, "with t5train data import --delimiter" + way},
		"quotes":      {"a.csv: t\n\"1\"2\n", 0, "--no-quotes" + way},
		"bytes":       {"a.csv: t\n\xe9\n", 0, "OLD > NEW" + way},
		"JSON":        {"a.jsonl: {\"t\": \n", 0, "is the file whole?" + way},
		"a column":    {"a.jsonl: {\"t\": [[]]}\n", 0, "--drop t" + way},
		"a header":    {"a.csv: a\"\n1\n", 0, "--no-quotes"},
		"a document":  {"a.json: [{\"t\": \"\xe9\"}]\n", 0, "OLD > NEW"},
		"too many":    {"a.csv: t\n1,2\n3\n4,5\n6,7\n", 1, "import: more than 1 lines do not parse, the last of them in a.csv: line 4: 2 cells, want 1: correct them, or leave out more with a larger --skip-bad-lines"},
		"a long row":  {"a.csv: t\n1,\"2\n\n3\"\n4\n", 2, "line 2: 2 cells, want 1: correct them, or leave out more with a larger --skip-bad-lines"},
		"no row":      {"a.jsonl: [\n", 1, "no rows"},
		"no line":     {"a.json: [{}]", 1, "import: a.json is json, of which no line can be left out, but of [csv tsv jsonl text conll]: leave out --skip-bad-lines, or name another format with --format"},
		"below 0":     {"a.csv: t\n1\n", -1, "--skip-bad-lines -1, want 0 or more"},
		"other types": {"a.jsonl: {\"t\": 1}\n{\"t\": \"x\"}\n", 9, "or leave it out with --drop t"},
	} {
		_, _, err := importBad(t, Options{SkipBadLines: c.skip}, c.file)
		if err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%s: got error\n%v\nwant\n%s", name, err, c.want)
		}
	}
}

// A file in which other lines are bad at the second reading has changed.
func TestImport_BadLinesChange(t *testing.T) {
	files(t, "a.csv: t\n1\nx,y\n2\n")
	o := Options{Inputs: []string{"a.csv"}, Output: "out", SkipBadLines: 2}
	o.Say = func(line string) {
		if strings.Contains(line, "column t") { // the first reading is done
			if err := os.WriteFile("a.csv", []byte("t\n1\nx,y\n2,z\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := Import(t.Context(), o); err == nil || !strings.Contains(err.Error(), "has changed while it was read") {
		t.Errorf("got error %v", err)
	}
}
