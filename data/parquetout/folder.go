package parquetout

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"t5train/internal/durable"
)

const (
	stagingName = ".t5train-part"
	lockName    = ".t5train-lock"
)

// Folder gathers the files of a data set beside their places, in a hidden folder, until all of them are complete.
type Folder struct {
	dir     string
	file    string // the only file, if the data set is one; else the files are shards of splits
	splits  []*Split
	made    bool // the folder is ours to remove again
	names   []string
	replace bool
	release func()
}

// CreateFolder makes or opens the folder for shards of the named splits, train-00000-of-00001.parquet. Shards of these
// splits that are there already are an error, or with overwrite are replaced at the end; other files stay.
func CreateFolder(dir string, names []string, overwrite bool) (*Folder, error) {
	f := &Folder{dir: dir, names: names, replace: overwrite}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("write %s: it is a file, want a folder, or a name that ends in .parquet", dir)
	} else if f.made = errors.Is(err, fs.ErrNotExist); f.made {
		if err := durable.MkdirAll(dir); err != nil {
			return nil, fmt.Errorf("write %s: %w", dir, durable.WithRemedy(err))
		}
	}
	old, err := f.old()
	if err == nil && len(old) > 0 && !overwrite {
		err = fmt.Errorf("write %s: %s is there already: choose another --output, or replace it with --overwrite", dir, filepath.Base(old[0]))
	}
	if err == nil {
		err = f.stage()
	}
	if err != nil {
		f.removeMade()
		return nil, err
	}
	return f, nil
}

// CreateFile is CreateFolder for a data set in one file, whose folder is there.
func CreateFile(path string, overwrite bool) (*Folder, error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // the rename shall replace the file, not the link to it
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return nil, fmt.Errorf("write %s: it is no regular file: choose another --output", path)
	case err == nil && !overwrite:
		return nil, fmt.Errorf("write %s: it is there already: choose another --output, or replace it with --overwrite", path)
	}
	f := &Folder{dir: filepath.Dir(path), file: filepath.Base(path)}
	if _, err := os.Stat(f.dir); err != nil {
		return nil, fmt.Errorf("write %s: %w: make the folder first, or choose another --output", path, err)
	}
	if err := f.stage(); err != nil {
		return nil, err
	}
	return f, nil
}

// stage makes the hidden folder, in place of one that a killed process left.
func (f *Folder) stage() error {
	release, err := durable.TryLock(filepath.Join(f.dir, lockName))
	if err != nil {
		return fmt.Errorf("write %s: %w", f.dir, durable.WithRemedy(err))
	}
	staging := filepath.Join(f.dir, stagingName)
	if err = os.RemoveAll(staging); err == nil {
		err = os.Mkdir(staging, 0o777)
	}
	if err != nil {
		release()
		return fmt.Errorf("write %s: %w", f.dir, durable.WithRemedy(err))
	}
	f.release = release
	return nil
}

var shardName = regexp.MustCompile(`^(.+)-[0-9]{5}-of-[0-9]{5}\.parquet$`)

// old lists the shards of the splits that are there.
func (f *Folder) old() ([]string, error) {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", f.dir, durable.WithRemedy(err))
	}
	var paths []string
	for _, e := range entries {
		if m := shardName.FindStringSubmatch(e.Name()); m != nil && slices.Contains(f.names, m[1]) {
			paths = append(paths, filepath.Join(f.dir, e.Name()))
		}
	}
	return paths, nil
}

// Split begins a split, whose files are cut as soon as they exceed shardBytes.
func (f *Folder) Split(name string, columns []Column, shardBytes int64) (*Split, error) {
	if f.file != "" {
		shardBytes = math.MaxInt64
	}
	s := &Split{name: name, base: filepath.Join(f.dir, stagingName, name), columns: columns, shardBytes: shardBytes}
	f.splits = append(f.splits, s)
	return s, s.begin() // a split without rows has a file too, which tells its columns
}

// Finish completes the files and gives them their names. It returns the paths, split by split.
func (f *Folder) Finish() ([]string, error) {
	var from, to []string
	for _, s := range f.splits {
		if err := s.end(); err != nil {
			return nil, err
		}
		for i, path := range s.paths {
			name := f.file
			if name == "" {
				name = fmt.Sprintf("%s-%05d-of-%05d.parquet", s.name, i, len(s.paths))
			}
			from, to = append(from, path), append(to, filepath.Join(f.dir, name))
		}
	}
	old, err := f.old()
	if err != nil {
		return nil, err
	}
	for i := range from {
		if err := os.Rename(from[i], to[i]); err != nil {
			return nil, fmt.Errorf("write %s: %w", to[i], durable.WithRemedy(err))
		}
	}
	f.made = false
	for _, path := range old {
		if f.replace && !slices.Contains(to, path) {
			if err := os.Remove(path); err != nil {
				return nil, fmt.Errorf("replace %s: %w: remove it, for it is of the data that was there before", path, durable.WithRemedy(err))
			}
		}
	}
	if err := durable.SyncDir(f.dir); err != nil {
		return nil, fmt.Errorf("write %s: %w", f.dir, durable.WithRemedy(err))
	}
	return to, nil
}

// Close removes what Finish has not given a name.
func (f *Folder) Close() error {
	for _, s := range f.splits {
		s.abandon()
	}
	err := os.RemoveAll(filepath.Join(f.dir, stagingName))
	f.release()
	f.removeMade()
	return err
}

// removeMade removes a folder of ours that nothing is in.
func (f *Folder) removeMade() {
	if f.made {
		os.Remove(f.dir) // fails, as it should, when something is in it
	}
}

// IsFile tells whether an output names a file, and not a folder.
func IsFile(output string) bool { return strings.EqualFold(filepath.Ext(output), ".parquet") }
