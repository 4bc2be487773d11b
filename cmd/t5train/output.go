package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"t5train/data/table"
	"t5train/internal/atomicfile"
)

// checkUnpacked refuses the name of a packed file, which a reader would unpack.
func checkUnpacked(c *cobra.Command, output string) error {
	if table.Unpacked(output) == output {
		return nil
	}
	return usageError{fmt.Errorf("--output %s: it is not packed: leave out %s", output, filepath.Ext(output)), c.CommandPath()}
}

// checkWritable makes sure, before any work, that a file can be written at output. Devices are looked at when they are opened.
func checkWritable(output string) error {
	if real, err := filepath.EvalSymlinks(output); err == nil {
		output = real
	}
	info, err := os.Stat(output)
	if output == "-" || err == nil && !info.Mode().IsRegular() {
		return nil
	}
	dir := filepath.Dir(output)
	if _, err := os.Stat(dir); err != nil {
		return fmt.Errorf("write %s: %w: make the folder, make it writable, or choose another --output", output, errors.Unwrap(err))
	}
	if err := atomicfile.CheckWritable(dir); err != nil {
		return fmt.Errorf("write %s: %w, or choose another --output", output, err)
	}
	return nil
}

// openOutput opens the place for results: a file, or standard output for the path -. A file appears under its name
// only when finish is called without an error, so that a failed run leaves no half of one; finish returns the error
// that it is given, or its own. What cannot be written is found here, before any work is done.
func openOutput(stdout io.Writer, path string) (w io.Writer, finish func(error) error, err error) {
	if path == "-" || path == "/dev/stdout" {
		return stdout, func(err error) error { return err }, nil
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // the rename shall replace the file, not the link to it
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil, nil, fmt.Errorf("write %s: it is a folder: name a file in it", path)
	case err == nil && !info.Mode().IsRegular():
		return openDevice(path)
	}
	file, release, err := createBeside(path)
	if errors.Is(err, atomicfile.ErrLocked) {
		return nil, nil, fmt.Errorf("write %s: another process is writing it: wait for it, or choose another --output", path)
	}
	if failed := (*fs.PathError)(nil); errors.As(err, &failed) {
		err = failed.Err // the name is of no interest
	}
	if err != nil {
		return nil, nil, fmt.Errorf("write %s: %w: make the folder, make it writable, or choose another --output", path, err)
	}
	buffered := bufio.NewWriter(file)
	return buffered, func(err error) error {
		defer release()
		if err != nil {
			file.Close()
			atomicfile.Remove(file.Name())
			return err
		}
		if err = buffered.Flush(); err == nil {
			err = errors.Join(file.Chmod(0o644), file.Sync())
		}
		if err = errors.Join(err, file.Close()); err == nil {
			err = atomicfile.Rename(file.Name(), path)
		}
		if err != nil {
			atomicfile.Remove(file.Name())
			return fmt.Errorf("write %s: %w: free some space or choose another --output", path, err)
		}
		return nil
	}, nil
}

// createBeside makes the file that gets the name path when it is complete. Its own name tells what a killed process has left,
// which goes here. release lets the next process write it.
func createBeside(path string) (file *atomicfile.File, release func(), err error) {
	hidden := filepath.Join(filepath.Dir(path), "."+filepath.Base(path))
	if release, err = atomicfile.TryLock(hidden + ".t5train-lock"); err != nil {
		return nil, nil, err
	}
	temp := hidden + ".t5train-tmp"
	if err = atomicfile.Remove(temp); err == nil || errors.Is(err, fs.ErrNotExist) {
		file, err = atomicfile.Create(temp)
	}
	if err != nil {
		release()
	}
	return file, release, err
}

// openDevice opens what a rename would destroy, such as /dev/stderr or a named pipe.
func openDevice(path string) (w io.Writer, finish func(error) error, err error) {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("write: %w: choose another --output", err)
	}
	return file, func(err error) error { return errors.Join(err, file.Close()) }, nil
}
