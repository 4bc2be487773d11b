package testdir

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Files makes files in a new folder, from "path: content" or "path", and changes to it.
func Files(t *testing.T, list ...string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, entry := range list {
		path, content, _ := strings.Cut(entry, ": ")
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func Write(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func Read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
