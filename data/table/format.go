package table

import (
	"path/filepath"
	"strings"
)

// Format is how a file holds rows.
type Format string

// The formats.
const (
	CSV       Format = "csv"
	TSV       Format = "tsv"
	JSON      Format = "json"
	JSONL     Format = "jsonl"
	Text      Format = "text"
	Documents Format = "documents"
	Classes   Format = "classes" // whose label is the name of the folder
	CoNLL     Format = "conll"
	SQuAD     Format = "squad"
	Parquet   Format = "parquet" // which package parquetio reads
)

// Formats lists the formats that this package reads.
func Formats() []Format {
	return []Format{CSV, TSV, JSON, JSONL, Text, Documents, Classes, CoNLL, SQuAD}
}

// LineFormats lists the formats of which lines that do not parse can be left out: what follows them can be read.
func LineFormats() []Format { return []Format{CSV, TSV, JSONL, Text, CoNLL} }

// InputFormats lists the formats of the inputs of a prediction, which are read row by row.
func InputFormats() []Format { return []Format{Text, JSONL, CSV, TSV, Parquet} }

// OutputFormats lists the formats of predictions.
func OutputFormats() []Format { return []Format{JSONL, Parquet} }

// IsTable reports whether a row is a line of cells, and the first line a header.
func (f Format) IsTable() bool { return f == CSV || f == TSV }

// FormatOf returns the format that the name of a file tells, or "".
func FormatOf(path string) Format {
	switch strings.ToLower(filepath.Ext(Unpacked(path))) {
	case ".csv":
		return CSV
	case ".tsv", ".tab":
		return TSV
	case ".json":
		return JSON
	case ".jsonl", ".ndjson":
		return JSONL
	case ".txt", ".text":
		return Text
	case ".conll", ".bio", ".iob", ".iob2", ".bioes":
		return CoNLL
	}
	return ""
}

// IsParquet reports whether a file is named as parquet, which package parquetio reads.
func IsParquet(path string) bool { return strings.EqualFold(filepath.Ext(path), ".parquet") }
