package table

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"t5train/internal/glob"
	"t5train/internal/splits"
)

// Input is a file to read.
type Input struct {
	Path   string
	Format Format
	Label  string // of Classes
	Split  string // that the rows belong to, "" where ratios decide
}

// Group is what one argument names: files of one format.
type Group struct {
	Argument string
	Inputs   []Input
	Why      string // the format is what it is
	LeftOut  []string
}

// LabelColumn is the column of the folders' names.
const LabelColumn = "label"

// ErrUnknownFormat says that a file is named like none of a format.
var ErrUnknownFormat = errors.New("its name does not tell its format")

var SplitName = regexp.MustCompile(`^[A-Za-z0-9_]+$`) // as datasets finds it in the name of a file

// FindInputs returns the files that arguments of the form [SPLIT=]PATH name, in order. A path is a file, a folder or a
// glob. The format, if it is not given, is told by the names of files, and for .json by the beginning of its text.
func FindInputs(arguments []string, format Format) ([]Group, error) {
	if format != "" && !slices.Contains(Formats(), format) {
		return nil, fmt.Errorf("find inputs: format %q, want one of %v", format, Formats())
	}
	var groups []Group
	for _, argument := range arguments {
		path, split := argument, ""
		if name, rest, ok := strings.Cut(argument, "="); ok && SplitName.MatchString(name) {
			if _, err := os.Stat(argument); err != nil {
				path, split = rest, name
			}
		}
		paths, err := Expand(path)
		if err != nil {
			return nil, err
		}
		for _, p := range paths {
			g, err := Find(p, format)
			if err != nil {
				return nil, err
			}
			if split != "" {
				g.moveTo(split)
			} else if g.Inputs[0].Split == "" {
				if err := g.nameSplits(); err != nil {
					return nil, fmt.Errorf("find inputs: %w", err)
				}
			}
			groups = append(groups, g)
		}
	}
	nameSplitsOfFiles(groups)
	return groups, nil
}

// nameSplitsOfFiles gives files that are named one by one, or by a glob, the splits that their names have: where all
// have one, and not all the same.
func nameSplitsOfFiles(groups []Group) {
	names := make([]string, len(groups))
	for i, g := range groups {
		name, kind := splits.Parse(filepath.Base(g.Argument))
		if len(g.Inputs) != 1 || g.Inputs[0].Path != g.Argument || g.Inputs[0].Split != "" || kind == "" {
			return
		}
		names[i] = name
	}
	if slices.ContainsFunc(names, func(name string) bool { return name != names[0] }) {
		for i, name := range names {
			groups[i].moveTo(name)
			groups[i].Why += "; split " + name + " by its name"
		}
	}
}

// moveTo makes one split of all files.
func (g *Group) moveTo(split string) {
	seen := map[string]bool{} // a card may name a file in two splits
	g.Inputs = slices.DeleteFunc(g.Inputs, func(in Input) bool {
		again := seen[in.Path]
		seen[in.Path] = true
		return again
	})
	for i := range g.Inputs {
		g.Inputs[i].Split = split
	}
}

// nameSplits gives the files of a folder the splits that their names have, if there are any.
func (g *Group) nameSplits() error {
	if g.Inputs[0].Format == Classes {
		return nil
	}
	all, err := splits.Find(g.Argument, func(name string) bool {
		return slices.ContainsFunc(g.Inputs, func(in Input) bool { return filepath.Base(in.Path) == name })
	})
	var names []string
	for _, s := range all {
		for i := range g.Inputs {
			if slices.Contains(s.Files, g.Inputs[i].Path) {
				g.Inputs[i].Split = s.Name
			}
		}
		names = append(names, cmp.Or(s.Name, "none"))
	}
	if len(names) > 0 {
		g.Why += "; splits by the names of its files: " + strings.Join(names, ", ")
	}
	return err
}

// Expand returns the files and folders that a path or a glob names, at least one.
func Expand(path string) ([]string, error) {
	found, err := glob.Expand(path)
	if err != nil {
		return nil, fmt.Errorf("find inputs: %w", err)
	}
	return found, nil
}

// Find returns the files of a path that is no glob, and names no split.
func Find(path string, format Format) (Group, error) {
	g, err := find(path, format)
	if err != nil {
		return Group{}, fmt.Errorf("find inputs: %s: %w", path, err)
	}
	return g, nil
}

func find(path string, format Format) (Group, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return Group{}, fmt.Errorf("%w", pathless(err))
	case info.IsDir():
		return findFolder(path, format)
	case !info.Mode().IsRegular():
		return Group{}, fmt.Errorf("it is no regular file, and has to be read twice: write it to a file first")
	}
	why := "import.format"
	if format == "" {
		if format, why, err = guess(path); err != nil {
			return Group{}, err
		}
	}
	in := Input{Path: path, Format: format}
	if format == Classes {
		in.Label = filepath.Base(filepath.Dir(path))
	}
	return Group{Argument: path, Inputs: []Input{in}, Why: why}, nil
}

// guess returns the format of a file and why it is taken for that.
func guess(path string) (Format, string, error) {
	format := FormatOf(path)
	ext := filepath.Ext(path)
	switch {
	case IsParquet(path):
		return "", "", fmt.Errorf("it is parquet already")
	case slices.Contains([]string{".zip", ".bz2", ".xz", ".zst", ".tar", ".tgz"}, strings.ToLower(ext)):
		return "", "", fmt.Errorf("it is packed: unpack it first (only .gz is read as it is)")
	case format == "":
		return "", "", fmt.Errorf("%w: choose one of %v with import.format", ErrUnknownFormat, Formats())
	case format != JSON:
		return format, "by its name", nil
	}
	f, err := Open(path)
	if err != nil {
		return "", "", pathless(err)
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, 1<<16))
	if err != nil {
		return "", "", pathless(err)
	}
	if looksLikeSQuAD(head) {
		return SQuAD, "by its content", nil
	}
	return JSON, "by its name", nil
}

// pathless returns the cause of an error of a file, for a message that has the path already.
func pathless(err error) error {
	if path, ok := err.(*os.PathError); ok {
		return path.Err
	}
	return err
}
