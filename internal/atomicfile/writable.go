package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// CheckWritable reports why nothing can be written in a folder, or in the nearest folder above it that is there. It
// leaves nothing behind.
func CheckWritable(dir string) error {
	// A fixed name, so that what a process leaves that is killed just now is removed by the next one.
	probe := filepath.Join(Existing(dir), ".t5train-tmp")
	f, err := os.OpenFile(probe, os.O_WRONLY|os.O_CREATE|noFollow, 0o600)
	if failed := (*fs.PathError)(nil); errors.As(err, &failed) {
		err = failed.Err // the name is of no interest
	}
	if err != nil {
		return WithRemedy(err)
	}
	err = f.Close()
	if removeErr := os.Remove(probe); !errors.Is(removeErr, fs.ErrNotExist) { // another process may look too
		err = errors.Join(err, removeErr)
	}
	return err
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

// Cause strips operation and path, which a message holds already, from an error of package os.
func Cause(err error) error {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return failed.Err
	}
	return err
}
