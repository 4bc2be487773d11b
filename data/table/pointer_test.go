package table

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"t5train/internal/lfs"
)

// A pointer is no text to train on.
func TestOpenPointer(t *testing.T) {
	for _, name := range []string{"a.txt", "a.csv.gz"} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte("version https://git-lfs.github.com/spec/v1\noid sha256:4d\n"),
			0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); !errors.Is(err, lfs.ErrPointer) {
			t.Errorf("%s: error %v, want that it is a pointer", name, err)
		}
	}
}
