package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"t5train/trainer/runlog"
)

// Find returns the folders of runs in a folder, at any depth, in order. What is in the folder of a run is its own. A
// link counts if it leads to a run.
func Find(root string) ([]string, error) {
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list runs: there is no folder %s: name the one that holds your runs", root)
	}
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	var found []string
	for _, e := range entries {
		path := filepath.Join(root, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case (e.IsDir() || e.Type()&os.ModeSymlink != 0) && IsRun(path):
			found = append(found, path)
		case e.IsDir():
			below, err := Find(path)
			if err != nil {
				continue // a folder of others that may not be read
			}
			found = append(found, below...)
		}
	}
	return found, nil
}

// Folders returns the folders of runs that paths name: those of runs, and those that hold runs.
func Folders(paths []string) ([]string, error) {
	var all []string
	for _, path := range paths {
		found := []string{path}
		if !IsRun(path) {
			var err error
			if found, err = Find(path); err != nil {
				return nil, err
			}
			if len(found) == 0 {
				return nil, fmt.Errorf("open run: %s holds no run: want a folder with %s and %s, as training leaves "+
					"it", path,
					runlog.ConfigName, runlog.HistoryName)
			}
		}
		for _, dir := range found {
			if !slices.Contains(all, dir) {
				all = append(all, dir)
			}
		}
	}
	return all, nil
}

// Open reads the runs that paths name.
func Open(paths ...string) ([]*Run, error) {
	dirs, err := Folders(paths)
	if err != nil {
		return nil, err
	}
	return readAll(dirs), nil
}

// readAll reads runs. Where two have the same name, they are told apart by their paths.
func readAll(dirs []string) []*Run {
	count := make(map[string]int)
	var runs []*Run
	for _, dir := range dirs {
		r := Read(dir)
		count[r.Name]++
		runs = append(runs, r)
	}
	for _, r := range runs {
		if count[r.Name] > 1 {
			r.Name = r.Path
		}
	}
	return runs
}
