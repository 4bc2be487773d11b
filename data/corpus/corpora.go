package corpus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"t5train/data/dataset"
	"t5train/data/remote"
	"t5train/data/table"
	"t5train/data/task/infer"
	"t5train/data/tokenizer/vocabulary"
	"t5train/internal/glob"
	"t5train/internal/splits"
	"t5train/internal/ui"
)

// textFiles is text in one format.
type textFiles struct {
	dataset.Files
	name, column string
	leftOut      []string // files beside them
	said         []string // splits that were taken of folders
	repeated     []string // files that were named before
}

type corpora []textFiles

// openCorpora finds the text that arguments name. A column of a file is text once, however often it is named.
func openCorpora(ctx context.Context, arguments []string) (corpora, error) {
	var all corpora
	seen := map[string]bool{}
	for _, argument := range arguments {
		path, column := SplitColumn(argument)
		open := openFiles
		if dataset.IsParquet(path) {
			open = openParquet
		}
		c, err := open(ctx, path, column)
		if err != nil {
			return nil, err
		}
		c.dropRepeated(seen)
		all = append(all, c)
	}
	return all, nil
}

// dropRepeated takes away the files whose column was seen before, under whatever path.
func (c *textFiles) dropRepeated(seen map[string]bool) {
	again := func(path string) bool {
		real, err := path, error(nil)
		if !remote.IsURL(path) {
			real, err = filepath.EvalSymlinks(path)
		}
		if err == nil && !remote.IsURL(path) {
			real, err = filepath.Abs(real)
		}
		if err != nil {
			return false // reading it tells
		}
		key := real + "\x00" + c.column
		if seen[key] {
			c.repeated = append(c.repeated, path)
			return true
		}
		seen[key] = true
		return false
	}
	c.Inputs = slices.DeleteFunc(c.Inputs, func(in table.Input) bool { return again(in.Path) })
	if c.Set != nil {
		if c.Set = c.Set.Without(again); len(c.Set.Files()) == 0 {
			c.Set = nil
		}
	}
}

func openParquet(ctx context.Context, path, column string) (c textFiles, err error) {
	c = textFiles{name: path, column: column}
	if c.Set, err = dataset.OpenFiles(ctx, []string{path}, dataset.ForTraining); err != nil {
		return c, err
	}
	for _, t := range c.Set.Taken() {
		c.said = append(c.said, t.Said)
	}
	if c.leftOut, err = beside(path); err != nil {
		return c, err
	}
	if column == "" {
		if c.column, _, err = infer.Text(c.Set.Columns(), ""); err != nil && len(c.Set.Columns()) > 0 {
			names := []string{}
			for _, column := range c.Set.Columns() {
				names = append(names, column.Name)
			}
			return c, fmt.Errorf("%s: the text may be in any of its columns %s: name one, as in %s:%s", path,
				strings.Join(names, ", "), path, names[0])
		}
	}
	return c, c.Set.CheckColumns([]string{c.column})
}

// beside returns the other files of a folder of parquet files, none for a path that is no folder.
func beside(path string) (names []string, err error) {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return nil, nil // a file or a glob
	}
	entries, err := os.ReadDir(path)
	for _, e := range entries {
		if name := e.Name(); !e.IsDir() && !strings.HasPrefix(name, ".") && !table.IsParquet(name) {
			names = append(names, filepath.Join(path, name))
		}
	}
	return names, err
}

// openFiles finds files that are not parquet. Those whose name does not tell a format, such as train.de, are text.
func openFiles(_ context.Context, path, column string) (textFiles, error) {
	c := textFiles{name: path, column: cmp.Or(column, table.TextColumn)}
	folder, choice := splits.Chosen(path)
	paths, err := table.Expand(folder)
	if err != nil {
		return c, err
	}
	for _, p := range paths {
		if dataset.IsParquet(p) { // of a glob
			return c, fmt.Errorf("%s: it is parquet, among other files that %s names: give each kind an input of its "+
				"own", p, path)
		}
		g, err := table.Find(p, "")
		if errors.Is(err, table.ErrUnknownFormat) {
			g, err = table.Find(p, table.Text)
		}
		if err != nil {
			return c, err
		}
		if choice != "" {
			p = path
		}
		if err := c.takeSplit(p, &g); err != nil {
			return c, err
		}
		for _, in := range g.Inputs {
			switch in.Format {
			case table.Classes:
				return c, fmt.Errorf("%s: the folder has folders in it: name the files, such as '%s'", p,
					filepath.Join(p, "*", "*"+filepath.Ext(in.Path)))
			case table.Documents:
				in.Format = table.Text // in a folder, too, lines are what is trained on
			}
			c.Inputs = append(c.Inputs, in)
		}
		for _, name := range g.LeftOut {
			c.leftOut = append(c.leftOut, filepath.Join(p, name))
		}
	}
	return c, nil
}

