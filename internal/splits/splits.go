// Package splits finds the splits of a folder as Hugging Face data sets lay them out: by the YAML of its README.md, or
// by the names of its files.
package splits

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// The kinds of splits.
const (
	Train      = "train"
	Validation = "validation"
	Test       = "test"
)

// Only, among the kinds that are wanted, is the only split of a folder, of whatever kind.
const Only = "only"

// keywords are those of the datasets library.
var keywords = map[string]string{
	"train": Train, "training": Train,
	"validation": Validation, "valid": Validation, "val": Validation, "dev": Validation,
	"test": Test, "testing": Test, "eval": Test, "evaluation": Test,
}

// sharded is the name of a file that push_to_hub writes; its split may have any name.
var sharded = regexp.MustCompile(`^(\w+)-\d{5}-of-\d{5}\b`)

// Parse returns the split that a path relative to the folder of a data set belongs to, and its kind: both "" if it
// names none. The name of the file decides before those of its folders. A split of another name than its kind, such as
// validation_matched or unsupervised, is known by the number of shards behind it; its kind may be "".
func Parse(path string) (name, kind string) {
	path = filepath.ToSlash(path)
	names := strings.Split(path, "/")
	for i := len(names) - 1; i >= 0; i-- {
		if kind = keyword(names[i]); kind != "" {
			name = kind
			break
		}
	}
	m := sharded.FindStringSubmatch(names[len(names)-1])
	if m != nil && (kind == "" || keyword(m[1]) != "") && keywords[strings.ToLower(m[1])] == "" {
		name = m[1]
	}
	return name, kind
}

// keyword returns the kind of the first keyword that stands between characters that are no letters.
func keyword(name string) string {
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) }) {
		if kind := keywords[strings.ToLower(word)]; kind != "" {
			return kind
		}
	}
	return ""
}

// Split is a split of a folder.
type Split struct {
	Name, Kind string   // the kind is "" where the name has no keyword
	Files      []string // sorted
	Card       string   // the file that describes it, "" where the names of the files tell it
}

// Find returns the splits of a folder, or of the configuration that [Chosen] finds in the argument, sorted by kind and
// name, of the files whose names is accepts: those of [Described], or else those that the names of the files tell.
// There is none where no name has a keyword: the folder is one data set. Folders below are looked at for splits, such
// as train/0000.parquet, data/train.parquet and default/train/0000.parquet; where they are several configurations, an
// error lists them. What is no folder has none.
func Find(argument string, is func(name string) bool) ([]Split, error) {
	folder, choice := Chosen(argument)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return nil, nil
	}
	all, config, err := describedOf(folder, choice, is)
	if err == nil && len(all) == 0 {
		all, config, err = namedOf(folder, choice, is)
	}
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all, checkChoice(folder, choice, config, all)
}

// namedOf returns the splits that the names of the files tell, of the configuration that a choice begins with.
func namedOf(folder, choice string, is func(name string) bool) (all []Split, config string, err error) {
	files, err := walk(folder, maxDepth, is)
	if err != nil {
		return nil, "", err
	}
	top := slices.ContainsFunc(files, func(path string) bool { return filepath.Dir(path) == "." })
	known := false
	byConfig := map[string][]string{}
	var configs []string
	for _, path := range files {
		config := configOf(path)
		if config != "" && top {
			continue // a folder beside the data
		}
		if !slices.Contains(configs, config) {
			configs = append(configs, config)
		}
		byConfig[config] = append(byConfig[config], path)
		_, kind := Parse(path)
		known = known || kind != "" && (!top || filepath.Dir(path) == ".")
	}
	if !known {
		return nil, "", nil
	}
	config = configIn(choice, configs)
	if config == "" && len(configs) > 1 {
		slices.Sort(configs)
		last := configs[len(configs)-1]
		return nil, "", fmt.Errorf("folder %s holds %d data sets: %s: name one of them, such as %s, or %s", folder,
			len(configs), strings.Join(configs, ", "), filepath.Join(folder, last), folder+"#"+last)
	}
	if config == "" {
		return group(folder, byConfig[configs[0]]), "", nil
	}
	return group(folder, byConfig[config]), config, nil
}

// group makes splits of paths that are relative to the folder.
func group(folder string, paths []string) []Split {
	var all []Split
	for _, path := range paths {
		name, kind := Parse(path)
		i := slices.IndexFunc(all, func(s Split) bool { return s.Name == name })
		if i < 0 {
			i, all = len(all), append(all, Split{Name: name, Kind: kind})
		}
		all[i].Files = append(all[i].Files, filepath.Join(folder, path))
	}
	return byKind(all)
}

