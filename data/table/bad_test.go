package table

import (
	"fmt"
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
		[]string{"2-2: line 2: got a list", "3-3: line 3: the text ends", "5-5: line 5: got null",
			"6-6: line 6: more text"}, ""},
	{"values", JSONL, ReadOptions{}, "{\"a\": [{}]}\n{\"a\": 99999999999999999999}\n{\"a\": 1, \"a\": 2}\n{'a': " +
		"1}\n{}", "5",
		[]string{"1-1: line 1: a is a list", "2-2: line 2: a: number", "3-3: line 3: key",
			"4-4: line 4: invalid character"}, ""},
	{"bytes in JSON", JSONL, ReadOptions{}, "{\"a\": \"\xe9\"}\n{\"a\": \"é\"}\n{\"a\": \"\x00\"}\n{\"a\": " +
		"\"\ufffd\"}", "2 a=\"é\"\n4 a=\"\ufffd\"",
		[]string{"1-1: line 1: byte 0xe9 is not UTF-8", "3-3: line 3: a zero byte"}, ""},
	{"bytes in text", Text, ReadOptions{}, "a\n\xff\xe9\nb\n\xe2\x82", "1 text=\"a\"\n3 text=\"b\"",
		[]string{"2-2: line 2: byte 0xff", "4-4: line 4: byte 0xe2"}, ""},

	{"cells", CSV, ReadOptions{}, "a,b\n1\n1,2\n\"x\ny\",2,3\n3,4\n", "3 a=\"1\" b=\"2\"\n6 a=\"3\" b=\"4\"",
		[]string{"2-2: line 2: 1 cells, want 2", "4-5: line 4: 3 cells, want 2"}, ""},
	{"lines in the last cell", CSV, ReadOptions{}, "a\n1,\"x\r\n\r\ny\"\r\n2\r\n", "5 a=\"2\"",
		[]string{"2-4: line 2: 2 cells"}, ""},
	{"quotes", CSV, ReadOptions{}, "a,b\nx \"y\",1\n\"z\n\nw\"v,2\n3,4\n", "6 a=\"3\" b=\"4\"",
		[]string{"2-2: line 2: column 3 of the line: bare", "3-5: line 5: column 2 of the line: extraneous"}, ""},
	{"an open quote", CSV, ReadOptions{}, "a,b\n1,2\n\"x,3\n4,5\n6,7\n", "2 a=\"1\" b=\"2\"",
		[]string{"3-5: line 5: column"}, ""},
	{"bytes in cells", CSV, ReadOptions{}, "a,b\n1,\xe9\n\"x\ny\",\"\n\xff\"\n3,é\n", "6 a=\"3\" b=\"é\"",
		[]string{"2-2: line 2: byte 0xe9", "3-5: line 5: byte 0xff"}, ""},
	{"bytes without quotes", TSV, ReadOptions{NoQuotes: true}, "a\tb\n\"1\t2\n\xe9\t2\n3\n", "2 a=\"\\\"1\" b=\"2\"",
		[]string{"3-3: line 3: byte 0xe9", "4-4: line 4: 1 cells"}, ""},
	{"the first row, no header", CSV, ReadOptions{NoHeader: true}, "\xe9\nx\"\n1,2\n3\n", `3 column_1="1" column_2="2"`,
		[]string{"1-1: line 1: byte 0xe9", "2-2: line 2: column 2", "4-4: line 4: 1 cells"}, ""},

	{"a header of wrong bytes", CSV, ReadOptions{}, "a,\x00\n1,2\n", "", nil, "line 1: a zero byte"},
	{"a header of wrong bytes, no quotes", TSV, ReadOptions{NoQuotes: true}, "a\t\x00\n1\t2\n", "", nil,
		"line 1: a zero byte"},
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
