// Package glob finds the files that a pattern names.
package glob

import (
	"errors"
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
