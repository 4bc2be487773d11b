package importer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"t5train/data/parquetio"
	"t5train/data/table"
)

// Whatever is read by the names of its files is importable where a folder of it is given in place of parquet.
func TestFoldersOfKnownNames(t *testing.T) {
	for _, ext := range []string{".csv", ".tsv", ".tab", ".json", ".jsonl", ".ndjson", ".txt", ".text", ".conll", ".bio", ".iob", ".iob2", ".bioes", ".csv.gz", ".md"} {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "a"+ext), []byte("a"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := parquetio.Open(folder)
		if err == nil || strings.Contains(err.Error(), "t5train data import") != (table.FormatOf("a"+ext) != "") {
			t.Errorf("a folder of %s files, of format %q: %v", ext, table.FormatOf("a"+ext), err)
		}
	}
}
