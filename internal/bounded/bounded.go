// Package bounded reads whole files that are small in all that is sound, such as config.json, and refuses what would
// take the memory of the machine or never end.
package bounded

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

// Variable is the environment variable that raises the bound. Its value is in MB of 2^20 bytes.
const Variable = "T5_MAX_READ_MB"

// defaultMB is far more than the largest of such files has: tokenizer.json of mT5 has 16 MB, the metrics of a long run
// some tens.
const defaultMB = 256

// maxMB keeps the bound, in bytes, within 63 bits.
const maxMB = 1 << 40

// Bytes returns the bound of files. A value of the variable that is no positive integer is an error.
func Bytes() (int64, error) {
	set, err := variable()
	return cmp.Or(set, defaultMB<<20), err
}

// Raised returns a bound of something else than a file, such as a line or a cell, which the variable raises and does
// not lower. Errors are those of [Bytes].
func Raised(bound int64) (int64, error) {
	set, err := variable()
	return max(set, bound), err
}

// variable returns the value of the variable in bytes, or 0 where it is not set.
func variable() (int64, error) {
	text := os.Getenv(Variable)
	if text == "" {
		return 0, nil
	}
	mb, err := strconv.ParseInt(text, 10, 64)
	if err != nil || mb < 1 || mb > maxMB {
		return 0, fmt.Errorf("environment variable %s is %.40q, want a positive integer, in MB: correct or unset it",
			Variable, text)
	}
	return mb << 20, nil
}

// Raise says how a bound is raised for something of a size in bytes.
func Raise(size int64) string {
	return fmt.Sprintf("set %s=%d in the environment", Variable, (size+1<<20-1)>>20)
}

// ReadFile is os.ReadFile for regular files, and links to such, of at most the bound.
func ReadFile(path string) ([]byte, error) {
	bound, err := Bytes()
	if err != nil {
		return nil, err
	}
	// Without O_NONBLOCK the open of a FIFO would wait for a writer.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("it is a directory, want a file")}
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("it is a device or a pipe, want a file")}
	case info.Size() > bound:
		return nil, tooLarge(path, info.Size(), bound)
	}
	return read(f, info.Size(), bound)
}

// Read reads all of a file that is open, which may be a pipe, up to the bound.
func Read(f *os.File) ([]byte, error) {
	bound, err := Bytes()
	if err != nil {
		return nil, err
	}
	return read(f, 0, bound)
}

// read makes no assumption about the size beyond a first guess: the file may grow, and those of /proc say 0.
func read(f *os.File, size, bound int64) ([]byte, error) {
	raw := make([]byte, 0, min(size, bound)+512)
	from := io.LimitReader(f, bound+1)
	for {
		n, err := from.Read(raw[len(raw):cap(raw)])
		raw = raw[:len(raw)+n]
		switch {
		case int64(len(raw)) > bound:
			return nil, tooLarge(f.Name(), int64(len(raw)), bound)
		case err == io.EOF:
			return raw, nil
		case err != nil:
			return nil, err
		}
		if len(raw) == cap(raw) {
			raw = append(raw, 0)[:len(raw)]
		}
	}
}

func tooLarge(path string, size, bound int64) error {
	return &fs.PathError{Op: "read", Path: path,
		Err: fmt.Errorf("it has %d bytes or more, at most %d (%d MB) are read: "+
			"if it is the right one, %s", size, bound, bound>>20, Raise(size))}
}
