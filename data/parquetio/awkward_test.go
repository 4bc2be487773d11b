package parquetio

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"t5train/data/table"
)

// awkward is what testdata/awkward_parquet.py notes about a file.
type awkward struct {
	Error   string            // why the file cannot be read, or ""
	Errors  map[string]string // why some columns cannot
	Rows    int64
	Columns []struct {
		Name, Type string
		Refused    bool // columns of this type cannot be read
		Labels     []string
		Base64     bool
		Values     []json.RawMessage // a text, null, or a list of them, for each row
	}
}

// TestAwkward compares each value of the files in testdata/awkward, and in the folder T5_AWKWARD, with pyarrow's.
func TestAwkward(t *testing.T) {
	folders := []string{filepath.Join("testdata", "awkward")}
	if more := os.Getenv("T5_AWKWARD"); more != "" {
		folders = append(folders, more)
	}
	for _, folder := range folders {
		notes, err := filepath.Glob(filepath.Join(folder, "*.json"))
		if err != nil || len(notes) == 0 {
			t.Fatalf("%s holds no notes, %v: testdata/awkward_parquet.py writes them", folder, err)
		}
		for _, note := range notes {
			t.Run(strings.TrimSuffix(filepath.Base(note), ".json"), func(t *testing.T) { readAwkward(t, note) })
		}
	}
}

func readAwkward(t *testing.T, note string) {
	b, err := os.ReadFile(note)
	if err != nil {
		t.Fatal(err)
	}
	var want awkward
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	path := strings.TrimSuffix(note, ".json")
	if _, err := os.Stat(path); err != nil {
		path += ".parquet"
	}
	d, err := Open(path)
	if want.Error != "" {
		wantError(t, err, want.Error, filepath.Base(path))
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if d.Rows() != want.Rows {
		t.Errorf("%d rows, want %d", d.Rows(), want.Rows)
	}
	for column, part := range want.Errors {
		_, err := scanAll(d, column)
		wantError(t, err, column, part)
	}
	columns := d.Columns()
	if len(columns) != len(want.Columns) {
		t.Fatalf("%d columns, want %d: %v", len(columns), len(want.Columns), columns)
	}
	for i, c := range want.Columns {
		got := columns[i]
		if got.Name != c.Name || got.FullType() != c.Type || !slices.Equal(got.ClassLabels, c.Labels) {
			t.Errorf("column %d: got %q, %s, %v, want %q, %s, %v", i, got.Name, got.FullType(), got.ClassLabels,
				c.Name, c.Type, c.Labels)
			continue
		}
		rows, err := scanAll(d, c.Name)
		if c.Refused {
			wantError(t, err, c.Name, c.Type)
			continue
		}
		if err != nil {
			t.Errorf("column %s: %v", c.Name, err)
			continue
		}
		if len(rows) != len(c.Values) {
			t.Errorf("column %s: %d rows, want %d", c.Name, len(rows), len(c.Values))
			continue
		}
		for row, value := range c.Values {
			if err := sameValue(rows[row][0], value, c.Base64); err != nil {
				t.Errorf("column %s, row %d: %v", c.Name, row, err)
				break
			}
		}
	}
}

// sameValue compares a cell with its note. Floats are compared as numbers, for languages write them differently.
func sameValue(c table.Cell, note json.RawMessage, inBase64 bool) error {
	var items []json.RawMessage
	var text *string
	if json.Unmarshal(note, &text) != nil {
		if err := json.Unmarshal(note, &items); err != nil {
			return err
		}
		if c.Kind != table.List || len(c.Items) != len(items) {
			return fmt.Errorf("got %.100v, want %.100s", c, note)
		}
		for i, item := range items {
			if err := sameValue(c.Items[i], item, inBase64); err != nil {
				return fmt.Errorf("item %d: %w", i, err)
			}
		}
		return nil
	}
	same := false
	switch {
	case text == nil:
		same = c.Kind == table.Null
	case c.Kind == table.Float:
		want, err := strconv.ParseFloat(*text, 64)
		same = err == nil && (math.Float64bits(c.Float) == math.Float64bits(want) || math.IsNaN(c.Float) &&
			math.IsNaN(want))
	case inBase64:
		same = c.Kind == table.String && base64.StdEncoding.EncodeToString([]byte(c.Str)) == *text
	default:
		same = c.Kind != table.Null && c.Kind != table.List && c.Text() == *text
	}
	if !same {
		return fmt.Errorf("got %.100v, want %.100s", c, note)
	}
	return nil
}
