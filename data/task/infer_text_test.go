package task

import (
	"strings"
	"testing"

	"t5train/data/parquetio"
)

func TestInferText(t *testing.T) {
	text := func(name string) parquetio.Column {
		return parquetio.Column{Name: name, Type: parquetio.TypeString}
	}
	number := parquetio.Column{Name: "n", Type: parquetio.TypeInt}
	for _, c := range []struct {
		name     string
		columns  []parquetio.Column
		asked    string
		want     string
		wantSaid string // a part of what is said, or of the error when want is empty
	}{
		{"the only one", []parquetio.Column{number, text("body")}, "", "body", "(the only string column)"},
		{"beside identifiers", []parquetio.Column{text("doc_id"), text("body"), text("url")}, "", "body", "(the only string column besides identifiers: doc_id, url)"},
		{"called text", []parquetio.Column{text("title"), text("text")}, "", "text", "a usual name"},
		{"asked for", []parquetio.Column{text("title"), text("text")}, "title", "title", "--text-column"},
		{"an identifier asked for", []parquetio.Column{text("url"), text("text")}, "url", "url", "--text-column"},
		{"several", []parquetio.Column{text("title"), text("body")}, "", "", "may be in any of title (string), body (string)"},
		{"none", []parquetio.Column{number}, "", "", "no string column"},
		{"a missing one asked for", []parquetio.Column{text("text")}, "body", "", "--text-column body: there is no such string column: the columns are text (string)"},
		{"a number asked for", []parquetio.Column{number, text("text")}, "n", "", "no such string column"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, said, err := InferText(c.columns, c.asked)
			if err != nil {
				said = err.Error()
			}
			if got != c.want || !strings.Contains(said, c.wantSaid) {
				t.Errorf("got %q, %q, want %q and %q", got, said, c.want, c.wantSaid)
			}
		})
	}
}
