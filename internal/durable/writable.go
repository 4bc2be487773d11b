package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// CheckWritable reports why nothing can be written in a folder, or in the nearest folder above it that is there. It leaves
// nothing behind.
func CheckWritable(dir string) error {
	f, err := os.CreateTemp(Existing(dir), ".t5train-tmp-*")
	if failed := (*fs.PathError)(nil); errors.As(err, &failed) {
		err = failed.Err // the name is of no interest
	}
	if err != nil {
		return WithRemedy(err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// Existing returns a path, or the nearest one above it that is there.
func Existing(path string) string {
	for {
		_, err := os.Stat(path)
		parent := filepath.Dir(path)
		if !errors.Is(err, fs.ErrNotExist) || parent == path {
			return path
		}
		path = parent
	}
}
