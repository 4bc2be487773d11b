package table

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"t5train/internal/lfs"
)

const gzipped = ".gz"

// Open opens a file of any format. One whose name ends in .gz is unpacked while it is read.
func Open(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := lfs.CheckFile(f); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	if Unpacked(path) == path {
		return f, nil
	}
	z, err := gzip.NewReader(bufio.NewReaderSize(f, 1<<16))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, unpackError(err)), f.Close())
	}
	return unpacking{z, f}, nil
}

// Unpacked returns the name of a file without .gz, which tells the format of what is in it.
func Unpacked(path string) string {
	if ext := filepath.Ext(path); strings.EqualFold(ext, gzipped) {
		return strings.TrimSuffix(path, ext)
	}
	return path
}

// unpacking is a packed file that is being read.
type unpacking struct {
	z *gzip.Reader
	io.Closer
}

// Read implements io.Reader.
func (u unpacking) Read(p []byte) (int, error) {
	n, err := u.z.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = unpackError(err)
	}
	return n, err
}

// unpackError wraps no io.EOF, which would look like the end of what is in the file.
func unpackError(err error) error {
	return fmt.Errorf("unpack: %v: is the file whole, and packed with gzip?", err)
}
