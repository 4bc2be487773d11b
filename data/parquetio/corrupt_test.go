package parquetio

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"t5train/data/parquetio/page"
	"t5train/data/table"
	"t5train/internal/bounded"
)

const (
	testMaxPage = 1 << 20  // bytes
	testMaxList = 16 << 10 // bytes
	testMaxCell = testMaxPage / 2
)

// readBytes opens a file in memory and reads the columns that can be read, at most maxRows rows. It returns the rows
// before the error.
func readBytes(b []byte, maxRows int) ([][]table.Cell, error) {
	s, err := readShard("x.parquet", bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, err
	}
	var columns []string
	for _, c := range newDataset([]*shard{s}).Columns() {
		if c.Readable() {
			columns = append(columns, c.Name)
		}
	}
	if len(columns) == 0 {
		return nil, nil
	}
	var rows [][]table.Cell
	enough := errors.New("enough")
	err = s.scan(context.Background(), memory(b), columns, span{}, func(_ int64, cells []table.Cell) error {
		rows = append(rows, slices.Clone(cells))
		if len(rows) == maxRows {
			return enough
		}
		return nil
	})
	if err == enough {
		err = nil
	}
	return rows, err
}

// memory is a file in memory, with the limits of tests.
func memory(b []byte) page.File {
	limits := page.Limits{Page: testMaxPage, List: testMaxList, Cell: testMaxCell}
	return page.File{ReaderAt: bytes.NewReader(b), Size: int64(len(b)), Limits: limits}
}

func TestTruncated(t *testing.T) {
	whole := encode(t, messages(40), 10, compression(&parquet.Zstd))
	for n := range whole {
		if _, err := readBytes(whole[:n], 1000); err == nil {
			t.Errorf("cut to %d of %d bytes: no error", n, len(whole))
		}
	}
	// A hole in the middle, with the footer intact.
	rows, err := readBytes(whole, 1000)
	if err != nil || len(rows) != 40 {
		t.Fatal(len(rows), err)
	}
	holed := slices.Clone(whole)
	clear(holed[10 : len(holed)/2])
	_, err = readBytes(holed, 1000)
	wantError(t, err, "x.parquet", "column ", "row group 0")
}

// TestFlippedBytes changes single bytes: the result is an error or rows, in bounded memory, never a panic. Pages carry
// a checksum, so what is read before an error is right, unless the footer changed.
func TestFlippedBytes(t *testing.T) {
	for name, options := range map[string][]parquet.WriterOption{
		"plain": {parquet.DefaultEncodingFor(parquet.ByteArray, &parquet.Plain)},
		"delta": {parquet.DefaultEncodingFor(parquet.ByteArray, &parquet.DeltaByteArray)},
		"v1":    {parquet.DataPageVersion(1), compression(&parquet.Snappy)},
	} {
		t.Run(name, func(t *testing.T) { flipBytes(t, encode(t, messages(20), 10, options...)) })
	}
	// As pyarrow writes them, without checksums: every byte of the pages is taken for what it says.
	for _, name := range []string{"nested_pages", "encoding_BYTE_STREAM_SPLIT_1.0", "encoding_DELTA_BYTE_ARRAY_1.0",
		"lz4"} {
		t.Run(name, func(t *testing.T) {
			whole, err := os.ReadFile(filepath.Join("testdata", "awkward", name+".parquet"))
			if err != nil {
				t.Fatal(err)
			}
			flipBytes(t, whole)
		})
	}
}

func flipBytes(t *testing.T, whole []byte) {
	t.Helper()
	before := allocated()
	for i := range whole {
		for _, flip := range []byte{0x01, 0x80} {
			b := slices.Clone(whole)
			b[i] ^= flip
			if _, err := readBytes(b, 100); err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("byte %d: an error of several lines: %v", i, err)
			}
		}
	}
	if each := (allocated() - before) / uint64(2*len(whole)); each > 4*testMaxPage {
		t.Errorf("%d bytes allocated a file of %d", each, len(whole))
	}
}

func TestTooLargePage(t *testing.T) {
	type doc struct {
		Text string `parquet:"text,zstd"`
	}
	b := encode(t, []doc{{string(make([]byte, testMaxPage+1))}}, 0)
	_, err := readBytes(b, 10)
	wantError(t, err, "smaller pages", "column text", "row group 0")
}

