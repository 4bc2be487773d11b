//go:build !unix

package mmap

import (
	"io"
	"os"
)

// Map reads the first size bytes of f.
func Map(f *os.File, size int) (data []byte, unmap func() error, err error) {
	data = make([]byte, size)
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, nil, err
	}
	return data, func() error { return nil }, nil
}

// Random does nothing: the memory is not that of the file.
func Random([]byte) {}

// Release does nothing: the memory is not that of the file.
func Release([]byte) {}
