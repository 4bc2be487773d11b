package parquetio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"t5train/data/table"
)

func TestScan(t *testing.T) {
	rows := messages(500)
	cases := []struct {
		name    string
		group   int
		options []parquet.WriterOption
	}{
		{"one row group", 0, nil},
		{"many row groups", 7, nil},
		{"small pages", 200, []parquet.WriterOption{parquet.PageBufferSize(64)}},
		{"version 1 pages", 100, []parquet.WriterOption{parquet.DataPageVersion(1)}},
		{"version 1 pages, zstd", 0, []parquet.WriterOption{parquet.DataPageVersion(1), compression(&parquet.Zstd)}},
		{"zstd", 100, []parquet.WriterOption{compression(&parquet.Zstd)}},
		{"snappy", 100, []parquet.WriterOption{compression(&parquet.Snappy)}},
		{"gzip", 100, []parquet.WriterOption{compression(&parquet.Gzip)}},
		{"brotli", 100, []parquet.WriterOption{compression(&parquet.Brotli)}},
		{"lz4", 100, []parquet.WriterOption{compression(&parquet.Lz4Raw)}},
		{"version 1 pages, lz4", 0, []parquet.WriterOption{parquet.DataPageVersion(1), compression(&parquet.Lz4Raw)}},
		{"plain", 100, []parquet.WriterOption{
			parquet.DefaultEncodingFor(parquet.ByteArray,
				&parquet.Plain), parquet.DefaultEncodingFor(parquet.Boolean, &parquet.Plain)}},
		{"delta", 333, []parquet.WriterOption{
			parquet.DefaultEncodingFor(parquet.ByteArray, &parquet.DeltaByteArray),
			parquet.DefaultEncodingFor(parquet.Int64, &parquet.DeltaBinaryPacked),
			parquet.DefaultEncodingFor(parquet.Int32, &parquet.DeltaBinaryPacked)}},
		{"delta lengths", 333, []parquet.WriterOption{
			parquet.DefaultEncodingFor(parquet.ByteArray, &parquet.DeltaLengthByteArray), compression(&parquet.Zstd)}},
		{"run-length booleans", 100, []parquet.WriterOption{parquet.DefaultEncodingFor(parquet.Boolean, &parquet.RLE)}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d, err := Open(save(t, "x.parquet", encode(t, rows, c.group, c.options...)))
			if err != nil {
				t.Fatal(err)
			}
			got, err := scanAll(d, messageColumns...)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != len(rows) || d.Rows() != int64(len(rows)) {
				t.Fatalf("%d rows, Rows() %d, want %d", len(got), d.Rows(), len(rows))
			}
			for i := range rows {
				if want := rows[i].want(); !reflect.DeepEqual(got[i], want) {
					t.Fatalf("row %d: got %v, want %v", i, got[i], want)
				}
			}
		})
	}
}

// TestScanFrom begins at every row of two files with row groups of 7 rows.
func TestScanFrom(t *testing.T) {
	rows := messages(40)
	d, err := Open(save(t, "a.parquet", encode(t, rows[:25], 7)), save(t, "b.parquet", encode(t, rows[25:], 7)))
	if err != nil {
		t.Fatal(err)
	}
	for first := range int64(len(rows) + 2) {
		next := first
		err := d.ScanFrom(t.Context(), first, []string{"sms"}, func(row int64, cells []table.Cell) error {
			if row != next || cells[0].Str != rows[row].SMS {
				t.Errorf("from %d: got row %d with %q, want row %d", first, row, cells[0].Str, next)
			}
			next++
			return nil
		})
		if err != nil || next != max(first, int64(len(rows))) {
			t.Errorf("from %d: ended before row %d, %v", first, next, err)
		}
	}
}

