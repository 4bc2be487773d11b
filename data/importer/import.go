package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"t5train/data/parquetio"
	"t5train/data/table"
	"t5train/internal/ui"
)

// Result is what an import has written.
type Result struct {
	Files  []string
	Splits []SplitRows
}

// SplitRows is a split and the number of its rows.
type SplitRows struct {
	Name string
	Rows int64
}

// Import reads the inputs twice, first for columns, classes and counts, then for the rows, and writes them. It holds a
// row, a row group of each split, the classes, and with Group 16 bytes and a number for each value of that column.
func Import(ctx context.Context, o Options) (Result, error) {
	if err := o.validate(); err != nil {
		return Result{}, err
	}
	groups, err := table.FindInputs(o.Inputs, o.Format)
	if err != nil {
		return Result{}, err
	}
	im := &importing{Options: o, groups: groups, phases: ui.NewPhases(o.Sink)}
	defer im.phases.Stop()
	im.drops = drops{o.Drop, map[string]bool{}}
	if len(o.Drop) > 0 {
		im.Read.Drop = im.drops.has
	}
	im.Read.Unnamed = func() { im.index.there = true }
	im.Read.Escaped = im.sayEscaped
	im.defaults()
	names, err := o.splits(groups)
	if err != nil {
		return Result{}, err
	}
	if err := o.checkSkip(groups); err != nil {
		return Result{}, err
	}
	folder, err := im.create(names)
	if err != nil {
		return Result{}, err
	}
	result, err := im.run(ctx, folder, names)
	return result, errors.Join(err, folder.Close())
}

// importing is an import under way.
type importing struct {
	Options
	groups []table.Group
	phases *ui.Phases
	schema *schema
	rows   int64
	values map[[16]byte]int // number of each value of Group, in order of first appearance
	none   int64            // rows whose Stratify is null
	index  indexColumn
	drops  drops

	badLines, badRows int // of the first reading, that do not parse

	fields []table.Field // of a row, that are not left out

	escaped []string // names of columns of which it is said already that they are no UTF-8

	delimiters map[string]rune // of tables, by path, where they are not those of the format
}

// defaults adds what formats bring along, and says it.
func (im *importing) defaults() {
	squad := false
	for _, g := range im.groups {
		in := g.Inputs[0]
		ui.Say(im.Sink, "data", "%s (%s, %s)", g.Argument, in.Format, g.Why)
		if len(g.LeftOut) > 0 {
			im.detail("left out", "%s", strings.Join(g.LeftOut, ", "))
		}
		for _, in := range g.Inputs {
			im.sniff(in)
		}
		label := map[table.Format]string{table.Classes: table.LabelColumn, table.CoNLL: table.TagsColumn}[in.Format]
		if label != "" && im.Types[label] == "" && !slices.Contains(im.Labels, label) {
			im.Labels = append(slices.Clip(im.Labels), label)
		}
		squad = squad || in.Format == table.SQuAD
	}
	if starts := "answers.answer_start"; squad && im.Types[starts] == "" {
		im.Types = maps.Clone(im.Types)
		if im.Types == nil {
			im.Types = map[string]Type{}
		}
		im.Types[starts] = Int32 // as datasets has it
	}
	if squad && len(im.Shares) > 0 && im.Group == "" && im.Stratify == "" {
		im.Group = "context"
		im.detail("", "questions about the same context stay in one split (import.group context)")
	}
}

func (im *importing) detail(key, format string, args ...any) {
	ui.Detail(im.Sink, key, format, args...)
}

// sayEscaped says how columns are named that were not said before.
func (im *importing) sayEscaped(names []string) {
	names = slices.DeleteFunc(names, func(name string) bool { return slices.Contains(im.escaped, name) })
	if len(names) > 0 {
		im.detail("note", "%s", parquetio.EscapedNote(names))
		im.escaped = append(im.escaped, names...)
	}
}

func (im *importing) create(names []string) (*Folder, error) {
	if table.IsParquet(im.Output) {
		return CreateFile(im.Output, im.Overwrite)
	}
	return CreateFolder(im.Output, names, im.Overwrite)
}

func (im *importing) run(ctx context.Context, folder *Folder, names []string) (Result, error) {
	if err := im.learn(ctx); err != nil {
		return Result{}, err
	}
	columns, err := im.schema.resolve()
	if err != nil {
		return Result{}, fmt.Errorf("import: %w", err)
	}
	for i, c := range columns {
		im.detail("", "column %v%s", c, im.schema.columns[i].notes())
	}
	splits := make([]*Split, len(names))
	for i, name := range names {
		if splits[i], err = folder.Split(name, columns, cmp.Or(im.ShardBytes, DefaultShardBytes)); err != nil {
			return Result{}, err
		}
	}
	if err := im.write(ctx, columns, splits); err != nil {
		return Result{}, err
	}
	for _, s := range splits {
		if s.Rows() == 0 {
			return Result{}, fmt.Errorf("import: split %s has none of the %d rows: give it a larger part, or "+
				"leave it out",
				s.Name(), im.rows)
		}
	}
	files, err := folder.Finish()
	result := Result{Files: files}
	for _, s := range splits {
		result.Splits = append(result.Splits, SplitRows{s.Name(), s.Rows()})
	}
	return result, err
}

