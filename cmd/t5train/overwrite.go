package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

// checkSpared makes sure that the file output is none of the inputs, under whatever names: they shall not be replaced by
// what is made of them. Inputs are paths, folders or globs; what is no such thing is passed over.
func checkSpared(c *cobra.Command, output string, inputs []string, stdin io.Reader) error {
	info, err := os.Stat(output)
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	refuse := func(input string) error {
		return usageError{fmt.Errorf("--output %s: it is the same file as the input %s: choose another --output", output, input), c.CommandPath()}
	}
	if f, ok := stdin.(interface{ Stat() (fs.FileInfo, error) }); ok {
		if in, err := f.Stat(); err == nil && os.SameFile(in, info) {
			return refuse("on standard input")
		}
	}
	for _, input := range inputs {
		paths := []string{input}
		if in, err := os.Stat(input); err != nil {
			paths, _ = filepath.Glob(input) // a pattern that is wrong matches nothing
		} else if in.IsDir() {
			if err := filepath.WalkDir(input, func(path string, _ fs.DirEntry, err error) error {
				paths = append(paths, path)
				return err
			}); err != nil {
				return fmt.Errorf("read inputs: %w", err)
			}
		}
		for _, path := range paths {
			if in, err := os.Stat(path); err == nil && os.SameFile(in, info) {
				return refuse(path)
			}
		}
	}
	return nil
}

// checkReplaceable makes sure that a file at output, if there is one, may go.
func checkReplaceable(output string, overwrite bool) error {
	info, err := os.Stat(output)
	if errors.Is(err, fs.ErrNotExist) || overwrite {
		return nil
	}
	if err == nil && info.Mode().IsRegular() {
		return fmt.Errorf("write %s: there is such a file: choose another --output, or replace it with --overwrite", output)
	}
	return nil // what is wrong with it is found when it is opened
}
