package main

import (
	"strings"
	"testing"

	"t5train/data/table"
)

// The help of data import has a line for each format, and no other.
func TestFormatHelp(t *testing.T) {
	for _, format := range table.Formats() {
		if aboutFormats[format] == "" || !strings.Contains(formatHelp(), "\n  "+string(format)+" ") &&
			!strings.HasPrefix(formatHelp(), "  "+string(format)+" ") {
			t.Errorf("nothing says what format %s is", format)
		}
	}
	if len(aboutFormats) != len(table.Formats()) {
		t.Errorf("got %d formats, want %d", len(aboutFormats), len(table.Formats()))
	}
}

func TestEither(t *testing.T) {
	if got := either(table.OutputFormats()); got != "jsonl or parquet" {
		t.Errorf("got %s", got)
	}
	if got := list(table.InputFormats()); got != "text, jsonl, csv, tsv, parquet" {
		t.Errorf("got %s", got)
	}
}
