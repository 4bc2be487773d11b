package mmap

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// What is released is there again when it is read, wherever a part begins and ends.
func TestRelease(t *testing.T) {
	content := make([]byte, 5*os.Getpagesize()+123)
	for i := range content {
		content[i] = byte(i % 251)
	}
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, unmap, err := Map(f, len(content))
	if err != nil {
		t.Fatal(err)
	}
	defer unmap()
	page := os.Getpagesize()
	for _, part := range [][2]int{{0, len(data)}, {1, len(data)}, {page, page}, {page, 2 * page}, {page - 1, page + 1},
		{10, 20}, {4 * page, len(data) - 1}, {3, 3 * page}} {
		Release(data[part[0]:part[1]])
		if !bytes.Equal(data, content) {
			t.Fatalf("after the release of %v the content has changed", part)
		}
	}
}
