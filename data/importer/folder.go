package importer

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"t5train/internal/atomicfile"
)

// Folder gathers the files of a data set beside their places until all of them are complete, which then appear
// together.
type Folder struct {
	dir    string
	file   string // the only file, if the data set is one; else the files are shards of splits
	splits []*Split
	names  []string
	stage  *atomicfile.Stage
}

// CreateFolder makes or opens the folder for shards of the named splits, train-00000-of-00001.parquet. Shards of these
// splits that are there already are an error, or with overwrite are replaced at the end; other files stay.
func CreateFolder(dir string, names []string, overwrite bool) (*Folder, error) {
	f := &Folder{dir: dir, names: names}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("write %s: it is a file, want a folder, or a name that ends in .parquet", dir)
	}
	var err error
	if f.stage, err = atomicfile.OpenStage(dir); err != nil {
		return nil, err
	}
	old, err := f.old()
	// What a killed command had begun to publish is replaced, so that the same command resumes.
	isNew := func(name string) bool { return !slices.Contains(f.stage.Recovered, name) }
	if err == nil && !overwrite && slices.ContainsFunc(old, isNew) {
		err = fmt.Errorf("write %s: %s is there already: choose another run.output, or replace it with run.overwrite",
			dir, old[0])
	}
	if err != nil {
		f.stage.Close()
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
	if err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("write %s: it is no regular file: choose another run.output", path)
	}
	f := &Folder{dir: filepath.Dir(path), file: filepath.Base(path)}
	if _, err := os.Stat(f.dir); err != nil {
		return nil, fmt.Errorf("write %s: %w: make the folder first, or choose another run.output", path, err)
	}
	there := err == nil
	if f.stage, err = atomicfile.OpenStage(f.dir); err != nil {
		return nil, err
	}
	if there && !overwrite && !slices.Contains(f.stage.Recovered, f.file) {
		f.stage.Close()
		return nil, fmt.Errorf("write %s: it is there already: choose another run.output, or replace it with "+
			"run.overwrite",
			path)
	}
	return f, nil
}

var shardName = regexp.MustCompile(`^(.+)-[0-9]{5}-of-[0-9]{5}\.parquet$`)

// old lists the shards of the splits that are there.
func (f *Folder) old() ([]string, error) {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return nil, atomicfile.WriteError(f.dir, err)
	}
	var names []string
	for _, e := range entries {
		if m := shardName.FindStringSubmatch(e.Name()); m != nil && slices.Contains(f.names, m[1]) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// Split begins a split, whose files are cut as soon as they exceed shardBytes.
func (f *Folder) Split(name string, columns []Column, shardBytes int64) (*Split, error) {
	if f.file != "" {
		shardBytes = math.MaxInt64
	}
	s := &Split{name: name, base: f.stage.Path(name), columns: columns, shardBytes: shardBytes}
	f.splits = append(f.splits, s)
	return s, s.begin() // a split without rows has a file too, which tells its columns
}

// Finish completes the files and gives them their names. It returns the paths, split by split.
func (f *Folder) Finish() (paths []string, err error) {
	var names []string
	for _, s := range f.splits {
		if err := s.end(); err != nil {
			return nil, err
		}
		for i, path := range s.paths {
			name := f.file
			if name == "" {
				name = fmt.Sprintf("%s-%05d-of-%05d.parquet", s.name, i, len(s.paths))
			}
			if err := atomicfile.Rename(path, f.stage.Path(name)); err != nil {
				return nil, atomicfile.WriteError(path, err)
			}
			names, paths = append(names, name), append(paths, filepath.Join(f.dir, name))
		}
	}
	old := names // of a file: it is replaced, if it is there
	if f.file == "" {
		if old, err = f.old(); err != nil {
			return nil, err
		}
	}
	return paths, f.stage.Publish(names, old)
}

// Close removes what Finish has not given a name.
func (f *Folder) Close() error {
	for _, s := range f.splits {
		s.abandon()
	}
	return f.stage.Close()
}
