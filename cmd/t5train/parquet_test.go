package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/rogpeppe/go-internal/testscript"
)

// writeParquet writes a parquet file from a table in text. The first line has names and types of the columns, a type
// being string, int, uint, or the class names of a ClassLabel; null is no value:
//
//	parquet small.parquet small.txt
//
//	-- small.txt --
//	text string | label ham,spam
//	hello there | 0
//	win a prize | 1
func writeParquet(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: parquet file table")
	}
	lines := strings.Split(strings.TrimSpace(ts.ReadFile(args[1])), "\n")
	columns := slices.Collect(cellsOf(lines[0]))
	group := parquet.Group{}
	features := map[string]any{}
	for _, c := range columns {
		name, kind, _ := strings.Cut(c, " ")
		switch kind {
		case "string":
			group[name] = parquet.Optional(parquet.String())
		case "int":
			group[name] = parquet.Optional(parquet.Int(64))
		case "uint":
			group[name] = parquet.Optional(parquet.Uint(64))
		default:
			group[name] = parquet.Optional(parquet.Int(64))
			features[name] = map[string]any{"_type": "ClassLabel", "names": strings.Split(kind, ",")}
		}
	}
	schema := parquet.NewSchema("table", group)
	metadata, err := json.Marshal(map[string]any{"info": map[string]any{"features": features}})
	ts.Check(err)
	file, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	defer file.Close()
	w := parquet.NewWriter(file, schema, parquet.KeyValueMetadata("huggingface", string(metadata)))
	for _, line := range lines[1:] {
		row := make(parquet.Row, len(columns))
		i := 0
		for text := range cellsOf(line) {
			name, kind, _ := strings.Cut(columns[i], " ")
			leaf, _ := schema.Lookup(name)
			value, err := valueOf(kind, text)
			ts.Check(err)
			level := 1
			if value.IsNull() {
				level = 0
			}
			row[leaf.ColumnIndex] = value.Level(0, level, leaf.ColumnIndex)
			i++
		}
		_, err := w.WriteRows([]parquet.Row{row})
		ts.Check(err)
	}
	ts.Check(w.Close())
}

func cellsOf(line string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for cell := range strings.SplitSeq(line, "|") {
			if !yield(strings.TrimSpace(cell)) {
				return
			}
		}
	}
}

func valueOf(kind, text string) (parquet.Value, error) {
	switch {
	case text == "null":
		return parquet.NullValue(), nil
	case kind == "string":
		return parquet.ByteArrayValue([]byte(text)), nil
	case kind == "uint":
		n, err := strconv.ParseUint(text, 10, 64)
		return parquet.Int64Value(int64(n)), err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return parquet.Value{}, fmt.Errorf("a cell of type %s: %w", kind, err)
	}
	return parquet.Int64Value(n), nil
}
