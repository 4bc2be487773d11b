package atomicfile

import (
	"errors"
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
func ReplaceFile(path string, data []byte) error { return ReplaceThrough(path, path+".new", data) }

// ReplaceThrough is ReplaceFile with a name of the caller's, in the same folder, for the new content.
func ReplaceThrough(path, temp string, data []byte) error {
	defer Remove(temp) // nothing there after a success
	if err := writeFile(temp, data); err != nil {
		return err
	}
	if err := Rename(temp, path); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

func writeFile(path string, data []byte) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