// byKind sorts splits by kind, and leaves those of one kind in order.
func byKind(all []Split) []Split {
	order := []string{Train, Validation, Test, ""}
	slices.SortStableFunc(all, func(a, b Split) int {
		return slices.Index(order, a.Kind) - slices.Index(order,
			b.Kind)
	})
	return all
}

// configOf returns the folder of a configuration that a path begins with, be it in the folder data, and "" if there is
// none.
func configOf(path string) string {
	first, rest, below := strings.Cut(filepath.ToSlash(path), "/")
	switch {
	case !below || keyword(first) != "":
		return ""
	case first == "data":
		if config := configOf(rest); config != "" {
			return "data/" + config
		}
		return ""
	}
	return first
}

// maxDepth is that of default/train/0000.parquet, and of data/train below a configuration.
const maxDepth = 4

// walk lists files below a folder, to some depth, relative to it, sorted, without hidden ones.
func walk(folder string, deep int, is func(name string) bool) (files []string, err error) {
	var below func(dir string, depth int) error
	below = func(dir string, depth int) error {
		entries, err := os.ReadDir(filepath.Join(folder, dir))
		if err != nil {
			return err
		}
		for _, e := range entries {
			path := filepath.Join(dir, e.Name())
			if strings.HasPrefix(e.Name(), ".") {
				continue
			}
			isDir := e.IsDir()
			if e.Type()&os.ModeSymlink != 0 {
				info, err := os.Stat(filepath.Join(folder, path))
				isDir = err == nil && info.IsDir()
			}
			switch {
			case isDir && depth < deep:
				if err := below(path, depth+1); err != nil && !errors.Is(err, os.ErrPermission) {
					return err
				}
			case !isDir && is(e.Name()):
				files = append(files, path)
			}
		}
		return nil
	}
	err = below("", 1)
	slices.Sort(files)
	return files, err
}

// Taken are the files that are taken of a folder.
type Taken struct {
	Folder string // as it was named
	Split  string
	Files  []string
	Said   string  // what was taken, and what is there besides
	Rest   []Split // splits that were not taken
}

// Take returns the files of the first kind of wanted that the folder has, or of the split that [Chosen] finds in the
// argument. ok is false where it names no splits, and for what is no folder.
func Take(argument string, is func(name string) bool, wanted []string) (t Taken, ok bool, err error) {
	folder, choice := Chosen(argument)
	all, err := Find(argument, is)
	if err == nil && len(all) == 0 && choice != "" {
		err = fmt.Errorf("%s has no splits, so that %s chooses nothing: name it without", folder, argument)
	}
	if err != nil || len(all) == 0 {
		return t, false, err
	}
	t, err = TakeOf(argument, all, wanted)
	return t, err == nil, err
}

// TakeOf is [Take] of splits that are known.
func TakeOf(argument string, all []Split, wanted []string) (t Taken, err error) {
	folder, choice := Chosen(argument)
	if i := splitOf(choice, all); i >= 0 {
		return take(argument, all, all[i]), nil
	}
	for _, kind := range wanted {
		of := slices.DeleteFunc(slices.Clone(all), func(s Split) bool { return s.Kind != kind })
		if kind == Only && len(all) == 1 {
			of = all
		}
		if i := slices.IndexFunc(of, func(s Split) bool { return s.Name == s.Kind }); i >= 0 {
			of = of[i : i+1]
		}
		switch len(of) {
		case 0:
			continue
		case 1:
			return take(argument, all, of[0]), nil
		}
		return t, fmt.Errorf("folder %s has several splits for %s: %s: choose one, as in %s", folder,
			kind, strings.Join(names(of), ", "), With(argument, of[0].Name))
	}
	kinds := slices.DeleteFunc(slices.Clone(wanted), func(kind string) bool { return kind == Only })
	return t, fmt.Errorf("folder %s has no split %s, but %s: choose one, as in %s", folder,
		strings.Join(kinds, " or "), strings.Join(names(all), ", "), With(argument, names(all)[0]))
}

func take(folder string, all []Split, s Split) Taken {
	t := Taken{Folder: folder, Split: s.Name, Files: s.Files}
	files := 0
	for _, other := range all {
		files += len(other.Files)
		if other.Name != s.Name {
			t.Rest = append(t.Rest, other)
		}
	}
	t.Said = fmt.Sprintf("%s: split %s", folder, s.Name)
	if s.Card != "" {
		t.Said += " of " + s.Card
	}
	t.Said += fmt.Sprintf(", %d of %d files", len(s.Files), files)
	if len(t.Rest) > 0 {
		t.Said += ", not " + strings.Join(names(t.Rest), ", ")
	}
	return t
}

// names lists splits, and the files that are in none.
func names(all []Split) (list []string) {
	for _, s := range all {
		if s.Name != "" {
			list = append(list, s.Name)
			continue
		}
		for _, path := range s.Files {
			list = append(list, filepath.Base(path))
		}
	}
	return list
}
