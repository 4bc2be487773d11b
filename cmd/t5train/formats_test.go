package main

import (
	"os"
	"strings"
	"testing"

	"t5train/data/table"
)

// docs/data.md says of each format what a file holds.
func TestFormatsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/data.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range table.Formats() {
		row := "| `" + string(format) + "` | " + strings.ReplaceAll(format.About(), "\n", " ") + " |\n"
		if format.About() == "" || !strings.Contains(string(page), row) {
			t.Errorf("docs/data.md: want the line %s", row)
		}
	}
}

func TestEither(t *testing.T) {
	if got := either(table.OutputFormats()); got != "csv, tsv, jsonl or parquet" {
		t.Errorf("got %s", got)
	}
	if got := list(table.InputFormats()); got != "csv, tsv, jsonl, text, parquet" {
		t.Errorf("got %s", got)
	}
}
