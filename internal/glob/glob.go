// Package glob finds the files that a pattern names.
package glob

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Files returns what filepath.Glob does, but refuses **, which shells know: filepath.Glob would take it for a single *,
// and leave deeper folders out without a word.
func Files(pattern string) ([]string, error) {
	if strings.Contains(pattern, "**") {
		return nil, errors.New("** is not known: write a * for each level of folders, such as corpus/*/*.txt")
	}
	return filepath.Glob(pattern)
}

// Expand returns what a path or a pattern names: the path itself, unless it is a pattern and nothing has that name, or
// at least one file or folder.
func Expand(path string) ([]string, error) {
	_, err := os.Stat(path)
	switch {
	case !os.IsNotExist(err):
		return []string{path}, err
	case !strings.ContainsAny(path, "*?["):
		return nil, fmt.Errorf("%s does not exist", path)
	}
	found, err := Files(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("pattern %s: %w", path, err)
	case len(found) == 0:
		return nil, fmt.Errorf("no file matches %s", path)
	}
	return found, nil
}
