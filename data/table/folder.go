package table

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"t5train/internal/splits"
)

// findFolder returns the files of a folder. With folders in it they are classes, as in
//
//	train/neg/0_3.txt  train/pos/0_9.txt
//
// and the files beside them are left out; but folders that are all named for splits are those. Else the files have to
// be of one format, and text is a document a file.
//
// The card of a data set decides before that which files there are, and in which splits.
func findFolder(dir string, format Format) (Group, error) {
	if g, err := describedFolder(dir, format); err != nil || len(g.Inputs) > 0 {
		return g, err
	}
	files, folders, err := list(dir)
	if err != nil {
		return Group{}, err
	}
	if g, err := splitFolders(dir, folders, format); err != nil || len(g.Inputs) > 0 {
		g.LeftOut = append(g.LeftOut, files...)
		return g, err
	}
	g := Group{Argument: dir, Why: "import.format"}
	if len(folders) > 0 && (format == "" || format == Classes) {
		if format == "" {
			g.Why = "its folders name the labels"
		}
		g.LeftOut = files
		for _, class := range folders {
			if err := g.addClass(filepath.Join(dir, class)); err != nil {
				return Group{}, err
			}
		}
		return g, nil
	}
	if format == Classes {
		return g, g.addClass(dir)
	}
	if len(files) == 0 {
		return Group{}, fmt.Errorf("the folder has no files")
	}
	known := slices.DeleteFunc(slices.Clone(files), func(name string) bool { return FormatOf(name) == "" })
	if format == "" {
		if err := noParquet(files); err != nil && len(known) == 0 {
			return Group{}, err
		}
		if len(known) == 0 {
			return Group{}, fmt.Errorf("none of the folder's files is of a known format, such as %s: %w: choose one "+
				"of %v with import.format",
				files[0], ErrUnknownFormat, Formats())
		}
		for _, name := range files {
			if !slices.Contains(known, name) {
				g.LeftOut = append(g.LeftOut, name)
			}
		}
		files = known
		if format, g.Why, err = guess(filepath.Join(dir, files[0])); err != nil {
			return Group{}, err
		}
		for _, name := range files {
			if FormatOf(name) != FormatOf(files[0]) {
				return Group{}, fmt.Errorf("the folder has files of different formats, %s and %s: name the files, "+
					"such as %s",
					files[0], name, filepath.Join(dir, "*"+filepath.Ext(name)))
			}
		}
		g.Why = "by the names of its files"
		if format == Text {
			format = Documents
		}
	}
	for _, name := range files {
		g.Inputs = append(g.Inputs, Input{Path: filepath.Join(dir, name), Format: format})
	}
	return g, nil
}

// splitFolders returns the files of a folder whose folders are all named for splits, none of another folder.
func splitFolders(dir string, folders []string, format Format) (Group, error) {
	all := Group{Argument: dir}
	for _, name := range folders {
		split, kind := splits.Parse(name)
		if kind == "" {
			return Group{}, nil
		}
		g, err := findFolder(filepath.Join(dir, name), format)
		if err != nil {
			return all, fmt.Errorf("split folder %s: %w", name, err)
		}
		g.moveTo(split)
		if len(all.Inputs) > 0 && all.Inputs[0].Format != g.Inputs[0].Format {
			return all, fmt.Errorf("the folders %s and %s have files of different formats: name the files, as in %s=%s",
				folders[0], name, split, filepath.Join(dir, name))
		}
		for _, file := range g.LeftOut {
			all.LeftOut = append(all.LeftOut, filepath.Join(name, file))
		}
		all.Inputs, all.Why = append(all.Inputs, g.Inputs...), g.Why
	}
	all.Why += "; splits by the names of its folders: " + strings.Join(folders, ", ")
	return all, nil
}

// describedFolder returns the files of a folder that a card describes, none where it describes none.
func describedFolder(dir string, format Format) (Group, error) {
	g := Group{Argument: dir, Why: "import.format"}
	all, err := splits.Described(dir, func(name string) bool {
		return FormatOf(name) != "" || format != "" && name != splits.Card
	})
	if err != nil || len(all) == 0 || format == Classes {
		return g, err
	}
	first := all[0].Files[0]
	if format == "" {
		if format, g.Why, err = guess(first); err != nil {
			return g, err
		}
	}
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
		for _, path := range s.Files {
			if g.Why != "import.format" && FormatOf(path) != FormatOf(first) {
				return g, fmt.Errorf("%s names files of different formats, %s and %s: name the files of one",
					s.Card, first, path)
			}
			g.Inputs = append(g.Inputs, Input{Path: path, Format: format, Split: s.Name})
		}
	}
	g.Why += fmt.Sprintf("; splits by %s: %s", all[0].Card, strings.Join(names, ", "))
	return g, nil
}

// addClass adds the files of a class.
func (g *Group) addClass(dir string) error {
	files, folders, err := list(dir)
	switch {
	case err != nil:
		return err
	case len(folders) > 0:
		return fmt.Errorf("class folder %s has folders in it, want files: if it is a split, name it as in train=%s",
			filepath.Base(dir), dir)
	case len(files) == 0:
		return fmt.Errorf("class folder %s has no files: remove it, or name the folders that have some",
			filepath.Base(dir))
	}
	if err := noParquet(files); err != nil {
		return err
	}
	for _, name := range files {
		g.Inputs = append(g.Inputs, Input{Path: filepath.Join(dir, name), Format: Classes, Label: filepath.Base(dir)})
	}
	return nil
}

// noParquet refuses files that need no import.
func noParquet(files []string) error {
	for _, name := range files {
		if IsParquet(name) {
			return fmt.Errorf("the folder holds parquet already, such as %s: name it where data is read, as in "+
				"data.train",
				name)
		}
	}
	return nil
}

// list returns the names of files and folders in a folder, sorted, without hidden ones.
func list(dir string) (files, folders []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, pathless(err)
	}
	for _, e := range entries {
		name := e.Name()
		info, err := os.Stat(filepath.Join(dir, name)) // follows links
		switch {
		case strings.HasPrefix(name, "."):
		case err != nil:
			return nil, nil, err
		case info.IsDir():
			folders = append(folders, name)
		case info.Mode().IsRegular():
			files = append(files, name)
		}
	}
	return files, folders, nil
}
