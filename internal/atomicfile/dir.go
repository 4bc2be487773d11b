package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// MkdirAll is os.MkdirAll that brings each new folder's name to the disk.
func MkdirAll(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(path)
	if parent != path {
		if err := MkdirAll(parent); err != nil {
			return err
		}
	}
	if err := Mkdir(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return SyncDir(parent)
}

// MkdirInner is MkdirAll for a folder that is ours inside of one that the user names. A symbolic link in its place is
// an error, as for OpenFile; links on the way to it are followed.
func MkdirInner(path string) error {
	if err := CheckNoLink(path); err != nil {
		return err
	}
	return MkdirAll(path)
}

// SyncDir brings the names in a folder to the disk, where the system knows such a thing.
func SyncDir(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	// Some network file systems keep names by themselves and refuse the call.
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

// ReplaceFile gives the file at path a new content, at once: after a crash it holds the old one or the new one. The
// caller sees to it that no other process does the same: the new content is written to path.new first.
func ReplaceFile(path string, data []byte) error { return replaceThrough(path, path+".new", data) }

func replaceThrough(path, temp string, data []byte) error {
	defer Remove(temp) // nothing there after a success
	if err := writeFile(temp, data); err != nil {
		return err
	}
	return Move(temp, path)
}

func writeFile(path string, data []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// Write writes a file and brings it to the disk, but for its name.
func Write(path string, content func(io.Writer) error) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	if err = content(f); err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// Move is Rename that brings the new name to the disk.
func Move(from, to string) error {
	if err := Rename(from, to); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(to))
}
