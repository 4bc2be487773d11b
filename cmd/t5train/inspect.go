package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"t5train/checkpoints"
	"t5train/checkpoints/builtin"
	"t5train/checkpoints/gguf"
	"t5train/checkpoints/hub"
	"t5train/data/chunks"
	"t5train/data/tokenizer"
	"t5train/internal/ui"
)

func inspectCommand(a app) *cobra.Command {
	noVerify := false
	var d dataInspect
	c := &cobra.Command{
		Use:   "inspect PATH...",
		Short: "Describe data, a tokenizer, a token store, a checkpoint, a GGUF file or a run",
		Long: `Describe data (columns with their classes, some rows, how often each label is there, how long texts are in tokens, and
what the limits of training would cut), a checkpoint, a run, a tokenizer or a token store. Several files of data are
described as one data set, a folder with splits split by split. Columns are measured by themselves: what a task puts in
front of a text comes on top.`,
		Example: `  t5train inspect runs/quickstart
  t5train inspect 'reviews/train-*.parquet' --column text --max-input-length 256
  t5train inspect ` + builtin.Default,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misuse(c, "no path: name data, a tokenizer, a token store, a checkpoint or a run")
			}
			if len(args) == 1 {
				p := printer{ui.NewLines(a.stdout), noVerify}
				if described, err := p.path(args[0]); described || err != nil {
					return p.Finish(err)
				}
			}
			return d.run(c, a, args)
		},
	}
	addNoVerify(c, &noVerify)
	d.add(c)
	return c
}

// printer writes descriptions.
type printer struct {
	ui.Lines
	noVerify bool // weights that are described are not read
}

// path describes what is no data, and reports whether it did.
func (p printer) path(path string) (described bool, err error) {
	info, err := os.Stat(path)
	switch {
	case builtin.IsName(path):
		if err := builtin.Check(path); err != nil {
			return false, fmt.Errorf("inspect: %w", err)
		}
		return p.folder(path)
	case errors.Is(err, fs.ErrNotExist) && isHubName(path):
		return p.folder(path)
	case errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(path, "*?["):
		return false, fmt.Errorf("inspect: %s does not exist", path)
	case err != nil && !strings.ContainsAny(path, "*?["):
		return false, fmt.Errorf("inspect: %w", err)
	case err == nil && info.IsDir():
		return p.folder(path)
	case strings.HasSuffix(path, ".safetensors"), strings.HasSuffix(path, ".bin"), filepath.Base(path) == "config.json":
		return p.folder(filepath.Dir(path))
	case strings.HasSuffix(path, ".gguf"):
		if err := gguf.Describe(p.Lines, path, true); err != nil {
			return false, fmt.Errorf("inspect: %w", err)
		}
		return true, nil
	case strings.HasSuffix(path, ".model"), filepath.Base(path) == "tokenizer.json":
		return true, p.tokenizer(path)
	}
	return false, nil
}

// isHubName reports whether a path may be the name of a model in the cache of Hugging Face.
func isHubName(path string) bool {
	_, ok := hub.ParseName(path)
	_, _, err := checkpoints.Find(path)
	return ok && err == nil
}

func (p printer) folder(path string) (described bool, err error) {
	if dir, how, err := checkpoints.Find(path); err == nil {
		if dir != path {
			if err := checkpoints.DescribeRun(p.Lines, path); err != nil {
				return true, err
			}
			p.Line("shown", "%s", how)
		}
		return true, checkpoints.Describe(p.Lines, dir, !p.noVerify)
	} else if sets, err := describedTogether([]string{path}); err != nil {
		return false, err
	} else if parquet, _ := filepath.Glob(filepath.Join(path, "*.parquet")); len(parquet) > 0 || sets[0].split != "" {
		return false, nil
	} else if stores := storesIn(path); len(stores) > 0 {
		return true, p.stores(stores)
	} else if t, tokErr := tokenizer.Load(path); tokErr == nil {
		checkpoints.DescribeTokenizer(p.Lines, t)
		return true, nil
	} else {
		return false, fmt.Errorf("inspect: %s is no checkpoint, no run, no folder of parquet files, no tokenizer and no "+
			"token store: %w", path, err)
	}
}

func (p printer) tokenizer(path string) error {
	t, err := tokenizer.Load(path)
	if err != nil {
		return err
	}
	checkpoints.DescribeTokenizer(p.Lines, t)
	return nil
}

// storesIn returns the token store in a folder, or those below it.
func storesIn(path string) []string {
	for _, pattern := range []string{"store.json", filepath.Join("tokens-*", "store.json")} {
		if found, _ := filepath.Glob(filepath.Join(path, pattern)); len(found) > 0 {
			return found
		}
	}
	return nil
}

func (p printer) stores(files []string) error {
	for _, file := range files {
		dir := filepath.Dir(file)
		m, err := chunks.ReadManifest(dir)
		if err != nil {
			return err
		}
		p.Line("store", "%s: %d documents, %d tokens, %d bytes of text, from %d of %d rows", dir, m.Documents, m.Tokens,
			m.TextBytes, m.Done, m.Rows)
		var names []string
		for _, f := range m.Files {
			names = append(names, f.Name)
		}
		p.Line("text", "column %s of %s", m.Column, ui.Shorten(names, 10))
	}
	return nil
}
