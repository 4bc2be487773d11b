package glob

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	deep := filepath.Join(dir, "a", "b.txt")
	if err := os.Mkdir(filepath.Dir(deep), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(deep, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := Files(filepath.Join(dir, "*", "*.txt")); err != nil || !slices.Equal(got, []string{deep}) {
		t.Errorf("got %q, %v, want %q", got, err, deep)
	}
	if got, err := Files(filepath.Join(dir, "**", "*.txt")); err == nil ||
		!strings.Contains(err.Error(), "write a * for each level") {
		t.Errorf("got %q, %v, want an error that says what to write", got, err)
	}
}
