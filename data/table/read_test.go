package table

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// rowsOf reads text as a file of a format and shows its rows: line, then column=value.
func rowsOf(in string, format Format, o ReadOptions) ([]string, error) {
	var rows []string
	text := newText(strings.NewReader(in))
	text.skip = o.Skip
	err := Input{Format: format}.read(text, o, func(r Row) error {
		shown := fmt.Sprint(r.Line)
		for _, f := range r.Fields {
			shown += fmt.Sprintf(" %s=%v", strings.Join(f.Path, "."), f.Cell)
		}
		rows = append(rows, shown)
		return nil
	})
	return rows, err
}

func TestReadFileStops(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.txt")
	if err := os.WriteFile(path, []byte("one row"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := ReadFile(ctx, Input{Path: path, Format: Documents}, ReadOptions{}, func(Row) error {
		t.Error("a row is read")
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want %v", err, context.Canceled)
	}
}

type readCase struct {
	name   string
	format Format
	o      ReadOptions
	in     string
	want   string // rows, a line each
	err    string
}

func readCases() []readCase {
	const squad = `{"version": "v2.0", "data": [
  {"title": "T", "paragraphs": [{"context": "The cat.", "qas": [
    {"id": "1", "question": "who?", "answers": [{"text": "cat", "answer_start": 4}]},
    {"id": 2, "question": "why?", "answers": [], "is_impossible": true, "plausible_answers": [{"text": "x"}]}]}]},
  {"title": "U", "paragraphs": [{"context": "C", "qas": [{"id": "3", "question": "q"}]}]}
]}`
	return []readCase{
		{"csv", CSV, ReadOptions{}, "a,b\n1,\"x, \"\"y\"\"\nz\"\n\n2,\n",
			"2 a=\"1\" b=\"x, \\\"y\\\"\\nz\"\n5 a=\"2\" b=\"\"", ""},
		{"csv with CRLF and mark", CSV, ReadOptions{}, "\ufeffa,b\r\n1,2\r\n", `2 a="1" b="2"`, ""},
		{"csv with blanks in the header", CSV, ReadOptions{}, "a , b\n 1,2", `2 a=" 1" b="2"`, ""},
		{"csv without rows", CSV, ReadOptions{}, "a,b\n", "", ""},
		{"csv of another delimiter", CSV, ReadOptions{Delimiter: ';'}, "a;b\n1,5;2\n", `2 a="1,5" b="2"`, ""},
		{"csv without a header", CSV, ReadOptions{NoHeader: true}, "x,y\n", `1 column_1="x" column_2="y"`, ""},
		{"csv with ends of lines in quotes", CSV, ReadOptions{}, "a\r\n\"x\r\ny\"\r\n", `2 a="x\ny"`, ""},
		{"csv with names", CSV, ReadOptions{NoHeader: true, Columns: []string{"a", "b"}}, "x,y\n", `1 a="x" b="y"`, ""},
		{"csv with too few names", CSV, ReadOptions{NoHeader: true, Columns: []string{"a"}}, "x,y\n", "",
			"line 1: 2 cells, want 1"},
		{"csv with a ragged row", CSV, ReadOptions{}, "a,b\n1,2\n1,2,3\n", `2 a="1" b="2"`,
			"line 3: 3 cells, want 2: put cells that hold ','"},
		{"csv with a bare quote", CSV, ReadOptions{}, "a\nx \"y\" z\n", "",
			`line 2: column 3 of the line: bare " in non-quoted-field (the row begins on line 2): double quotes inside of quotes, or read quotes as they are with import.no_quotes`},
		{"csv with an open quote", CSV, ReadOptions{}, "a\n\"y\nz\n", "", "(the row begins on line 2)"},
		{"csv with a column twice", CSV, ReadOptions{}, "a,a\n", "", `line 1: two columns are named "a"`},
		{"csv with a column of no name", CSV, ReadOptions{}, "a,\n", "", "line 1: column 2 has no name"},
		{"csv with a header that is Latin-1", CSV, ReadOptions{}, "caf\xe9,\"\xe9t\xc3\"\r\n1,2\r\n",
			`2 caf\xe9="1" \xe9t\xc3="2"`, ""},
		{"csv with nothing but such a header", CSV, ReadOptions{}, "caf\xe9", "", ""},
		{"csv with a first row that is Latin-1", CSV, ReadOptions{NoHeader: true}, "caf\xe9,1\n", "",
			"line 1: byte 0xe9"},
		{"csv with a header that is UTF-16", CSV, ReadOptions{}, "\xff\xfea\x00,\x00", "", "the file is UTF-16"},
		{"csv with a mark and such a header", CSV, ReadOptions{}, "\ufeffa\xe9\n1", `2 a\xe9="1"`, ""},
		{"csv with such a header without end", CSV, ReadOptions{}, "\xe9" + strings.Repeat("a", 1<<16), "",
			"line 1: byte 0xe9"},
		{"tsv with such a header", TSV, ReadOptions{NoQuotes: true}, "a\xe9\tb\n1\t2", `2 a\xe9="1" b="2"`, ""},
		{"csv that is Latin-1", CSV, ReadOptions{}, "a\nx\ncaf\xe9\n", `2 a="x"`, "line 3: byte 0xe9"},
		{"tsv", TSV, ReadOptions{}, "a\tb\nx, y\t\"q\"\"\t\"\n", `2 a="x, y" b="q\"\t"`, ""},
		{"tsv without quotes", TSV, ReadOptions{NoQuotes: true}, "a\tb\r\n\"x\ty\"\r\n\r\n", `2 a="\"x" b="y\""`, ""},

		{"jsonl", JSONL, ReadOptions{}, "{\"a\": 1, \"b\": [\"x\", null]}\n\n{\"c\": {\"d\": 1.5, \"e\": true}, " +
			"\"f\": null}", "1 a=1 b=[\"x\", null]\n3 c.d=1.5 c.e=true f=null", ""},
		{"jsonl with escapes", JSONL, ReadOptions{}, `{"a": "\u00e9\n"}`, `1 a="é\n"`, ""},
		{"jsonl with large numbers", JSONL, ReadOptions{}, `{"a": 9223372036854775807, "b": 1e3}`,
			`1 a=9223372036854775807 b=1000`, ""},
		{"jsonl with a number too large", JSONL, ReadOptions{}, `{"a": 9223372036854775808}`, "",
			"line 1: a: number 9223372036854775808 does not fit 64 bits: put it in quotes"},
		{"jsonl that is cut", JSONL, ReadOptions{}, "{\"a\": 1}\n{\"a\": ", "1 a=1",
			"line 2: the text ends inside of a value"},
		{"jsonl with a list", JSONL, ReadOptions{}, "[1]", "", "line 1: got a list, want an object"},
		{"jsonl with two objects a line", JSONL, ReadOptions{}, "{} {}", "", "line 1: more text behind the object"},
		{"jsonl with objects in lists", JSONL, ReadOptions{}, `{"m": {"chat": [{"role": "x"}]}}`, "",
			"line 1: m.chat is a list of an object"},
		{"jsonl with a key twice", JSONL, ReadOptions{}, `{"a": 1, "a": 2}`, "",
			`line 1: key "a" is empty or there twice`},
		{"jsonl with a struct twice", JSONL, ReadOptions{}, `{"s": {"a": 1}, "s": {"b": 2}}`, "",
			`line 1: key "s" is empty or there twice`},
		{"jsonl that goes deep", JSONL, ReadOptions{}, strings.Repeat(`{"a":`, 20), "",
			"line 1: objects are more than 16 deep"},
		{"jsonl with single quotes", JSONL, ReadOptions{}, "{}\n{'a': 1}", "1",
			"line 2: invalid character '\\'': want JSON, with texts and keys in double quotes: correct it, or name " +
				"another format"},

		{"json array", JSON, ReadOptions{}, "[\n{\"a\": 1},\n{\"a\":\n2}]\n", "2 a=1\n3 a=2", ""},
		{"json objects", JSON, ReadOptions{}, "{\"a\": 1}\n{\"a\": 2}", "1 a=1\n2 a=2", ""},
		{"json that is empty", JSON, ReadOptions{}, "[]", "", ""},
		{"json of numbers", JSON, ReadOptions{}, "[1]", "", "line 1: got the number 1, want an object"},
		{"json that is cut", JSON, ReadOptions{}, "[\n{\"a\": 1},", "2 a=1", "line 2: the text ends inside of a value"},
		{"json with a mistake", JSON, ReadOptions{}, "[\n{\"a\": 1},\n{\"a\": x}]", "2 a=1",
			"line 3: invalid character 'x'"},
		{"json that is Latin-1", JSON, ReadOptions{}, "[\n{\"a\": \"\xe9\"}]", "", "line 2: byte 0xe9"},

		{"text", Text, ReadOptions{}, "one\r\n\n  \n two", "1 text=\"one\"\n4 text=\" two\"", ""},
		{"document", Documents, ReadOptions{}, "one\n\ntwo\n", `1 text="one\n\ntwo\n"`, ""},

		{"conll", CoNLL, ReadOptions{}, "-DOCSTART- -X- O\n\nEU NNP B-ORG\nrejects VBZ O\n\n\n# a comment\nPeter NNP " +
			"B-PER", "3 tokens=[\"EU\", \"rejects\"] ner_tags=[\"B-ORG\", \"O\"]\n8 tokens=[\"Peter\"] " +
			"ner_tags=[\"B-PER\"]", ""},
		{"conll with tabs", CoNLL, ReadOptions{}, "New York\tB-LOC\n#\tO\n \t \n",
			`1 tokens=["New York", "#"] ner_tags=["B-LOC", "O"]`, ""},
		{"conll with a token that is no comment", CoNLL, ReadOptions{}, "# O\n# # O\n",
			`1 tokens=["#", "#"] ner_tags=["O", "O"]`, ""},
		{"conll of other columns", CoNLL, ReadOptions{TokenColumn: 2, TagColumn: 3}, "1 EU B-ORG x\n",
			`1 tokens=["EU"] ner_tags=["B-ORG"]`, ""},
		{"conll without a tag", CoNLL, ReadOptions{}, "EU B-ORG\nrejects\n", "",
			"line 2: 1 columns, want a token in column 1 and a tag in column 2"},
		{"conll without a token", CoNLL, ReadOptions{}, "\tO\n", "", "line 1: column 1, the token, is empty"},

		{"squad", SQuAD, ReadOptions{}, squad, strings.Join([]string{
			`2 id="1" title="T" context="The cat." question="who?" answers.text=["cat"] answers.answer_start=[4]`,
			`2 id="2" title="T" context="The cat." question="why?" answers.text=[] answers.answer_start=[]`,
			`5 id="3" title="U" context="C" question="q" answers.text=[] answers.answer_start=[]`}, "\n"), ""},
		{"squad without data", SQuAD, ReadOptions{}, `{"version": "1"}`, "", `line 1: there is no key "data"`},
		{"squad that is an array", SQuAD, ReadOptions{}, "[]", "", `line 1: got a list, want SQuAD's {"data": [...]}`},
		{"squad without a context", SQuAD, ReadOptions{}, "{\"data\": [\n{\"title\": \"T\", \"paragraphs\": " +
			"[{\"qas\": []}]}]}", "", `line 2: a paragraph of article "T" has no context`},
		{"squad without a question", SQuAD, ReadOptions{},
			`{"data": [{"paragraphs": [{"context": "", "qas": [{"id": "7"}]}]}]}`, "",
			`line 1: question 7 of article "" has no text`},
		{"squad of a wrong type", SQuAD, ReadOptions{}, "{\"data\": [\n{\"title\": 5}]}", "",
			"line 2: title is a JSON number, want string"},
		{"squad that is cut", SQuAD, ReadOptions{}, "{\"data\": [\n{\"title\": \"x", "",
			"line 2: the text ends inside of a value"},
	}
}

func TestRead(t *testing.T) {
	for _, c := range readCases() {
		t.Run(c.name, func(t *testing.T) {
			rows, err := rowsOf(c.in, c.format, c.o)
			if got := strings.Join(rows, "\n"); got != c.want {
				t.Errorf("got rows\n%s\nwant\n%s", got, c.want)
			}
			if c.err == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got error %v, want %q", err, c.err)
			}
		})
	}
}
