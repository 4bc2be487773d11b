package parquetio

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	"t5train/data/parquetio/page"
	"t5train/data/table"
	"t5train/internal/splits"
	"t5train/internal/visible"
)

// Dataset is one or several shards read as one table.
type Dataset struct {
	shards  []*shard
	starts  []int64 // row that each shard begins with
	rows    int64
	columns []datasetColumn
	byName  map[string]int // index of each column
	skipped []string
	taken   []splits.Taken
	limits  page.Limits
}

// datasetColumn is a column of any shard; conflict says why it cannot be read from all of them.
type datasetColumn struct {
	table.Column
	conflict string
}

func newDataset(shards []*shard) *Dataset {
	d := &Dataset{shards: shards, byName: map[string]int{}}
	for _, s := range shards {
		d.starts = append(d.starts, d.rows)
		d.rows += s.rows
		for _, c := range s.columns {
			if _, ok := d.byName[c.Name]; !ok {
				d.byName[c.Name] = len(d.columns)
				d.columns = append(d.columns, agree(c.Name, shards))
			}
		}
	}
	return d
}

// agree merges what the shards say about a column.
func agree(name string, shards []*shard) datasetColumn {
	var merged datasetColumn
	var first string // path of the shard that spoke first
	for _, s := range shards {
		c := s.column(name)
		switch {
		case c == nil:
			merged.Name = name
			merged.conflict = fmt.Sprintf("differs between shards: it is missing in %s", s.path)
		case len(c.twins) > 0:
			merged.Name = name
			merged.conflict = fmt.Sprintf("occurs twice in %s, as columns %d and %d of %d: rename one",
				s.path, c.twins[0]+1, c.twins[1]+1, len(s.columns))
		case first == "":
			merged.Column, first = c.Column, s.path
		case c.Type == table.TypeNull && c.Lists <= merged.Lists: // nulls fit everywhere
			merged.Nullable = true
		case merged.Type == table.TypeNull && merged.Lists <= c.Lists:
			merged.Column, first = c.Column, s.path
			merged.Nullable = true
		case c.Type != merged.Type || c.Lists != merged.Lists:
			merged.conflict = fmt.Sprintf("differs between shards: it is %s in %s and %s in %s",
				merged.FullType(), first, c.FullType(), s.path)
		case c.ClassLabels != nil && merged.ClassLabels != nil && !slices.Equal(c.ClassLabels, merged.ClassLabels):
			merged.conflict = fmt.Sprintf("differs between shards: %s in %s: import all files at once, so that a "+
				"number means the same class in each",
				classesDiffer(merged.ClassLabels, c.ClassLabels, first), s.path)
		default:
			merged.Nullable = merged.Nullable || c.Nullable
			if merged.ClassLabels == nil {
				merged.ClassLabels = c.ClassLabels
			}
		}
	}
	return merged
}

// classesDiffer says how the class names of the first file differ from others, which may be hundreds.
func classesDiffer(a, b []string, first string) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("class %d is %q in %s and %q", i, a[i], first, b[i])
		}
	}
	return fmt.Sprintf("there are %d class names in %s and %d", len(a), first, len(b))
}

// Conflicts says of each column that [Dataset.Columns] leaves out why it cannot be read from all shards.
func (d *Dataset) Conflicts() []string {
	var conflicts []string
	for _, c := range d.columns {
		if c.conflict != "" {
			conflicts = append(conflicts, fmt.Sprintf("column %s %s", cmp.Or(c.Name, "of no name"), c.conflict))
		}
	}
	return conflicts
}

// Notes says what of the files is read otherwise than it is written: broken metadata, and names that are no UTF-8.
func (d *Dataset) Notes() []string {
	var notes, escaped []string
	var broken []*shard
	for _, s := range d.shards {
		if s.broken != nil {
			broken = append(broken, s)
		}
		for _, c := range s.columns {
			if c.escaped && !slices.Contains(escaped, c.Name) {
				escaped = append(escaped, c.Name)
			}
		}
	}
	if len(broken) > 0 {
		files := broken[0].path
		if len(broken) > 1 {
			files += fmt.Sprintf(" and of %d other files", len(broken)-1)
		}
		notes = append(notes, fmt.Sprintf("the huggingface metadata of %s is broken, so class names may be missing: %v",
			files, broken[0].broken))
	}
	if len(escaped) > 0 {
		notes = append(notes, EscapedNote(escaped))
	}
	for _, s := range d.shards {
		if s.from != nil {
			notes = append(notes, s.from.Notes...)
		}
	}
	return notes
}

// EscapedNote says how columns are named whose names have bytes that are no UTF-8.
func EscapedNote(names []string) string {
	return fmt.Sprintf("bytes of column names that are not UTF-8 are shown as \\xHH: name these columns so, in single "+
		"quotes, or rename them: '%s'", strings.Join(names, "' '"))
}

// Leaf returns the place of a column, which is in all shards, among the leaves of the schema of a file of
// [Dataset.Files].
func (d *Dataset) Leaf(file int, column string) int { return d.shards[file].byName[column] }

// Skipped lists the folders with parquet files that lie in a folder which was named, and were not.
func (d *Dataset) Skipped() []string { return d.skipped }

// Taken lists the folders with splits that were named, with the files that [OpenSplit] took of them.
func (d *Dataset) Taken() []splits.Taken { return d.taken }

// WithTaken adds folders of which another reader took files.
func (d *Dataset) WithTaken(taken ...splits.Taken) *Dataset {
	d.taken = append(slices.Clip(d.taken), taken...)
	return d
}

// Rows returns the number of rows of all shards.
func (d *Dataset) Rows() int64 { return d.rows }

