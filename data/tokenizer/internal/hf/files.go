// Package hf reads and writes the files that Hugging Face's libraries keep a tokenizer in, apart from the model file.
package hf

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"t5train/internal/bounded"
	"t5train/internal/lfs"
)

// The names of the files.
const (
	TokenizerFile  = "tokenizer.json"
	ConfigFile     = "tokenizer_config.json"
	SpecialMapFile = "special_tokens_map.json"
	AddedFile      = "added_tokens.json" // of transformers before 4.34
)

// ReadFile reads a file of a bounded size. Errors name the file, which may be one of several in a folder.
func ReadFile(path string) ([]byte, error) {
	raw, err := bounded.ReadFile(path)
	if err == nil {
		err = lfs.Check(raw)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), Cause(err))
	}
	return raw, nil
}

// IsFile reports whether something of that name is there that is no folder.
func IsFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// Cause drops the path of a file error: the caller names it already.
func Cause(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}
