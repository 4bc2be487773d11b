package page

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"t5train/data/table"
)

// entry is one entry of an int32 column whose value is there when its definition is that of the column.
type entry struct{ repetition, definition, value int }

// chunkReader reads pages of version 1, each of the given entries, as a chunk of rows rows.
func chunkReader(t *testing.T, column *Column, rows int64, limit int, pages ...[]entry) Reader {
	t.Helper()
	var file []byte
	count := int64(0)
	for _, page := range pages {
		var body, values []byte
		levels := func(highest int, of func(entry) int) {
			if highest == 0 {
				return
			}
			body = binary.LittleEndian.AppendUint32(body, uint32(2*len(page)))
			for _, e := range page {
				body = append(body, 2, byte(of(e))) // a run of one
			}
		}
		levels(len(column.Lists), func(e entry) int { return e.repetition })
		levels(column.Definition, func(e entry) int { return e.definition })
		for _, e := range page {
			if e.definition == column.Definition {
				values = binary.LittleEndian.AppendUint32(values, uint32(e.value))
			}
		}
		body = append(body, values...)
		header, err := thrift.Marshal(new(thrift.CompactProtocol), &format.PageHeader{
			Type: format.DataPage, CompressedPageSize: int32(len(body)), UncompressedPageSize: int32(len(body)),
			DataPageHeader: thrift.New(format.DataPageHeader{
				NumValues: int32(len(page)), Encoding: format.Plain,
				RepetitionLevelEncoding: format.RLE, DefinitionLevelEncoding: format.RLE}),
		})
		if err != nil {
			t.Fatal(err)
		}
		file = append(append(file, header...), body...)
		count += int64(len(page))
	}
	group := &format.RowGroup{NumRows: rows, Columns: []format.ColumnChunk{{MetaData: format.ColumnMetaData{
		Type: format.Int32, NumValues: count, TotalCompressedSize: int64(len(file))}}}}
	in := File{bytes.NewReader(file), int64(len(file)), Limits{testMaxPage, limit, testMaxPage / 2}}
	r, err := in.Chunk(group, 0, column, new(Expander))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func intLists(lists []int, definition int) *Column {
	return &Column{Type{table.TypeInt, format.Int32, 4, integerCell, nil}, definition, lists}
}

// TestListReader_Pages cuts the same entries in pages at every place: in version 1, rows go over the ends of pages.
func TestListReader_Pages(t *testing.T) {
	// As in pyarrow: [[1, 2], [], None, [None]], None, [], [[3]]
	entries := []entry{{0, 5, 1}, {2, 5, 2}, {1, 3, 0}, {1, 2, 0}, {1, 4, 0}, {0, 0, 0}, {0, 1, 0}, {0, 5, 3}}
	const want = "[[1, 2], [], null, [null]] null [] [[3]]"
	for first := range entries {
		for second := first; second < len(entries); second++ {
			r := chunkReader(t, intLists([]int{1, 3}, 5), 4, 1000, entries[:first], entries[first:second],
				entries[second:])
			var got []string
			for range 4 {
				c, err := r.Next()
				if err != nil {
					t.Fatalf("pages of %d and %d entries: %v", first, second-first, err)
				}
				got = append(got, c.String())
			}
			if strings.Join(got, " ") != want || r.More() {
				t.Errorf("pages of %d and %d entries: got %v, more %v, want %s", first, second-first, got, r.More(),
					want)
			}
		}
	}
}

func TestListReader_Corrupt(t *testing.T) {
	long := make([]entry, 20)
	for i := range long {
		long[i] = entry{min(i, 1), 3, i}
	}
	cases := []struct {
		name    string
		column  *Column
		entries []entry
		parts   []string
	}{
		{"row begins inside a list", intLists([]int{1}, 3), []entry{{1, 3, 7}}, []string{"inside a list"}},
		{"goes on with an empty list", intLists([]int{1, 3}, 5), []entry{{0, 3, 0}, {2, 5, 7}}, []string{"not there"}},
		{"goes on and is null", intLists([]int{1}, 3), []entry{{0, 3, 7}, {1, 0, 0}}, []string{"not there"}},
		{"goes on with a null list", intLists([]int{1}, 3), []entry{{0, 0, 0}, {1, 3, 7}}, []string{"inside a list"}},
		{"repetition too high", intLists([]int{1, 3}, 5), []entry{{3, 5, 7}}, []string{"level 3 of at most 2"}},
		{"definition too high", intLists([]int{1, 3}, 5), []entry{{0, 6, 7}}, []string{"level 6 of at most 5"}},
		{"long list", intLists([]int{1}, 3), long, []string{"more than 1000 bytes"}},
		{"too few rows", intLists([]int{1}, 3), nil, []string{"behind the last value"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := chunkReader(t, c.column, 0, 1000, c.entries)
			var err error
			for range 3 {
				if _, err = r.Next(); err != nil {
					break
				}
			}
			wantError(t, err, c.parts...)
		})
	}
}

// shred lists the levels of the entries that a cell at that depth of a list column is stored as. Each list and each
// value of the column may be null, so that the definition counts two a list.
func shred(c table.Cell, depth, lists, repetition int) []entry {
	switch {
	case c.Kind == table.Null:
		return []entry{{repetition: repetition, definition: 2 * depth}}
	case depth == lists:
		return []entry{{repetition, 2*depth + 1, int(c.Int)}}
	case len(c.Items) == 0:
		return []entry{{repetition: repetition, definition: 2*depth + 1}}
	}
	var entries []entry
	for i, item := range c.Items {
		if i > 0 {
			repetition = depth + 1
		}
		entries = append(entries, shred(item, depth+1, lists, repetition)...)
	}
	return entries
}

// FuzzListReader reads entries of any levels: what comes out as rows must be stored as the same entries.
func FuzzListReader(f *testing.F) {
	f.Add(1, []byte{0, 3, 1, 3, 0, 0, 0, 1, 0, 2})
	f.Add(2, []byte{0, 5, 2, 5, 1, 3, 1, 2, 1, 4, 0, 0, 0, 1, 0, 5})
	f.Add(3, []byte{0, 7, 3, 7, 2, 7, 1, 7, 1, 2})
	f.Add(2, []byte{0, 5, 1, 0})
	f.Add(1, []byte{1, 3})
	f.Fuzz(func(t *testing.T, lists int, levels []byte) {
		if lists < 1 || lists > 5 || len(levels) > 1000 {
			return
		}
		column := intLists(nil, 2*lists+1)
		for i := range lists {
			column.Lists = append(column.Lists, 2*i+1)
		}
		var entries []entry
		for ; len(levels) > 1; levels = levels[2:] {
			e := entry{repetition: int(levels[0] & 7), definition: int(levels[1] & 15)}
			if e.definition == column.Definition {
				e.value = len(entries)
			}
			entries = append(entries, e)
		}
		cut := len(entries) / 3
		r := chunkReader(t, column, 0, 1<<20, entries[:cut], entries[cut:])
		var got []entry
		for r.More() {
			c, err := r.Next()
			if err != nil {
				break
			}
			got = append(got, shred(c, 0, lists, 0)...)
		}
		if len(got) > len(entries) || !slices.Equal(got, entries[:len(got)]) {
			t.Errorf("rows of the entries %v\ngot %v", got, entries)
		}
	})
}