// takeSplit leaves the files of train in a folder whose files are named for splits.
func (c *textFiles) takeSplit(path string, g *table.Group) error {
	if g.Inputs[0].Format == table.Classes {
		return nil
	}
	isInput := func(name string) bool {
		return slices.ContainsFunc(g.Inputs, func(in table.Input) bool { return filepath.Base(in.Path) == name })
	}
	t, ok, err := splits.Take(path, isInput, dataset.ForTraining)
	if err != nil || !ok {
		return err
	}
	c.said = append(c.said, t.Said)
	g.Inputs = slices.DeleteFunc(g.Inputs, func(in table.Input) bool { return !slices.Contains(t.Files, in.Path) })
	return nil
}

// SplitColumn divides PATH:COLUMN, as flags name texts. A path or a glob that is there as a whole names no column.
func SplitColumn(argument string) (path, column string) {
	at := strings.LastIndexByte(argument, ':')
	if at < 1 || strings.ContainsAny(argument[at:], `/\`) {
		return argument, ""
	}
	if _, err := os.Stat(argument); err == nil {
		return argument, ""
	}
	if found, err := glob.Files(argument); err == nil && len(found) > 0 {
		return argument, ""
	}
	return argument[:at], argument[at+1:]
}

// ReadTexts calls yield with each text of inputs as [VocabularyOptions] has them. It says what it reads, and how far it
// is.
func ReadTexts(ctx context.Context, inputs []string, sink ui.Sink, yield func(text string) error) error {
	all, err := openCorpora(ctx, inputs)
	if err != nil {
		return err
	}
	all.say(sink)
	phases := ui.NewPhases(sink)
	defer phases.Stop()
	return all.texts(phases.Progress)(ctx, yield)
}

// say tells which text is read, and which is not.
func (all corpora) say(sink ui.Sink) {
	for _, in := range all {
		if !slices.ContainsFunc(in.said, func(said string) bool { return strings.HasPrefix(said, in.name+": ") }) {
			ui.Say(sink, "data", "%s: column %s", in.name, in.column)
		}
		for _, said := range in.said {
			ui.Say(sink, "data", "%s: column %s", said, in.column)
		}
		if in.Set != nil {
			dataset.SayRest(sink, in.Set)
		}
		if len(in.leftOut) > 0 {
			ui.Detail(sink, "left out", "%s", strings.Join(in.leftOut, ", "))
		}
		if len(in.repeated) > 0 {
			ui.Detail(sink, "left out, since it was named before", "%s", strings.Join(in.repeated, ", "))
		}
	}
}

// texts returns the texts of all corpora, one after the other.
func (all corpora) texts(progress func(what, unit string, done, total int64)) vocabulary.Texts {
	total, known := int64(0), true
	for _, c := range all {
		switch {
		case c.Set != nil:
			total += c.Set.Rows()
		case len(c.Inputs) > 0:
			known = false
		}
	}
	if !known {
		total = -1
	}
	return func(ctx context.Context, yield func(text string) error) error {
		done := int64(0)
		count := func(text string) error {
			if done++; done%64 == 0 {
				progress("read text", "rows", done, total)
			}
			return yield(text)
		}
		for _, c := range all {
			if err := c.read(ctx, count); err != nil {
				return err
			}
		}
		return nil
	}
}

func (c textFiles) read(ctx context.Context, yield func(text string) error) error {
	err := c.Scan(ctx, []string{c.column}, func(_ func() string, cells []table.Cell) error {
		return yield(cells[0].Text())
	})
	if missing := (*table.MissingColumnError)(nil); errors.As(err, &missing) {
		err = fmt.Errorf("read %[1]s: no row has a column %[2]s, the first has %[3]s: name the column of the text, "+
			"as in %[1]s:COLUMN", missing.Path, c.column, strings.Join(missing.Columns, ", "))
	}
	return err
}

// Column returns the column of a corpus that names at most one, "" if it names none.
func Column(columns []string) string {
	if len(columns) > 0 {
		return columns[0]
	}
	return ""
}
