package parquetio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"t5train/data/parquetio/page"
	"t5train/data/table"
)

// One column that is not read leaves the others of its file as they are.
func TestUnreadableColumn(t *testing.T) {
	type rows struct {
		Text string `parquet:"text"`
		ID   uint64 `parquet:"id"`
	}
	many := encode(t, []rows{{"a", 1}, {"b", 1<<63 - 1}}, 0)
	beyond := encode(t, []rows{{"a", 1}, {"b", 1 << 63}}, 1)
	for name, c := range map[string]struct {
		file   []byte
		change func(id *format.ColumnChunk)
		group  int
		reason string
	}{
		"beyond 63 bits": {beyond, func(*format.ColumnChunk) {}, 1,
			"unsigned value 9223372036854775808 does not fit 63 bits"},
		"codec": {many, func(c *format.ColumnChunk) { c.MetaData.Codec = format.Lz4 }, 0,
			"compressed with LZ4"},
		"other file": {many, func(c *format.ColumnChunk) { c.FilePath = "b" }, 0, `data lies in another file, "b"`},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := readShard("x", bytes.NewReader(c.file), int64(len(c.file)))
			if err != nil {
				t.Fatal(err)
			}
			c.change(&s.meta.RowGroups[0].Columns[s.column("id").leaf])
			scan := func(column string) (texts []string, err error) {
				err = s.scan(context.Background(), memory(c.file), []string{column}, span{},
					func(_ int64, cells []table.Cell) error { texts = append(texts, cells[0].Text()); return nil })
				return texts, err
			}
			if texts, err := scan("text"); err != nil || !slices.Equal(texts, []string{"a", "b"}) {
				t.Errorf("texts %q, %v", texts, err)
			}
			_, err = scan("id")
			var u *UnreadableError
			if !errors.As(err, &u) || u.Column != "id" || u.Path != "x" || u.RowGroup != c.group ||
				!strings.HasPrefix(u.Reason, c.reason) {
				t.Errorf("got error %#v, want %q of row group %d", u, c.reason, c.group)
			}
			wantError(t, err, "read parquet: x: column id, row group", c.reason)
		})
	}
}

// Files that are copied by other means are looked at before: all columns, also those whose types are not read.
func TestCheckSizes(t *testing.T) {
	type rows struct {
		Text  string   `parquet:"text,zstd"`
		Fixed [9]byte  `parquet:"fixed"`
		ID    []uint64 `parquet:"id"`
	}
	check := func(row rows, maxCell int, except ...string) error {
		d, err := Open(save(t, "x.parquet", encode(t, []rows{{}, row}, 0)))
		if err != nil {
			t.Fatal(err)
		}
		d.limits = page.Limits{Page: 4 * testMaxPage, List: testMaxList, Cell: maxCell}
		return d.CheckSizes(context.Background(), except)
	}
	large := strings.Repeat("a", 100)
	if err := check(rows{Text: large, ID: []uint64{1 << 63}}, 100); err != nil {
		t.Errorf("the largest cell: %v", err)
	}
	if err := check(rows{Text: large}, 99, "text"); err != nil {
		t.Errorf("a column that is passed over: %v", err)
	}
	wantError(t, check(rows{Text: large}, 99), "column text", "a cell has")
	wantError(t, check(rows{}, 8), "column fixed", "a cell has")
	wantError(t, check(rows{ID: make([]uint64, testMaxList/64+1)}, 100), "column id", "the list of one row")
}

// Broken metadata costs class names, of the columns that it is broken for, and no more.
func TestNotesOfMetadata(t *testing.T) {
	for metadata, want := range map[string]struct{ note, classes string }{
		spamFeatures:               {"", "[ham spam]"},
		`null`:                     {"", "[]"},
		`{"info": {"features"`:     {"unexpected end of JSON input", "[]"},
		``:                         {"unexpected end of JSON input", "[]"},
		`[1]`:                      {"it is a JSON array, want an object", "[]"},
		`{"info": 3}`:              {"info is a JSON number, want an object", "[]"},
		`{"info":{"features":[]}}`: {"info.features is a JSON array, want an object", "[]"},
		strings.Replace(spamFeatures, `{"dtype"`, `{"a": {"_type":"ClassLabel","names":3}, "dtype"`, 1): {"",
			"[ham spam]"},
		strings.Replace(spamFeatures, `"Value"`, `"ClassLabel","names":3`,
			1): {"the class names of column sms: got 3", "[ham spam]"},
		strings.Replace(spamFeatures, `["ham", "spam"]`, `{"1":"spam"}`,
			1): {"the class names of column label: 1 names, but none for class 0", "[]"},
	} {
		path := save(t, "x.parquet", encode(t, messages(3), 0, parquet.KeyValueMetadata("huggingface", metadata)))
		d, err := Open(path)
		if err != nil {
			t.Errorf("%s: %v", metadata, err)
			continue
		}
		notes := strings.Join(d.Notes(), "\n")
		if want.note == "" && notes != "" || want.note != "" && !strings.HasPrefix(notes,
			"the huggingface metadata of "+path+" is broken, so class names may be missing: "+want.note) {
			t.Errorf("%s: notes %q, want %q", metadata, notes, want.note)
		}
		if got := fmt.Sprint(d.Columns()[d.byName["label"]].ClassLabels); got != want.classes {
			t.Errorf("%s: class names %s, want %s", metadata, got, want.classes)
		}
		if rows, err := scanAll(d, "sms", "label"); err != nil || len(rows) != 3 {
			t.Errorf("%s: %d rows, %v", metadata, len(rows), err)
		}
	}
	broken := parquet.KeyValueMetadata("huggingface", "{")
	a, b := save(t, "a.parquet", encode(t, messages(1), 0, broken)), save(t, "b.parquet", encode(t, messages(1), 0,
		broken))
	d, err := Open(a, b)
	if err != nil {
		t.Fatal(err)
	}
	if notes := d.Notes(); len(notes) != 1 || !strings.Contains(notes[0], " and of 1 other files is broken") {
		t.Errorf("two files: notes %q", notes)
	}
}

// A name of another encoding is one that can be written everywhere.
func TestNamesThatAreNoUTF8(t *testing.T) {
	type inner struct {
		Text string `parquet:"text"`
	}
	type rows struct {
		Text  string `parquet:"cafXtext"`
		Inner inner  `parquet:"innXr"`
	}
	b := encode(t, []rows{{"a", inner{"b"}}}, 0)
	b = bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("cafX"), []byte("caf\xe9")), []byte("innX"), []byte("inn\xfc"))
	d, err := Open(save(t, "x.parquet", b))
	if err != nil {
		t.Fatal(err)
	}
	rows1, err := scanAll(d, `caf\xe9text`, `inn\xfcr.text`)
	if err != nil || fmt.Sprint(rows1) != `[["a" "b"]]` {
		t.Errorf("rows %v, %v", rows1, err)
	}
	const note = `bytes of column names that are not UTF-8 are shown as \xHH: name these columns so, in single quotes, or rename them: ` +
		`'caf\xe9text' 'inn\xfcr.text'`
	if notes := d.Notes(); len(notes) != 1 || notes[0] != note {
		t.Errorf("notes %q, want %q", notes, note)
	}
	_, err = scanAll(d, "caf\xe9text")
	wantError(t, err, `that are not UTF-8 are shown as escapes: name the column 'caf\xe9text'`)
}
