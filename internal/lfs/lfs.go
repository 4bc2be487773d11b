// Package lfs recognises the pointers that a clone without git-lfs leaves in the place of large files: short texts that
// name the content, which no reader of the real format can make sense of.
package lfs

import (
	"bytes"
	"errors"
	"io"
)

// ErrPointer is the error for a file that is a pointer.
var ErrPointer = errors.New("it is a git-lfs pointer, a text that stands for the file and not the file itself: " +
	"run git lfs pull in the repository that it is of, or download the file")

// begins is what every pointer begins with (git-lfs docs/spec.md); the older one is of before version 1.
var begins = [][]byte{[]byte("version https://git-lfs.github.com/spec/"),
	[]byte("version https://hawser.github.com/spec/")}

// Check returns ErrPointer for the content of a pointer, or its beginning.
func Check(content []byte) error {
	for _, b := range begins {
		if bytes.HasPrefix(content, b) {
			return ErrPointer
		}
	}
	return nil
}

// CheckFile returns ErrPointer for an open file that is a pointer. What cannot be read is left to the reader of the
// file.
func CheckFile(f io.ReaderAt) error {
	head := make([]byte, len(begins[0]))
	n, _ := f.ReadAt(head, 0)
	return Check(head[:n])
}
