package inputfile

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"t5train/data/table"
	"t5train/data/task"
	"t5train/internal/jsonlines"
)

// Keep is a column of the input that the answers repeat.
type Keep struct {
	Column string `json:"column"`
	Name   string `json:"name"` // in the answers
}

// Kept are the fields that an answer repeats.
type Kept []KeptField

// KeptField is a field with its value in JSON.
type KeptField struct {
	Name  string
	Value json.RawMessage
}

// AppendTo adds the fields to an object that has some and is not closed.
func (k Kept) AppendTo(object []byte) []byte {
	for _, f := range k {
		name, _ := jsonlines.Beginning(map[string]int{f.Name: 0})
		object = append(append(object, ','), name[1:len(name)-1]...) // {"name":0
		object = append(object, f.Value...)
	}
	return object
}

// CheckKept finds columns that a file does not have, before any work is done. Of standard input nothing is known.
func CheckKept(ctx context.Context, path string, format table.Format, keep []Keep) error {
	if len(keep) == 0 || path == "-" {
		return nil
	}
	columns := make([]string, len(keep))
	for i, k := range keep {
		columns[i] = k.Column
	}
	if format != table.JSONL {
		_, err := Count(ctx, path, format, columns)
		return err
	}
	lines := 0
	found := errors.New("found")
	err := readLines(ctx, path, format, nil, func(_ int, line string) error {
		lines++
		object, _ := table.ReadObject([]byte(line)) // of another line, which is found when it is read
		columns = slices.DeleteFunc(columns, func(c string) bool { _, ok := object.Value(c); return ok })
		if len(columns) == 0 {
			return found
		}
		return nil
	})
	switch {
	case errors.Is(err, found):
		return nil
	case err == nil && lines > 0:
		return fmt.Errorf("keep columns: no line of %s has the field %q", path, columns[0])
	}
	return err
}

// Read calls yield for each input of a file, in order, with the columns that the answers repeat; path - is stdin. It
// holds one input at a time. A field that a line of JSON lacks is null.
func Read(
	ctx context.Context,
	path string, format table.Format,
	spec task.Spec,
	keep []Keep,
	stdin io.Reader,
	yield func(Input) error,
) error {
	return rows(spec, keep).read(ctx, path, format, stdin, yield)
}

func rows(spec task.Spec, keep []Keep) reader[Input] {
	return reader[Input]{
		line:    func(line string) (Input, error) { return fromLine(spec, line) },
		columns: spec.TextColumns,
		keep:    keep,
		row: func(cells []table.Cell, kept Kept) (Input, error) {
			in, err := fromRow(spec, cells)
			in.Kept = kept
			return in, err
		},
	}
}

func keptCells(keep []Keep, cells []table.Cell) (kept Kept) {
	for i, k := range keep {
		kept = append(kept, KeptField{k.Name, json.RawMessage(cells[i].JSON(floatText))})
	}
	return kept
}

// keptFields are kept as they are written.
func keptFields(keep []Keep, object table.Object) (kept Kept) {
	for _, k := range keep {
		value := json.RawMessage("null")
		if raw, ok := object.Value(k.Column); ok {
			value = compact(raw)
		}
		kept = append(kept, KeptField{k.Name, value})
	}
	return kept
}

func compact(raw json.RawMessage) json.RawMessage {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return raw
	}
	return b.Bytes()
}

// floatText writes a number so that it is read as what it was: 3.0 for 3.
func floatText(c table.Cell) string {
	text := c.Text()
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return text
}
