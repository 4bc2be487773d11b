package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// WithRemedy adds to an error of the file system what the user can do about it.
func WithRemedy(err error) error {
	for _, c := range []struct {
		cause  error
		remedy string
	}{
		{syscall.ENOSPC, "free some space or choose another folder"},
		{syscall.EDQUOT, "free some space or choose another folder"},
		{syscall.EFBIG, "raise the limit on file sizes (ulimit -f) or choose another folder"},
		{syscall.EROFS, "choose a folder on a file system that can be written"},
		{syscall.EBUSY, "it may be a mount point: choose a folder inside it"},
		{syscall.ENOLCK, "this file system has no file locks: mount it with them or choose another folder"},
		{errors.ErrUnsupported, "this file system has no file locks: mount it with them or choose another folder"},
		{fs.ErrPermission, "make the folder writable for this user or choose another one"},
	} {
		if errors.Is(err, c.cause) {
			return fmt.Errorf("%w: %s", err, c.remedy)
		}
	}
	return err
}

// WriteError is the error of a file or folder that cannot be written, with its remedy; nil without one.
func WriteError(path string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("write %s: %w", path, WithRemedy(err))
}
