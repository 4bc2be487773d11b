package dataset

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"t5train/data/parquetio"
	"t5train/data/remote"
	"t5train/data/table"
	"t5train/internal/glob"
	"t5train/internal/splits"
)

// OpenFiles opens files, folders and globs as [parquetio.OpenSplit] does, or with wanted nil as [parquetio.Open]. Files
// of the other formats of package table, and folders of them, are read too: as parquet that is made of them first.
func OpenFiles(ctx context.Context, patterns, wanted []string) (*parquetio.Dataset, error) {
	o := opening{wanted: wanted}
	for _, pattern := range patterns {
		add := o.add
		if remote.IsURL(pattern) {
			add = o.addURL
		}
		if err := add(ctx, pattern); err != nil {
			return nil, err
		}
	}
	sources, err := importGroups(ctx, o.groups)
	if err != nil {
		return nil, err
	}
	set, err := parquetio.OpenWith(append(o.remote, sources...), wanted, o.parquet...)
	if err != nil {
		return nil, err
	}
	return set.WithTaken(o.taken...), nil
}

// IsParquet reports whether a path names parquet files, or a folder with some.
func IsParquet(path string) bool {
	if remote.IsURL(path) {
		return !isForeign(remote.Name(path))
	}
	folder, _ := splits.Chosen(path)
	if info, err := os.Stat(folder); err == nil && info.IsDir() {
		found, err := filepath.Glob(filepath.Join(folder, "*.parquet"))
		all, splitErr := parquetio.Splits(path)
		return err == nil && len(found) > 0 || splitErr != nil || len(all) > 0
	}
	return table.IsParquet(path)
}

// Splits returns the splits of a folder; none where it is one data set, or no folder.
func Splits(folder string) ([]splits.Split, error) {
	if IsParquet(folder) {
		return parquetio.Splits(folder)
	}
	return splits.Find(folder, isTable)
}

// isForeign reports whether a file is named as one of a format other than parquet.
func isForeign(name string) bool { return table.FormatOf(name) != "" }

// isTable is isForeign without files of texts.
func isTable(name string) bool { return isForeign(name) && table.FormatOf(name) != table.Text }

// opening divides what a user names into parquet and files of other formats.
type opening struct {
	wanted  []string
	parquet []string
	groups  []table.Group
	remote  []parquetio.Source
	taken   []splits.Taken
}

// addURL adds parquet of a server.
func (o *opening) addURL(ctx context.Context, address string) error {
	if isForeign(remote.Name(address)) {
		return errRemote(address)
	}
	f, err := remote.Open(ctx, address)
	if err != nil {
		return err
	}
	o.remote = append(o.remote, parquetio.Source{Path: remote.Shown(address), Bytes: f.Size(), Digest: f.Digest(),
		Open: func() (parquetio.Reader, int64, error) { return f, f.Size(), nil }})
	return nil
}

// errRemote refuses a file of a server that is no parquet.
func errRemote(address string) error {
	return fmt.Errorf("read %s: of servers parquet alone is read, of which parts can be asked for: download the file, "+
		"or take parquet of the same data", remote.Shown(address))
}

func (o *opening) add(_ context.Context, pattern string) error {
	folder, _ := splits.Chosen(pattern)
	if info, err := os.Stat(folder); err == nil && info.IsDir() {
		if IsParquet(pattern) {
			o.parquet = append(o.parquet, pattern)
			return nil
		}
		return o.addFolder(pattern, folder)
	}
	found, err := glob.Expand(pattern)
	if err != nil || !slices.ContainsFunc(found, isForeign) {
		o.parquet = append(o.parquet, pattern) // whose reader says what is wrong
		return nil
	}
	for _, path := range found {
		if err := o.addFile(path); err != nil {
			return err
		}
	}
	return nil
}

func (o *opening) addFile(path string) error {
	if info, err := os.Stat(path); !isForeign(path) || err == nil && info.IsDir() {
		o.parquet = append(o.parquet, path)
		return nil
	}
	g, err := table.Find(path, "")
	if err == nil {
		o.groups = append(o.groups, g)
	}
	return err
}

// addFolder adds the wanted split of a folder without parquet, or all of its files where it has no splits. Folders of
// tables may have any names, those of texts are classes.
func (o *opening) addFolder(pattern, folder string) error {
	if all, err := splits.Find(pattern, isTable); len(all) > 0 || err != nil {
		if done, err := o.takeSplit(pattern, isTable); done || err != nil {
			return err
		}
	}
	g, err := table.Find(folder, "")
	switch classes := err == nil && g.Inputs[0].Format == table.Classes; {
	case classes && o.wanted != nil:
		g.Inputs, err = o.split(pattern, g.Inputs)
	case !classes:
		if done, err := o.takeSplit(pattern, isForeign); done || err != nil {
			return err
		}
	}
	if errors.Is(err, table.ErrUnknownFormat) {
		o.parquet = append(o.parquet, pattern) // whose reader says what is wrong
		return nil
	}
	if err == nil {
		o.groups = append(o.groups, g)
	}
	return err
}

// takeSplit adds the files of the wanted split, if there are splits.
func (o *opening) takeSplit(pattern string, is func(name string) bool) (done bool, err error) {
	if o.wanted == nil {
		return false, nil
	}
	t, ok, err := splits.Take(pattern, is, o.wanted)
	if err != nil || !ok {
		return false, err
	}
	o.taken = append(o.taken, t)
	for _, path := range t.Files {
		if err := o.addFile(path); err != nil {
			return false, err
		}
	}
	return true, nil
}

// split leaves the inputs of the wanted split of a folder of classes.
func (o *opening) split(pattern string, inputs []table.Input) ([]table.Input, error) {
	var all []splits.Split
	byName := map[string][]table.Input{}
	for _, in := range inputs {
		if byName[in.Split] == nil {
			_, kind := splits.Parse(in.Split)
			all = append(all, splits.Split{Name: in.Split, Kind: kind, Files: []string{filepath.Dir(in.Path)}})
		}
		byName[in.Split] = append(byName[in.Split], in)
	}
	if len(all) == 1 && all[0].Name == "" {
		return inputs, nil
	}
	t, err := splits.TakeOf(pattern, all, o.wanted)
	if err != nil {
		return nil, err
	}
	o.taken = append(o.taken, t)
	return byName[t.Split], nil
}
