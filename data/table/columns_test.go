package table

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestReadColumns(t *testing.T) {
	for _, c := range []struct {
		format  Format
		text    string
		columns string
		want    string // rows, or the column that is missing and those that are there
	}{
		{CSV, "a,b\n1,2\n\n3,4\n", "b a b", `2["2" "1" "2"] 4["4" "3" "4"] `},
		{CSV, "a,b\n", "c", "c of a b"}, // before any row
		{JSONL, `{"a": {"x": 1}, "b": 2}` + "\n" + `{"b": null}` + "\n{}\n", "b a.x", "1[2 1] 2[null null] "},
		{JSONL, `{"a": {"x": 1}, "b": 2}` + "\n", "a b", "a of a.x b"},
		{JSONL, "", "a", ""},
		{Text, "one\ntwo\n", "text", `1["one"] 2["two"] `},
	} {
		got := ""
		in := Input{Path: "x", Format: c.format}
		err := ReadColumns(t.Context(), strings.NewReader(c.text), in, ReadOptions{}, strings.Fields(c.columns),
			func(line int, cells []Cell) error {
				got += fmt.Sprintf("%d%v ", line, slices.Clone(cells))
				return nil
			})
		if missing := (*MissingColumnError)(nil); errors.As(err, &missing) {
			got, err = missing.Column+" of "+strings.Join(missing.Columns, " "), nil
		}
		if got != c.want || err != nil {
			t.Errorf("%s %q: got %q, %v, want %q", c.columns, c.text, got, err, c.want)
		}
	}
}

// What the caller's functions return comes back as it is.
func TestReadReturnsTheErrorsOfTheCaller(t *testing.T) {
	own := errors.New("own")
	in := Input{Path: "x", Format: CSV}
	for name, o := range map[string]ReadOptions{
		"row": {}, "header": {Header: func([]string) error { return own }},
		"skip": {Skip: func(BadLine) error { return own }},
	} {
		err := Read(t.Context(), strings.NewReader("a\n1,2\n"), in, o, func(Row) error { return own })
		if name == "row" {
			err = Read(t.Context(), strings.NewReader("a\n1\n"), in, o, func(Row) error { return own })
		}
		if err != own {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
