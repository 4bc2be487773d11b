package predict

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"t5train/data/importer"
	"t5train/data/parquetio"
	"t5train/data/table"
)

type row struct {
	Input string   `json:"input" parquet:"input,zstd"`
	Score *float64 `json:"score" parquet:"score,optional"`
}

// More rows than a group holds, each line with two of them, come back in order and by type.
func TestParquet(t *testing.T) {
	const lines = importer.GroupRows
	path := filepath.Join(t.TempDir(), "out.parquet")
	f, err := OpenAnswers(path, Job{}, false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i := range lines {
		fmt.Fprintf(f, "{\"input\":\"%d\",\"score\":%d.5}\n", i, i)
	}
	if err := f.Finish(ParquetOf(nil, func(r row) []row { return []row{r, {Input: r.Input}} })); err != nil {
		t.Fatal(err)
	}
	set, err := parquetio.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if groups := set.Files()[0].RowGroups; set.Rows() != 2*lines || groups != 2 {
		t.Errorf("%d rows in %d groups, want %d in 2", set.Rows(), groups, 2*lines)
	}
	err = set.Scan(t.Context(), []string{"input", "score"}, func(n int64, cells []table.Cell) error {
		want := fmt.Sprint(n / 2)
		if cells[0].Str != want || n%2 == 0 && cells[1].Float != float64(n/2)+0.5 || n%2 == 1 &&
			cells[1].Kind != table.Null {
			return fmt.Errorf("row %d: got %v", n, cells)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// A row group has no more than 16 MB, and one row.
func TestParquetOfLongRows(t *testing.T) {
	const lines, length = 10, 1 << 20
	path := filepath.Join(t.TempDir(), "out.parquet")
	f, err := OpenAnswers(path, Job{}, false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for range lines {
		fmt.Fprintf(f, "{\"input\":\"%s\"}\n", strings.Repeat("x", length))
	}
	if err := f.Finish(ParquetOf(nil, func(r row) []row { return []row{r, r} })); err != nil {
		t.Fatal(err)
	}
	set, err := parquetio.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if groups := set.Files()[0].RowGroups; set.Rows() != 2*lines || groups != 2 {
		t.Errorf("%d rows in %d groups, want %d in 2", set.Rows(), groups, 2*lines)
	}
}

func TestParquetOfDamagedLines(t *testing.T) {
	f, err := OpenAnswers(filepath.Join(t.TempDir(), "out"), Job{}, false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	io.WriteString(f, "{\"input\":\"a\"}\n{\"inp\n")
	if err := f.Finish(ParquetOf(nil, func(r row) []row { return []row{r} })); err == nil {
		t.Error("no error")
	}
}
