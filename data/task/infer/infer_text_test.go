package infer

import (
	"strings"
	"testing"

	"t5train/data/table"
)

func TestText(t *testing.T) {
	text := func(name string) table.Column {
		return table.Column{Name: name, Type: table.TypeString}
	}
	number := table.Column{Name: "n", Type: table.TypeInt}
	for _, c := range []struct {
		name     string
		columns  []table.Column
		asked    string
		want     string
		wantSaid string // a part of what is said, or of the error when want is empty
	}{
		{"the only one", []table.Column{number, text("body")}, "", "body", "(the only string column)"},
		{"beside identifiers", []table.Column{text("doc_id"), text("body"), text("url")}, "", "body",
			"(the only string column besides identifiers: doc_id, url)"},
		{"called text", []table.Column{text("title"), text("text")}, "", "text", "a usual name"},
		{"asked for", []table.Column{text("title"), text("text")}, "title", "title", "data.text_column"},
		{"an identifier asked for", []table.Column{text("url"), text("text")}, "url", "url", "data.text_column"},
		{"several", []table.Column{text("title"), text("body")}, "", "",
			"may be in any of title (string), body (string)"},
		{"none", []table.Column{number}, "", "", "no string column"},
		{"a missing one asked for", []table.Column{text("text")}, "body", "",
			"data.text_column body: there is no such string column: the columns are text (string)"},
		{"a number asked for", []table.Column{number, text("text")}, "n", "", "no such string column"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, note, err := Text(c.columns, c.asked)
			said := lines([]Note{note})
			if err != nil {
				said = err.Error()
			}
			if got != c.want || !strings.Contains(said, c.wantSaid) {
				t.Errorf("got %q, %q, want %q and %q", got, said, c.want, c.wantSaid)
			}
		})
	}
}
