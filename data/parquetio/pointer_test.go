package parquetio

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"t5train/internal/lfs"
)

func TestOpenPointer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.parquet")
	if err := os.WriteFile(path, []byte("version https://git-lfs.github.com/spec/v1\noid sha256:4d\n"),
		0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); !errors.Is(err, lfs.ErrPointer) {
		t.Errorf("error %v, want that it is a pointer", err)
	}
}
