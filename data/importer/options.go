package importer

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"t5train/data/table"
	"t5train/internal/ui"
)

// Options say what to import, and how.
type Options struct {
	Inputs    []string     // [SPLIT=]PATH: files, folders or globs
	Format    table.Format // "" is told by names
	Output    string       // a folder, or a name that ends in .parquet
	Overwrite bool

	Read   table.ReadOptions
	Drop   []string        // columns that are left out; a name is that of all in an object, too
	Types  map[string]Type // of columns that are not what their values look like
	Labels []string        // columns whose values become classes

	SkipBadLines int // lines that do not parse, up to which they are left out; more are an error

	Shares   []Share // of the splits; without any, all rows are of split train
	Seed     uint64
	Stratify string // label column, of which each split has the same part of each class
	Group    string // column whose equal values stay in one split

	ShardBytes int64 // size at which a file is cut

	Sink ui.Sink
}

// validate reports everything that contradicts itself.
func (o Options) validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("import: "+format, args...)) }
	if o.SkipBadLines < 0 {
		bad("import.skip_bad_lines %d, want 0 or more", o.SkipBadLines)
	}
	if len(o.Inputs) == 0 {
		bad("no input, want files or folders")
	}
	if len(o.Read.Columns) > 0 && !o.Read.NoHeader {
		bad("columns %s are named, but the first line of the table does that: add import.no_header if it is a row",
			strings.Join(o.Read.Columns, ", "))
	}
	if slices.Contains([]rune{'"', '\n', '\r', 0xfffd}, o.Read.Delimiter) {
		bad("delimiter %q, want one character that is no quote and no end of line", o.Read.Delimiter)
	}
	for _, name := range slices.Sorted(maps.Keys(o.Types)) {
		if slices.Contains(o.Labels, name) {
			bad("column %s has a type and is a label: leave one of them out", name)
		}
	}
	if o.Group != "" && o.Stratify != "" {
		bad("rows are grouped by %s and stratified by %s, want one of the two", o.Group, o.Stratify)
	}
	if len(o.Shares) == 0 && (o.Group != "" || o.Stratify != "") {
		bad("rows are grouped or stratified, but not split: add import.split")
	}
	if unpacked := table.Unpacked(o.Output); unpacked != o.Output && table.IsParquet(unpacked) {
		bad("%s: parquet is packed in itself: leave out .gz", o.Output)
	}
	if table.IsParquet(o.Output) && len(o.Shares) > 1 {
		bad("%s is one file, want a folder for %d splits", o.Output, len(o.Shares))
	}
	return errors.Join(errs...)
}

// DefaultSplit is the split of rows that nothing divides, as datasets names it.
const DefaultSplit = "train"

// splits returns the names of the splits, in order.
func (o Options) splits(groups []table.Group) ([]string, error) {
	var names []string
	for _, g := range groups {
		for _, in := range g.Inputs {
			if !slices.Contains(names, in.Split) {
				names = append(names, in.Split)
			}
		}
	}
	unnamed := slices.Contains(names, "")
	switch {
	case unnamed && len(names) > 1:
		return nil, fmt.Errorf("import: some inputs name their split and others do not: name all, as in train=FILE")
	case !unnamed && len(o.Shares) > 0:
		return nil, fmt.Errorf("import: the inputs name their splits, so import.split has nothing to divide: leave " +
			"one of them out")
	case !unnamed && table.IsParquet(o.Output) && len(names) > 1:
		return nil, fmt.Errorf("import: %s is one file, want a folder for the splits %s", o.Output,
			strings.Join(names, ", "))
	case !unnamed:
		return names, nil
	case len(o.Shares) == 0:
		return []string{DefaultSplit}, nil
	}
	names = nil
	for _, s := range o.Shares {
		names = append(names, s.Name)
	}
	return names, nil
}
