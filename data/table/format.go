package table

import (
	"path/filepath"
	"slices"
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

// kind is what is known about a format.
type kind struct {
	format Format
	ends   []string                                        // of the names of its files
	about  string                                          // what a file holds
	read   func(t *text, o ReadOptions, yield yield) error // nil: another package does

	delimiter rune // between cells, where a row is a line of them, and the first line a header
	byLine    bool // what follows a line that does not parse can be read
	input     bool // of a prediction, which is read row by row
	output    bool // of a prediction
}

// kinds lists the formats: whatever wants their names or what they can asks here.
func kinds() []kind {
	return []kind{
		{
			format: CSV, ends: []string{".csv"}, read: readCSV, delimiter: ',', byLine: true, input: true,
			output: true,
			about: "a table with a header, cells divided by commas; cells in quotes may hold delimiters\n" +
				"and ends of lines, of which CR LF becomes LF",
		},
		{
			format: TSV, ends: []string{".tsv", ".tab"}, read: readCSV, delimiter: '\t', byLine: true, input: true,
			output: true,
			about:  "the same, cells divided by tabs",
		},
		{
			format: JSON, ends: []string{".json"}, read: readJSON,
			about: "an array of objects, or objects one after the other",
		},
		{
			format: JSONL, ends: []string{".jsonl", ".ndjson"}, read: readJSONL, byLine: true, input: true,
			output: true,
			about:  "an object a line",
		},
		{
			format: Text, ends: []string{".txt", ".text"}, read: readLines, byLine: true, input: true,
			about: "a row a line, in column text",
		},
		{format: Documents, read: readDocument, about: "a row a file, in column text; so is a folder of .txt files"},
		{
			format: Classes, read: readDocument,
			about: "a row a file, in columns text and label: the name of the file's folder; so is a folder with " +
				"folders in it",
		},
		{
			format: CoNLL, ends: []string{".conll", ".bio", ".iob", ".iob2", ".bioes"}, read: readCoNLL, byLine: true,
			about: "a token and its tag a line, a blank line after a sentence, as lists in columns tokens and ner_tags",
		},
		{
			format: SQuAD, read: readSQuAD,
			about: "SQuAD 1.1 or 2: id, title, context, question, and answers with text and answer_start",
		},
		{format: Parquet, input: true, output: true},
	}
}

// formats lists the formats of some kinds.
func formats(of func(kind) bool) (list []Format) {
	for _, k := range kinds() {
		if of(k) {
			list = append(list, k.format)
		}
	}
	return list
}

// Formats lists the formats that this package reads.
func Formats() []Format { return formats(func(k kind) bool { return k.read != nil }) }

// LineFormats lists the formats of which lines that do not parse can be left out: what follows them can be read.
func LineFormats() []Format { return formats(func(k kind) bool { return k.byLine }) }

// InputFormats lists the formats of the inputs of a prediction, which are read row by row.
func InputFormats() []Format { return formats(func(k kind) bool { return k.input }) }

// OutputFormats lists the formats of predictions.
func OutputFormats() []Format { return formats(func(k kind) bool { return k.output }) }

// kind returns what is known about a format; of one that is not known, nothing.
func (f Format) kind() kind {
	for _, k := range kinds() {
		if k.format == f {
			return k
		}
	}
	return kind{}
}

// Delimiter returns what stands between the cells of a line, 0 where rows are no lines of cells behind a header.
func (f Format) Delimiter() rune { return f.kind().delimiter }

// About says what a file of the format holds; "" of one that this package does not read.
func (f Format) About() string { return f.kind().about }

// FormatOf returns the format that the name of a file tells, or "".
func FormatOf(path string) Format {
	ext := strings.ToLower(filepath.Ext(Unpacked(path)))
	for _, k := range kinds() {
		if slices.Contains(k.ends, ext) {
			return k.format
		}
	}
	return ""
}

// IsParquet reports whether a file is named as parquet, which package parquetio reads.
func IsParquet(path string) bool { return strings.EqualFold(filepath.Ext(path), ".parquet") }