// Columns lists the columns that all shards have, with one type, in the order of the first shard.
func (d *Dataset) Columns() []table.Column {
	var columns []table.Column
	for _, c := range d.columns {
		if c.conflict == "" {
			columns = append(columns, c.Column)
		}
	}
	return columns
}

// Locate returns the file that holds a row, and the row's number in it, counted from 0.
func (d *Dataset) Locate(row int64) (path string, inFile int64) {
	i := sort.Search(len(d.starts), func(i int) bool { return d.starts[i] > row }) - 1
	if i < 0 {
		return "", row
	}
	return d.shards[i].path, row - d.starts[i]
}

// File describes a shard.
type File struct {
	Path        string
	Bytes       int64
	Rows        int64
	RowGroups   int
	Compression []string // codecs in use, sorted
	CreatedBy   string   // the program that wrote it, as it calls itself
	Digest      string   // names the content of what is no file; "" of a file
}

// Files describes the shards, in order.
func (d *Dataset) Files() []File {
	files := make([]File, len(d.shards))
	for i, s := range d.shards {
		files[i] = File{
			Path: s.path, Bytes: s.size, Rows: s.rows,
			RowGroups: len(s.meta.RowGroups), CreatedBy: s.meta.CreatedBy,
		}
		if s.from != nil {
			files[i].Bytes, files[i].Digest = s.from.Bytes, s.from.Digest
		}
		for g := range s.meta.RowGroups {
			for _, chunk := range s.meta.RowGroups[g].Columns {
				if name := chunk.MetaData.Codec.String(); !slices.Contains(files[i].Compression, name) {
					files[i].Compression = append(files[i].Compression, name)
				}
			}
		}
		slices.Sort(files[i].Compression)
	}
	return files
}

// Scan calls yield for each row, in order, with the cells of the named columns. cells is valid until yield returns.
// The error of yield ends the scan and is returned as it is.
func (d *Dataset) Scan(ctx context.Context, columns []string, yield func(row int64, cells []table.Cell) error) error {
	return d.ScanFrom(ctx, 0, columns, yield)
}

// ScanFrom is Scan without the rows before first. It passes over whole files and row groups, and decodes what comes
// before first in its own row group.
func (d *Dataset) ScanFrom(
	ctx context.Context, first int64, columns []string, yield func(row int64, cells []table.Cell) error,
) error {
	if err := d.CheckColumns(columns); err != nil {
		return err
	}
	for i, s := range d.shards {
		if s.rows == 0 || d.starts[i]+s.rows <= first {
			continue
		}
		err := d.read(s, func(file page.File) error {
			return s.scan(ctx, file, columns, span{d.starts[i], first}, yield)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// read opens the file of a shard for f.
func (d *Dataset) read(s *shard, f func(page.File) error) error {
	file, err := s.open()
	if err != nil {
		return fmt.Errorf("read parquet: %w", err)
	}
	defer file.Close()
	return f(page.File{ReaderAt: file, Size: s.size, Limits: d.limits})
}

// CheckColumns says whether the columns can be read from every shard.
func (d *Dataset) CheckColumns(columns []string) error {
	if len(columns) == 0 {
		return fmt.Errorf("read parquet: no column chosen")
	}
	for _, name := range columns {
		i, ok := d.byName[name]
		if !ok {
			return fmt.Errorf("read parquet: %w", d.absent(name))
		}
		c := d.columns[i]
		if c.conflict != "" {
			return fmt.Errorf("read parquet: column %s %s", name, c.conflict)
		}
		if !c.Readable() {
			return fmt.Errorf("read parquet: column %s of %s is of type %s, which cannot be read: %s can",
				name, d.shards[0].path, c.FullType(), table.ReadableTypes)
		}
	}
	return nil
}

// absent says which columns there are in place of the one of that name, which is a group or nothing.
func (d *Dataset) absent(name string) error {
	var all, inside []string
	for _, c := range d.Columns() {
		all = append(all, c.Name)
		if strings.HasPrefix(c.Name, name+".") {
			inside = append(inside, c.Name)
		}
	}
	if escaped := visible.UTF8(name); escaped != name && slices.Contains(all, escaped) {
		return fmt.Errorf("bytes of column names of %s that are not UTF-8 are shown as escapes: name the column '%s'",
			d.shards[0].path, escaped)
	}
	if len(inside) > 0 {
		return fmt.Errorf("%s has no column %q but a group of columns: choose among %s", d.shards[0].path, name,
			strings.Join(inside, ", "))
	}
	return fmt.Errorf("%s has no column %q: its columns are %s", d.shards[0].path, name, cmp.Or(strings.Join(all,
		", "), "none"))
}

// Distinct returns the different values of a column, nulls left out and those of lists one by one, in order of first
// appearance. More than limit of them is an error.
func (d *Dataset) Distinct(ctx context.Context, column string, limit int) ([]table.Cell, error) {
	seen := map[string]bool{} // by their texts: the values of a column are of one kind
	var distinct []table.Cell
	var add func(c table.Cell) error
	add = func(c table.Cell) error {
		for _, item := range c.Items {
			if err := add(item); err != nil {
				return err
			}
		}
		if c.Kind == table.Null || c.Kind == table.List || seen[c.Text()] {
			return nil
		}
		if len(distinct) == limit {
			return fmt.Errorf("read parquet: column %s holds more than %d different values", column, limit)
		}
		c.Str = strings.Clone(c.Str)
		seen[c.Text()] = true
		distinct = append(distinct, c)
		return nil
	}
	err := d.Scan(ctx, []string{column}, func(_ int64, cells []table.Cell) error { return add(cells[0]) })
	return distinct, err
}