// Few compressed bytes may hold a cell of gigabytes, however its page stores it.
func TestTooLargeCell(t *testing.T) {
	type doc struct {
		Text string `parquet:"text,zstd"`
	}
	for name, options := range map[string][]parquet.WriterOption{
		"plain": nil,
		"delta": {parquet.DefaultEncodingFor(parquet.ByteArray, &parquet.DeltaByteArray)},
	} {
		b := encode(t, []doc{{"short"}, {strings.Repeat("a", testMaxCell+1)}}, 0, options...)
		_, err := readBytes(b, 10)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		wantError(t, err, "a cell has", "column text", "row group 0", "set T5_MAX_READ_MB=1 in the environment")
	}
	if rows, err := readBytes(encode(t, []doc{{strings.Repeat("a", testMaxCell)}}, 0), 10); err != nil ||
		len(rows) != 1 {
		t.Errorf("the largest cell: %d rows, %v", len(rows), err)
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func FuzzOpen(f *testing.F) {
	rows := messages(6)
	f.Add(encode(f, rows, 3))
	f.Add(encode(f, rows, 0, parquet.DataPageVersion(1), compression(&parquet.Zstd),
		parquet.KeyValueMetadata("huggingface", spamFeatures)))
	f.Add(encode(f, rows, 0, parquet.DefaultEncodingFor(parquet.ByteArray, &parquet.DeltaByteArray)))
	f.Add(encode(f, rows, 0, compression(&parquet.Lz4Raw)))
	f.Add(encode(f, []message{}, 0))
	f.Add([]byte("PAR1\xff\xff\xff\xffPAR1"))
	people := []nested{nestedRow(1), nestedRow(4), nestedRow(8)}
	f.Add(encode(f, people, 0))
	f.Add(encode(f, people, 2, parquet.DataPageVersion(1), parquet.DefaultEncodingFor(parquet.ByteArray,
		&parquet.DeltaByteArray)))
	files, err := filepath.Glob(filepath.Join("testdata", "awkward", "*.parquet"))
	if err != nil || len(files) == 0 {
		f.Fatal("no awkward files", err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		before := allocated()
		rows, _ := readBytes(b, 100)
		// A footer's element may take some 800 bytes for its one byte; a page at most testMaxPage, twice, a column; a
		// list doubles as it grows.
		most := 64<<20 + 2000*len(b)
		if len(rows) > 0 {
			most += (len(rows) + 1) * len(rows[0]) * 4 * testMaxList
		}
		if used := allocated() - before; used > uint64(most) {
			t.Errorf("%d bytes allocated for a file of %d and %d rows", used, len(b), len(rows))
		}
	})
}

func TestClassLabels(t *testing.T) {
	cases := []struct {
		name, metadata string
		want           map[string][]string
	}{
		{"flat", spamFeatures, map[string][]string{"label": {"ham", "spam"}}},
		{"object", `{"info":{"features":{"y":{"_type":"ClassLabel","names":{"1":"b","0":"a"}}}}}`,
			map[string][]string{"y": {"a", "b"}}},
		{"without names", `{"info":{"features":{"y":{"_type":"ClassLabel","num_classes":2}}}}`,
			map[string][]string{"y": nil}},
		{"list", `{"info":{"features":{"y":{"feature":{"_type":"ClassLabel","names":["a","b"]},"_type":"List"}}}}`,
			map[string][]string{"y": {"a", "b"}}},
		{"lists of lists", `{"info":{"features":{"y":{"feature":[{"_type":"ClassLabel","names":["a"]}],"length":-1,"_type":"Sequence"}}}}`, map[string][]string{"y": {"a"}}},
		{"sequence of a struct",
			`{"info":{"features":{"y":{"feature":{"a":{"dtype":"string","_type":"Value"},"b":{"names":["n"],"_type":"ClassLabel"}},"_type":"Sequence"}}}}`, map[string][]string{"y.b": {"n"}}},
		{"struct", `{"info":{"features":{"y":{"_type":{"names":["n"],"_type":"ClassLabel"},"c":{"d":{"names":["m"],"_type":"ClassLabel"}}}}}}`, map[string][]string{"y._type": {"n"}, "y.c.d": {"m"}}},
		{"other features", `{"info":{"features":{"x":3,"y":[],"z":{"languages":["en","de"],"_type":"Translation"}}}}`,
			map[string][]string{}},
		{"no features", `{"fingerprint":"0"}`, map[string][]string{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := classLabels(c.metadata)
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, %v, want %v", got, err, c.want)
			}
		})
	}
	_, err := classLabels(`{"info":{"features":{"y":{"_type":"ClassLabel","names":{"0":"a","2":"b"}}}}}`)
	wantError(t, err, "column y", "class 1")
	_, err = classLabels(`{"info":{"features":{"y":{"s":[{"_type":"ClassLabel","names":3}]}}}}`)
	wantError(t, err, "column y.s", "3")
}

// A data set is opened with the limits of the environment.
func TestOpenWithLimits(t *testing.T) {
	path := save(t, "x.parquet", encode(t, messages(1), 0))
	t.Setenv(bounded.Variable, "1000")
	if d, err := Open(path); err != nil || d.limits.Cell != 1000<<20 {
		t.Errorf("a data set is opened with other limits, %v", err)
	}
	t.Setenv(bounded.Variable, "much")
	_, err := Open(path)
	wantError(t, err, "T5_MAX_READ_MB")
}