func TestScan_LargeStrings(t *testing.T) {
	type doc struct {
		Text string `parquet:"text,zstd"`
	}
	rows := []doc{{strings.Repeat("long ", 1<<20)}, {""}, {strings.Repeat("é", 3<<20)}}
	d, err := Open(save(t, "x.parquet", encode(t, rows, 0)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := scanAll(d, "text")
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		if got[i][0].Str != rows[i].Text {
			t.Errorf("row %d differs: %d bytes, want %d", i, len(got[i][0].Str), len(rows[i].Text))
		}
	}
}

func TestScan_StopsWhenToldTo(t *testing.T) {
	d, err := Open(save(t, "x.parquet", encode(t, messages(3000), 0)))
	if err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	seen := 0
	err = d.Scan(context.Background(), []string{"label"}, func(int64, []table.Cell) error { seen++; return stop })
	if err != stop || seen != 1 {
		t.Errorf("yield's error: got %v after %d rows", err, seen)
	}
	ctx, cancel := context.WithCancel(context.Background())
	err = d.Scan(ctx, []string{"label"}, func(int64, []table.Cell) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
}

// A folder is read without the folders in it, and those that are not named are told.
func TestOpen_FoldersInFolders(t *testing.T) {
	type text struct {
		Text string `parquet:"text"`
	}
	dir := t.TempDir()
	for _, name := range []string{"a.parquet", "more/b.parquet", "more/deep/c.parquet", "other/notes.txt"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, encode(t, []text{{"a"}}, 0), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	more := filepath.Join(dir, "more")
	for _, test := range []struct {
		patterns []string
		rows     int64
		skipped  []string
	}{
		{[]string{dir}, 1, []string{more}},
		{[]string{dir, more}, 2, []string{filepath.Join(more, "deep")}},
		{[]string{filepath.Join(dir, "*.parquet")}, 1, nil},
		{[]string{dir, more, filepath.Join(more, "deep", "*.parquet")}, 3, nil},
	} {
		d, err := Open(test.patterns...)
		if err != nil {
			t.Fatal(err)
		}
		if d.Rows() != test.rows || !slices.Equal(d.Skipped(), test.skipped) {
			t.Errorf("%v: %d rows, skipped %v, want %d and %v", test.patterns, d.Rows(), d.Skipped(), test.rows,
				test.skipped)
		}
	}
}

func TestOpen_Shards(t *testing.T) {
	type first struct {
		Text  string `parquet:"text"`
		Label int64  `parquet:"label"`
		Extra string `parquet:"extra"`
	}
	type second struct { // other order, other width, nullable
		Label *int32 `parquet:"label,optional"`
		Text  string `parquet:"text"`
		Mixed string `parquet:"mixed"`
	}
	type third struct {
		Text  string `parquet:"text"`
		Label int64  `parquet:"label"`
		Mixed int64  `parquet:"mixed"`
	}
	dir := t.TempDir()
	one := int32(1)
	write := func(name string, b []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("train-00000.parquet", encode(t, []first{{"a", 0, ""}, {"b", 1, ""}}, 0,
		parquet.KeyValueMetadata("huggingface", spamFeatures)))
	write("train-00001.parquet", encode(t, []second{}, 0))
	write("train-00002.parquet", encode(t, []second{{&one, "c", ""}, {nil, "d", ""}}, 1))
	write("train-00003.parquet", encode(t, []third{{"e", 0, 0}}, 0))
	write("notes.txt", []byte("no parquet"))

	for name, patterns := range map[string][]string{
		"folder":      {dir},
		"glob":        {filepath.Join(dir, "train-*.parquet")},
		"overlapping": {filepath.Join(dir, "train-00003.parquet"), dir + "/./train-0000[0-2].parquet", dir},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := Open(patterns...)
			if err != nil {
				t.Fatal(err)
			}
			wantColumns := []table.Column{
				{Name: "text", Type: table.TypeString},
				{Name: "label", Type: table.TypeInt, Nullable: true, ClassLabels: []string{"ham", "spam"}},
			}
			if got := d.Columns(); !reflect.DeepEqual(got, wantColumns) {
				t.Errorf("columns: got %v, want %v", got, wantColumns)
			}
			rows, err := scanAll(d, "label", "text")
			if err != nil {
				t.Fatal(err)
			}
			if got, want := fmt.Sprint(rows), `[[0 "a"] [1 "b"] [1 "c"] [null "d"] [0 "e"]]`; got != want {
				t.Errorf("rows: got %s, want %s", got, want)
			}
			path, row := d.Locate(3)
			if filepath.Base(path) != "train-00002.parquet" || row != 1 {
				t.Errorf("row 3 lies in %s, %d", path, row)
			}
			_, err = scanAll(d, "extra")
			wantError(t, err, "extra", "missing in", "train-00003.parquet")
			_, err = scanAll(d, "mixed")
			wantError(t, err, "mixed", "train-000")
			_, err = scanAll(d, "texts")
			wantError(t, err, `"texts"`, "text, label")
			_, err = scanAll(d)
			wantError(t, err, "no column")
		})
	}
}

func TestOpen_ShardsDisagree(t *testing.T) {
	type texts struct {
		Label string `parquet:"label"`
	}
	type numbers struct {
		Label int64 `parquet:"label"`
	}
	a := save(t, "a.parquet", encode(t, []texts{{"x"}}, 0))
	b := save(t, "b.parquet", encode(t, []numbers{{1}}, 0, parquet.KeyValueMetadata("huggingface", spamFeatures)))
	c := save(t, "c.parquet", encode(t, []numbers{{1}}, 0,
		parquet.KeyValueMetadata("huggingface", strings.ReplaceAll(spamFeatures, `"ham", "spam"`, `"spam", "ham"`))))

	d, err := Open(a, b)
	if err != nil {
		t.Fatal(err)
	}
	_, err = scanAll(d, "label")
	wantError(t, err, "label", "a.parquet", "b.parquet", "string", "int")
	if d, err = Open(b, c); err != nil {
		t.Fatal(err)
	}
	_, err = scanAll(d, "label")
	wantError(t, err, "label", `class 0 is "ham" in `, "b.parquet", `"spam" in `, "c.parquet",
		"import all files at once")
	if got := d.Conflicts(); len(got) != 1 || !strings.HasPrefix(got[0],
		"column label differs between shards: class 0") {
		t.Errorf("conflicts %q", got)
	}
	fewer := save(t, "d.parquet", encode(t, []numbers{{1}}, 0,
		parquet.KeyValueMetadata("huggingface", strings.ReplaceAll(spamFeatures, `"ham", "spam"`, `"ham"`))))
	if d, err = Open(b, fewer); err != nil {
		t.Fatal(err)
	}
	_, err = scanAll(d, "label")
	wantError(t, err, "there are 2 class names in ", "b.parquet and 1 in ")
}

func TestOpen_Errors(t *testing.T) {
	good := encode(t, messages(3), 0)
	dir := t.TempDir()
	cases := []struct {
		name  string
		path  string
		parts []string
	}{
		{"missing", filepath.Join(dir, "no.parquet"), []string{"no.parquet", "does not exist"}},
		{"no match", filepath.Join(dir, "train-*.parquet"), []string{"no file matches", "train-*.parquet"}},
		{"empty folder", dir, []string{dir, "no *.parquet"}},
		{"bad pattern", filepath.Join(dir, "["), []string{"pattern"}},
		{"empty file", save(t, "x.parquet", nil), []string{"x.parquet", "0 bytes"}},
		{"wrong magic", save(t, "x.parquet", []byte("{\"text\": \"a json line\"}\n")), []string{"not a parquet file"}},
		{"no end", save(t, "x.parquet", good[:len(good)-1]), []string{"truncated"}},
		{"encrypted", save(t, "x.parquet", append(good[:len(good)-4:len(good)-4], "PARE"...)), []string{"encrypted"}},
		{"long footer", save(t, "x.parquet", []byte("PAR1\xff\xff\xff\xffPAR1")),
			[]string{"footer of 4294967295 bytes"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := Open(c.path)
			wantError(t, err, append(c.parts, "open parquet")...)
		})
	}
	if _, err := Open(); err == nil {
		t.Error("no pattern: no error")
	}
}

func TestFiles(t *testing.T) {
	path := save(t, "x.parquet", encode(t, messages(10), 4, compression(&parquet.Zstd), parquet.CreatedBy("tests",
		"1", "2")))
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	info, _ := os.Stat(path)
	want := []File{{path, info.Size(), 10, 3, []string{"ZSTD"}, "tests version 1(build 2)", ""}}
	if got := d.Files(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestDistinct(t *testing.T) {
	d, err := Open(save(t, "x.parquet", encode(t, messages(100), 9)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := d.Distinct(context.Background(), "kind", 3)
	if want := `["ham" "spam" ""]`; err != nil || fmt.Sprint(got) != want {
		t.Errorf("got %v, %v, want %s", got, err, want)
	}
	_, err = d.Distinct(context.Background(), "kind", 2)
	wantError(t, err, "kind", "more than 2")
}

// TestScan_LikeTheLibrary holds the page decoder to parquet-go's on real files, which pyarrow wrote.
func TestScan_LikeTheLibrary(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join("..", "..", "..", "shared", "data", "*", "*.parquet"))
	if len(files) == 0 {
		t.Skip("no shared data")
	}
	for _, path := range files {
		d, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		if f.NumRows() != d.Rows() {
			t.Errorf("%s: %d rows, want %d", path, d.Rows(), f.NumRows())
		}
		leaves := leavesOf(f.Root())
		for n, column := range d.Columns() {
			rows, err := scanAll(d, column.Name)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, row := range rows {
				got = append(got, flat(row[0])...)
			}
			want := libraryColumn(t, leaves[n])
			if len(got) != len(want) {
				t.Fatalf("%s: column %s: %d values, want %d", path, column.Name, len(got), len(want))
			}
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("%s: column %s, value %d: got %q, want %q", path, column.Name, i, got[i], want[i])
				}
			}
		}
	}
}

// flat lists the texts of a cell's values; an empty list counts as a null.
func flat(c table.Cell) []string {
	if len(c.Items) == 0 {
		return []string{c.Text()}
	}
	var texts []string
	for _, item := range c.Items {
		texts = append(texts, flat(item)...)
	}
	return texts
}

func leavesOf(c *parquet.Column) []*parquet.Column {
	if c.Leaf() {
		return []*parquet.Column{c}
	}
	var leaves []*parquet.Column
	for _, child := range c.Columns() {
		leaves = append(leaves, leavesOf(child)...)
	}
	return leaves
}

func libraryColumn(t *testing.T, c *parquet.Column) []string {
	t.Helper()
	var texts []string
	pages := c.Pages()
	defer pages.Close()
	for {
		page, err := pages.ReadPage()
		if err == io.EOF {
			return texts
		}
		if err != nil {
			t.Fatal(err)
		}
		values := make([]parquet.Value, page.NumValues())
		if n, err := page.Values().ReadValues(values); n != len(values) || (err != nil && err != io.EOF) {
			t.Fatal(n, err)
		}
		for _, v := range values {
			switch {
			case v.IsNull():
				texts = append(texts, "")
			case v.Kind() == parquet.Float:
				texts = append(texts, table.Cell{Kind: table.Float, Float: float64(v.Float())}.Text())
			default:
				texts = append(texts, v.String())
			}
		}
	}
}
