package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// CheckOutput makes sure, before any work, that a file can be written at output. Devices are looked at when they are
// opened.
func CheckOutput(output string) error {
	if real, err := filepath.EvalSymlinks(output); err == nil {
		output = real
	}
	info, err := os.Stat(output)
	if output == "-" || err == nil && !info.Mode().IsRegular() {
		return nil
	}
	dir := filepath.Dir(output)
	if _, err := os.Stat(dir); err != nil {
		return noFolder(output, errors.Unwrap(err))
	}
	if err := CheckWritable(dir); err != nil {
		return fmt.Errorf("write %s: %w, or choose another run.output", output, err)
	}
	return nil
}

// OpenOutput opens the place for results: a file, or standard output for the path -. A file appears under its name
// only when finish is called without an error, so that a failed run leaves no half of one; finish returns the error
// that it is given, or its own. What cannot be written is found here, before any work is done.
func OpenOutput(stdout io.Writer, path string) (w io.Writer, finish func(error) error, err error) {
	if path == "-" || path == "/dev/stdout" {
		return stdout, func(err error) error { return err }, nil
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil, nil, fmt.Errorf("write %s: it is a folder: name a file in it", path)
	case err == nil && !info.Mode().IsRegular():
		return openDevice(path)
	}
	file, slot, release, err := createIn(path)
	if errors.Is(err, ErrLocked) {
		return nil, nil, fmt.Errorf(
			"write %s: another process is writing it: wait for it, or choose another run.output", path)
	}
	if failed := (*fs.PathError)(nil); errors.As(err, &failed) {
		err = failed.Err // the name is of no interest
	}
	if err != nil {
		return nil, nil, noFolder(path, err)
	}
	buffered := bufio.NewWriter(file)
	return buffered, func(err error) error {
		defer release()
		if err != nil {
			file.Close()
			Remove(file.Name())
			return err
		}
		if err = buffered.Flush(); err == nil {
			err = errors.Join(file.Chmod(0o644), file.Sync())
		}
		if err = errors.Join(err, file.Close()); err == nil {
			err = slot.Swap()
		}
		if err != nil {
			Remove(file.Name())
			return fmt.Errorf("write %s: %w: free some space or choose another run.output", path, err)
		}
		return nil
	}, nil
}

// noFolder is the error of a file whose folder cannot take it.
func noFolder(path string, err error) error {
	return fmt.Errorf("write %s: %w: make the folder, make it writable, or choose another run.output", path, err)
}

// createIn makes the file that gets the name path, or that which a link there leads to, when it is complete.
func createIn(path string) (file *File, slot Slot, release func(), err error) {
	if slot, err = NewSlot(path); err != nil {
		return nil, slot, nil, err
	}
	if release, err = slot.TryClaim(); err != nil {
		return nil, slot, nil, err
	}
	if file, err = Create(slot.Temp); err != nil {
		release()
	}
	return file, slot, release, err
}

// openDevice opens what a rename would destroy, such as /dev/stderr or a named pipe.
func openDevice(path string) (w io.Writer, finish func(error) error, err error) {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("write: %w: choose another run.output", err)
	}
	return file, func(err error) error { return errors.Join(err, file.Close()) }, nil
}

// SameFile returns the input that is the file output too, under whatever names: it shall not be replaced by what is
// made of it. Inputs are paths, folders or globs; what is no such thing is passed over. "" is none.
func SameFile(output string, inputs []string, stdin io.Reader) (string, error) {
	info, err := os.Stat(output)
	if err != nil || !info.Mode().IsRegular() {
		return "", nil
	}
	if f, ok := stdin.(interface{ Stat() (fs.FileInfo, error) }); ok {
		if in, err := f.Stat(); err == nil && os.SameFile(in, info) {
			return "on standard input", nil
		}
	}
	for _, input := range inputs {
		paths := []string{input}
		if in, err := os.Stat(input); err != nil {
			paths, _ = filepath.Glob(input) // a pattern that is wrong matches nothing
		} else if in.IsDir() {
			if err := filepath.WalkDir(input, func(path string, _ fs.DirEntry, err error) error {
				paths = append(paths, path)
				return err
			}); err != nil {
				return "", fmt.Errorf("read inputs: %w", err)
			}
		}
		for _, path := range paths {
			if in, err := os.Stat(path); err == nil && os.SameFile(in, info) {
				return path, nil
			}
		}
	}
	return "", nil
}

// CheckReplaceable makes sure that a file at output, if there is one, may go.
func CheckReplaceable(output string, overwrite bool) error {
	info, err := os.Stat(output)
	if errors.Is(err, fs.ErrNotExist) || overwrite {
		return nil
	}
	if err == nil && info.Mode().IsRegular() {
		return fmt.Errorf("write %s: there is such a file: choose another run.output, or replace it with run.overwrite",
			output)
	}
	return nil // what is wrong with it is found when it is opened
}
