package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// The functions of this file are those of package os for writers whose files a killed process must leave in order: a
// test can end such a writer at each of its changes of the disk (see KillAfter).

// Rename is os.Rename.
func Rename(from, to string) error {
	if err := change(from); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// Mkdir is os.Mkdir for all users that the system lets.
func Mkdir(path string) error {
	if err := change(path); err != nil {
		return err
	}
	return os.Mkdir(path, 0o777)
}

// Remove is os.Remove.
func Remove(path string) error {
	if err := change(path); err != nil {
		return err
	}
	return os.Remove(path)
}

// RemoveAll is os.RemoveAll.
func RemoveAll(path string) error {
	if !killing(path) {
		return os.RemoveAll(path)
	}
	var paths []string // file by file, as the system has it: a folder before what is in it
	err := filepath.WalkDir(path, func(path string, _ fs.DirEntry, err error) error {
		paths = append(paths, path)
		return err
	})
	if os.IsNotExist(err) {
		return nil
	}
	for _, path := range slices.Backward(paths) {
		if err := Remove(path); err != nil {
			return err
		}
	}
	return err
}

// File is an open file that is written.
type File struct{ *os.File }

// Create is os.Create but for links, see OpenFile.
func Create(path string) (*File, error) {
	return OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o666)
}

// OpenFile is os.OpenFile but for a symbolic link at path, which is an error: whoever can make one in a folder that we
// write, or hand over such a folder, would have us change files elsewhere. Links to the folder are followed.
func OpenFile(path string, flag int, perm fs.FileMode) (*File, error) {
	if err := change(path); err != nil {
		return nil, err
	}
	if err := CheckNoLink(path); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, flag|noFollow, perm)
	if err != nil {
		return nil, err
	}
	return &File{f}, nil
}

// CheckNoLink returns an error for a symbolic link.
func CheckNoLink(path string) error {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return nil // what else is wrong is found where the file is opened
	}
	return &fs.PathError{Op: "open", Path: path, Err: errLink}
}

var errLink = errors.New("it is a symbolic link, which is not written through: remove the link, or put what it names " +
	"in its place")

// Write is that of os.File.
func (f *File) Write(p []byte) (int, error) {
	if err := change(f.Name()); err != nil {
		if torn() { // the part that came before the end
			f.File.Write(p[:len(p)/2])
		}
		return 0, err
	}
	return f.File.Write(p)
}

// ReadFrom copies by Write: that of os.File would go past it.
func (f *File) ReadFrom(r io.Reader) (int64, error) { return io.Copy(struct{ io.Writer }{f}, r) }

// Truncate is that of os.File.
func (f *File) Truncate(size int64) error {
	if err := change(f.Name()); err != nil {
		return err
	}
	return f.File.Truncate(size)
}
