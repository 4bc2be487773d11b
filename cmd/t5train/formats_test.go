package main

import (
	"strings"
	"testing"

	"t5train/data/table"
)

// The help of data import has a line for each format, and no other.
func TestFormatHelp(t *testing.T) {
	for _, format := range table.Formats() {
		if format.About() == "" || !strings.Contains(formatHelp(), "\n  "+string(format)+" ") &&
			!strings.HasPrefix(formatHelp(), "  "+string(format)+" ") {
			t.Errorf("nothing says what format %s is", format)
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
