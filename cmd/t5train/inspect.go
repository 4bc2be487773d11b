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
	"t5train/checkpoints/hub"
	"t5train/data/chunks"
	"t5train/data/dataset"
	"t5train/data/parquetio"
	"t5train/data/tokenizer"
	"t5train/internal/ui"
)

func inspectCommand(a app) *cobra.Command {
	noVerify := false
	c := &cobra.Command{
		Use:   "inspect PATH",
		Short: "Describe a parquet file, a tokenizer, a token store, a checkpoint or a run",
		Example: `  t5train inspect train.parquet
  t5train inspect spiece.model
  t5train inspect runs/quickstart
  t5train inspect runs/first/tokens
  t5train inspect ` + builtin.Default,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misuse(c, "got %d paths, want one: put globs in quotes", len(args))
			}
			p := printer{ui.NewLines(a.stdout), noVerify, func(paths []string) (*parquetio.Dataset, error) {
				return dataset.OpenFiles(c.Context(), paths, nil)
			}}
			return p.Finish(p.path(args[0]))
		},
	}
	addNoVerify(c, &noVerify)
	return c
}

// printer writes descriptions.
type printer struct {
	ui.Lines
	noVerify bool // weights that are described are not read
	open     func(paths []string) (*parquetio.Dataset, error)
}

func (p printer) path(path string) error {
	info, err := os.Stat(path)
	switch {
	case builtin.IsName(path):
		if err := builtin.Check(path); err != nil {
			return fmt.Errorf("inspect: %w", err)
		}
		return p.folder(path)
	case errors.Is(err, fs.ErrNotExist) && isHubName(path):
		return p.folder(path)
	case err != nil && !strings.ContainsAny(path, "*?["):
		return fmt.Errorf("inspect: %w", err)
	case err == nil && info.IsDir():
		return p.folder(path)
	case strings.HasSuffix(path, ".safetensors"), strings.HasSuffix(path, ".bin"), filepath.Base(path) == "config.json":
		return p.folder(filepath.Dir(path))
	case strings.HasSuffix(path, ".model"), filepath.Base(path) == "tokenizer.json":
		return p.tokenizer(path)
	default:
		return p.parquet(path)
	}
}

// isHubName reports whether a path may be the name of a model in the cache of Hugging Face.
func isHubName(path string) bool {
	_, ok := hub.ParseName(path)
	_, _, err := checkpoints.Resolve(path)
	return ok && err == nil
}

func (p printer) folder(path string) error {
	if dir, how, err := checkpoints.Resolve(path); err == nil {
		if dir != path {
			if err := checkpoints.DescribeRun(p.Lines, path); err != nil {
				return err
			}
			p.Line("shown", "%s", how)
		}
		return checkpoints.Describe(p.Lines, dir, !p.noVerify)
	} else if parts, err := partsOf([]string{path}); err != nil {
		return err
	} else if parquet, _ := filepath.Glob(filepath.Join(path, "*.parquet")); len(parquet) > 0 || parts[0].split != "" {
		for i, s := range parts {
			part(p.Lines, i, s.title)
			if err := p.parquet(s.files...); err != nil {
				return err
			}
		}
		return nil
	} else if stores := storesIn(path); len(stores) > 0 {
		return p.stores(stores)
	} else if t, tokErr := tokenizer.Load(path); tokErr == nil {
		checkpoints.DescribeTokenizer(p.Lines, t)
		return nil
	} else {
		return fmt.Errorf("inspect: %s is no checkpoint, no run, no folder of parquet files, no tokenizer and no "+
			"token store: %w", path, err)
	}
}

func (p printer) parquet(paths ...string) error {
	set, err := p.open(paths)
	if err != nil {
		return err
	}
	for _, f := range set.Files() {
		p.Line("file", "%s: %d rows, %d row groups, %s, %s, written by %s", f.Path, f.Rows, f.RowGroups,
			ui.Bytes(f.Bytes),
			strings.Join(f.Compression, "+"), f.CreatedBy)
	}
	p.Line("rows", "%d", set.Rows())
	for _, c := range set.Columns() {
		kind := c.FullType()
		if c.Nullable {
			kind += ", may be null"
		}
		if c.ClassLabels != nil {
			kind += fmt.Sprintf(", ClassLabel of %d: %s", len(c.ClassLabels), ui.Shorten(c.ClassLabels, 10))
		}
		p.Line("column", "%s: %s", c.Name, kind)
	}
	for _, conflict := range set.Conflicts() {
		p.Line("left out", "%s", conflict)
	}
	for _, note := range set.Notes() {
		p.Line("note", "%s", note)
	}
	return nil
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