// notes says what is worth knowing about a column.
func (c *column) notes() string {
	var notes []string
	if c.label {
		names := c.names()
		notes = append(notes, fmt.Sprintf("%d classes: %s", len(names), ui.Shorten(names, 10)))
	}
	if c.blank > 0 {
		notes = append(notes, fmt.Sprintf("empty cells, which become null: %d", c.blank))
	}
	if len(notes) == 0 {
		return ""
	}
	return ": " + strings.Join(notes, "; ")
}

// learn is the first reading.
func (im *importing) learn(ctx context.Context) error {
	im.schema = newSchema(im.Types, im.Labels)
	if im.Group != "" {
		im.values = map[[16]byte]int{}
	}
	err := im.each(ctx, "read", im.leaveOut, func(in table.Input, r table.Row) error {
		im.rows++
		im.index.add(in, r)
		at := place{in.Path, r.Line}
		if err := im.schema.add(at, r.Fields); err != nil {
			return fmt.Errorf("import: %w", err)
		}
		by := cmp.Or(im.Group, im.Stratify) // of which there is one at most
		if by == "" {
			return nil
		}
		text, err := single(r, by)
		if err != nil {
			return fmt.Errorf("import: %v: %w", at, err)
		}
		if _, seen := im.values[table.Digest(text)]; im.Group != "" && !seen {
			im.values[table.Digest(text)] = len(im.values)
		}
		if text == "" {
			im.none++
		}
		return nil
	})
	if err != nil {
		return err
	}
	im.sayBadLines()
	if im.rows == 0 {
		return fmt.Errorf("import: %s: no rows", strings.Join(im.Inputs, ", "))
	}
	if err := im.drops.check(); err != nil {
		return err
	}
	im.settleIndex()
	im.schema.settle()
	if by := cmp.Or(im.Group, im.Stratify); by != "" && im.schema.byName[by] == nil {
		return fmt.Errorf("import: there is no column %s to split by: the columns are %s",
			by, strings.Join(im.schema.names(), ", "))
	}
	if im.Stratify != "" && !im.schema.byName[im.Stratify].label {
		return fmt.Errorf("import: stratified by %s, which is no label: add import.label %s", im.Stratify, im.Stratify)
	}
	return nil
}

// single returns the text of a value that is no list; a row without it has "".
func single(r table.Row, column string) (string, error) {
	for _, f := range r.Fields {
		if strings.Join(f.Path, ".") == column {
			if f.Cell.Kind == table.List {
				return "", fmt.Errorf("column %s is a list: split by another column", column)
			}
			return f.Cell.Text(), nil
		}
	}
	return "", nil
}

// each reads all inputs. Lines that do not parse go to skip, if they may be left out.
func (im *importing) each(
	ctx context.Context, what string, skip func(table.Input, table.BadLine) error, f func(table.Input, table.Row) error,
) error {
	done := int64(0)
	for _, g := range im.groups {
		for _, in := range g.Inputs {
			o := im.Read
			if o.Delimiter == 0 {
				o.Delimiter = im.delimiters[in.Path]
			}
			var failed error // of whoever gets the rows, which says all that there is to say
			if im.SkipBadLines > 0 {
				o.Skip = func(b table.BadLine) error { failed = skip(in, b); return failed }
			}
			err := table.ReadFile(ctx, in, o, func(r table.Row) error {
				r.Fields = im.kept(r.Fields)
				if failed = f(in, r); failed != nil {
					return failed
				}
				if done++; done%1024 == 0 {
					total := int64(-1)
					if what != "read" {
						total = im.rows
					}
					im.phases.Progress(what, "rows", done, total)
				}
				return nil
			})
			switch {
			case failed != nil:
				return failed
			case err != nil:
				return skipWay(in, dropWay(err))
			}
		}
	}
	return nil
}

// kept returns the fields that are not left out. It leaves those of the reader, which come again, as they are.
func (im *importing) kept(fields []table.Field) []table.Field {
	if len(im.drops.names) == 0 {
		return fields
	}
	im.fields = im.fields[:0]
	for _, f := range fields {
		if !im.drops.has(f.Path) {
			im.fields = append(im.fields, f)
		}
	}
	return im.fields
}
