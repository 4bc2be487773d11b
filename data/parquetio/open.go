package parquetio

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"t5train/data/parquetio/page"
	"t5train/internal/atomicfile"
	"t5train/internal/glob"
	"t5train/internal/splits"
)

// Open reads the footers of the shards that the patterns name. A pattern is a file, a folder (its *.parquet files)
// or a glob such as data/train-*.parquet. Shards are sorted by path and counted once each; that is the order of
// their rows. No file stays open, so a Dataset need not be closed.
//
// Shards may order their columns differently and have columns that others lack: only what is read must be in all of
// them, with one type and the same class names.
func Open(patterns ...string) (*Dataset, error) { return open(patterns, nil, nil) }

// OpenSplit is Open that takes, of a folder whose files are named for splits, those of the first of the wanted kinds
// that is there. [Dataset.Taken] tells what was taken.
func OpenSplit(wanted []string, patterns ...string) (*Dataset, error) {
	return open(patterns, wanted, nil)
}

// OpenWith is OpenSplit, or with wanted nil Open, of patterns, if there are any, and of sources among their files.
func OpenWith(sources []Source, wanted []string, patterns ...string) (*Dataset, error) {
	return open(patterns, wanted, sources)
}

// Splits returns the splits of a folder of parquet files; none where it is one data set, or no folder.
func Splits(folder string) ([]splits.Split, error) {
	all, err := splits.Find(folder, isParquet)
	if err != nil {
		return nil, fmt.Errorf("open parquet: %w", err)
	}
	return all, nil
}

func isParquet(name string) bool { return strings.HasSuffix(name, ".parquet") }

func open(patterns, wanted []string, sources []Source) (*Dataset, error) {
	limits, err := page.CurrentLimits()
	if err != nil {
		return nil, fmt.Errorf("open parquet: %w", err)
	}
	for _, pattern := range patterns {
		if err := atomicfile.Settle(pattern); err != nil {
			return nil, fmt.Errorf("open parquet: %w", err)
		}
	}
	named, taken, err := take(patterns, wanted)
	if err != nil {
		return nil, fmt.Errorf("open parquet: %w", err)
	}
	var paths []string
	if len(named) > 0 || len(sources) == 0 {
		if paths, err = expand(named); err != nil {
			return nil, err
		}
	}
	shards, err := openShards(paths, sources)
	if err != nil {
		return nil, err
	}
	for _, s := range shards { // another command may have replaced some while others were opened
		if s.from != nil {
			continue
		}
		f, err := s.open()
		if err != nil {
			return nil, fmt.Errorf("open parquet: %w", err)
		}
		f.Close()
	}
	d := newDataset(shards)
	d.skipped, d.taken, d.limits = skipped(named, paths), taken, limits
	return d, nil
}

// openShards opens files and sources in the order of their paths.
func openShards(paths []string, sources []Source) ([]*shard, error) {
	var shards []*shard
	for _, path := range paths {
		s, err := openShard(path)
		if err != nil {
			return nil, err
		}
		shards = append(shards, s)
	}
	for _, from := range sources {
		s, err := openSource(from)
		if err != nil {
			return nil, err
		}
		shards = append(shards, s)
	}
	slices.SortStableFunc(shards, func(a, b *shard) int { return strings.Compare(a.path, b.path) })
	return shards, nil
}

// take puts the files of a wanted split in the place of each folder that has splits.
func take(patterns, wanted []string) (named []string, taken []splits.Taken, err error) {
	if wanted == nil {
		return patterns, nil, nil
	}
	for _, pattern := range patterns {
		t, ok, err := splits.Take(pattern, isParquet, wanted)
		switch {
		case err != nil:
			return nil, nil, err
		case ok:
			named, taken = append(named, t.Files...), append(taken, t)
		default:
			named = append(named, pattern)
		}
	}
	return named, taken, nil
}

// Without returns the data set without the shards whose path drop takes away. What has no shard left cannot be read.
func (d *Dataset) Without(drop func(path string) bool) *Dataset {
	rest := newDataset(slices.DeleteFunc(slices.Clone(d.shards), func(s *shard) bool { return drop(s.path) }))
	rest.skipped, rest.taken, rest.limits = d.skipped, d.taken, d.limits
	return rest
}

// skipped lists the folders directly below those that the patterns name which hold parquet files, but none of paths.
func skipped(patterns, paths []string) []string {
	var folders []string
	for _, pattern := range patterns {
		below, _ := os.ReadDir(pattern) // nothing of what is no folder
		for _, entry := range below {
			folder := filepath.Join(pattern, entry.Name())
			if !entry.IsDir() {
				continue
			}
			files, _ := filesIn(folder)
			if len(files) > 0 && !slices.Contains(paths, files[0]) {
				folders = append(folders, folder)
			}
		}
	}
	slices.Sort(folders)
	return slices.Compact(folders)
}

// filesIn lists the parquet files of a folder.
func filesIn(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("open parquet: %w", err)
	}
	var found []string
	for _, e := range entries {
		if !e.IsDir() && isParquet(e.Name()) {
			found = append(found, filepath.Join(folder, e.Name()))
		}
	}
	return found, nil
}

// expand lists the files that the patterns name.
func expand(patterns []string) ([]string, error) {
	if len(patterns) == 0 {
		return nil, fmt.Errorf("open parquet: no file given")
	}
	var paths []string
	for _, pattern := range patterns {
		found, err := expandOne(pattern)
		if err != nil {
			return nil, err
		}
		paths = append(paths, found...)
	}
	slices.Sort(paths)
	return slices.Compact(paths), nil
}

func expandOne(pattern string) ([]string, error) {
	info, err := os.Stat(pattern)
	if err == nil && info.IsDir() {
		found, err := filesIn(pattern)
		if err == nil && len(found) == 0 {
			err = fmt.Errorf("open parquet: folder %s holds no *.parquet file%s", pattern, folderWay(pattern))
		}
		return found, err
	}
	found, err := glob.Expand(pattern)
	if err != nil {
		return nil, fmt.Errorf("open parquet: %w", err)
	}
	for i := range found {
		found[i] = filepath.Clean(found[i])
	}
	return found, nil
}
