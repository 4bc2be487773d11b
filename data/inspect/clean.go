package inspect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"t5train/data/importer"
	"t5train/data/parquetio"
	"t5train/data/table"
	"t5train/internal/floats"
	"t5train/internal/ui"
)

// CleanOptions say which rows are left out of a data set.
type CleanOptions struct {
	Roles       Roles
	MinShared   int  // characters of the texts that count as shared between splits; 0 is all
	FixEncoding bool // texts and targets are taken as [FixEncoding] returns them

	Sink ui.Sink
}

// Cleaned says which rows of a split stay.
type Cleaned struct {
	Name    string    `json:"name"`
	Rows    int64     `json:"rows"`
	Kept    int64     `json:"kept"`
	Dropped []Dropped `json:"dropped"` // by reason
	Fixed   int64     `json:"fixed_texts"`
	Hidden  bool      `json:"hidden_labels"` // no row has a label, so none is left out for that
	Example []string  `json:"fixed_example,omitempty"`
	keep    []bool
}

// Dropped counts the rows that are left out for a reason, the first that holds of a row.
type Dropped struct {
	Kind   Kind   `json:"kind"`
	Detail string `json:"detail,omitempty"` // the column, or the other split
	Count  int64  `json:"count"`
}

// Keeps reports whether a row stays.
func (c *Cleaned) Keeps(row int64) bool { return row < int64(len(c.keep)) && c.keep[row] }

func (c *Cleaned) drop(k Kind, detail string) {
	i := slices.IndexFunc(c.Dropped, func(d Dropped) bool { return d.Kind == k && d.Detail == detail })
	if i < 0 {
		i = len(c.Dropped)
		c.Dropped = append(c.Dropped, Dropped{Kind: k, Detail: detail})
	}
	c.Dropped[i].Count++
}

// Clean chooses the rows of the splits that stay: those with all texts, targets and labels, of rows that are alike in
// texts and targets the first, and of a text that is in two splits the rows of the later split. Case and white space do
// not count. Like [Check] it takes about [BytesPerRow].
func Clean(ctx context.Context, splits []Split, o CleanOptions) ([]*Cleaned, error) {
	if len(o.Roles.Texts) == 0 {
		return nil, errors.New("clean: there is no column of texts")
	}
	c := &cleaning{CleanOptions: o, texts: map[[16]byte]int{}, phases: ui.NewPhases(o.Sink)}
	defer c.phases.Stop()
	cleaned := make([]*Cleaned, len(splits))
	for i, s := range slices.Backward(splits) { // what is held out stays
		var err error
		if cleaned[i], err = c.split(ctx, splits, i); err != nil {
			return nil, err
		}
		if cleaned[i].Kept == 0 {
			return nil, fmt.Errorf("clean %s: none of its %d rows would stay: see t5train check", s.Name,
				s.Set.Rows())
		}
	}
	return cleaned, nil
}

type cleaning struct {
	CleanOptions
	phases *ui.Phases
	texts  map[[16]byte]int // split of each text that stays; a split's own come when it is read
}

// labelsOf returns the columns of labels: classes, or the numbers of a regression.
func (o CleanOptions) labelsOf(set *parquetio.Dataset) ([]table.Column, error) {
	names := o.Roles.Labels
	if number := numberColumn(set.Columns(), o.Roles); number != "" {
		names = []string{number}
	}
	if len(names) == 0 {
		return nil, nil
	}
	if err := set.CheckColumns(names); err != nil {
		return nil, err
	}
	return find(set.Columns(), names), nil
}

// hidden reports whether no row of a set has a label, as in a test split whose labels are not told.
func hidden(ctx context.Context, set *parquetio.Dataset, labels []table.Column) (bool, error) {
	if len(labels) == 0 {
		return false, nil
	}
	found := errors.New("found")
	err := set.Scan(ctx, namesOf(labels, nil), func(_ int64, cells []table.Cell) error {
		for i, cell := range cells {
			if !unlabelled(labels[i], cell) && cell.Text() != "-1" {
				return found
			}
		}
		return nil
	})
	if errors.Is(err, found) {
		return false, nil
	}
	return err == nil, err
}

// unlabelled reports whether a label, or one of a list, is missing: null, empty, not finite, or -1 beside class
// names.
func unlabelled(column table.Column, cell table.Cell) bool {
	switch cell.Kind {
	case table.List:
		return slices.ContainsFunc(cell.Items, func(item table.Cell) bool { return unlabelled(column, item) })
	case table.Int:
		return column.ClassLabels != nil && cell.Int == -1
	case table.Float:
		return !floats.IsFinite(cell.Float)
	}
	return strings.TrimSpace(cell.Text()) == ""
}

// split reads a split and notes what stays.
func (c *cleaning) split(ctx context.Context, splits []Split, split int) (*Cleaned, error) {
	s := splits[split]
	labels, err := c.labelsOf(s.Set)
	if err != nil {
		return nil, err
	}
	r := &Cleaned{Name: s.Name, Rows: s.Set.Rows(), Dropped: []Dropped{}, keep: make([]bool, s.Set.Rows())}
	if r.Hidden, err = hidden(ctx, s.Set, labels); err != nil {
		return nil, err
	}
	rows := map[[16]byte][16]byte{} // labels of the rows of this split that stay, by texts and targets
	written := slices.Concat(c.Roles.Texts, c.Roles.Targets)
	err = s.Set.Scan(ctx, slices.Concat(written, namesOf(labels, nil)), func(row int64, cells []table.Cell) error {
		if row%4096 == 0 {
			c.phases.Progress("read "+s.Name, "rows", row, r.Rows)
		}
		texts, fixed := c.fixed(cells[:len(written)])
		if kind, detail := c.missing(texts, labels, cells[len(written):], r.Hidden); kind != "" {
			r.drop(kind, detail)
			return nil
		}
		normal := func(cell table.Cell) string { return normalised(cell.Text()) }
		text := joined(texts[:len(c.Roles.Texts)], normal)
		key := table.Digest(text)
		if other, shared := c.texts[key]; shared && other != split && long(text, c.MinShared) {
			r.drop(Leak, splits[other].Name)
			return nil
		}
		whole, label := table.Digest(joined(texts, normal)), table.Digest(joined(cells[len(written):], table.Cell.Text))
		if first, twice := rows[whole]; twice {
			kind := Duplicate
			if first != label {
				kind = ConflictingLabels
			}
			r.drop(kind, "")
			return nil
		}
		rows[whole] = label
		if split > 0 {
			c.texts[key] = split
		}
		r.keep[row] = true
		r.Kept++
		r.note(cells, texts, fixed)
		return nil
	})
	return r, err
}

// fixed returns texts as they are to be read, and how many of them are not as they were.
func (c *cleaning) fixed(cells []table.Cell) (texts []table.Cell, count int64) {
	if !c.FixEncoding {
		return cells, 0
	}
	texts = slices.Clone(cells)
	for i := range texts {
		was := texts[i].Text()
		if texts[i].Str = FixEncoding(texts[i].Str); texts[i].Kind == table.List {
			texts[i].Items = slices.Clone(texts[i].Items)
			for k := range texts[i].Items {
				texts[i].Items[k].Str = FixEncoding(texts[i].Items[k].Str)
			}
		}
		if texts[i].Text() != was {
			count++
		}
	}
	return texts, count
}

// note counts the texts that are fixed, and shows the first.
func (c *Cleaned) note(cells, texts []table.Cell, fixed int64) {
	c.Fixed += fixed
	for i := range texts {
		if was, is := cells[i].Text(), texts[i].Text(); c.Example == nil && was != is {
			c.Example = []string{shortened(was), shortened(is)}
		}
	}
}

// missing says what a row lacks, and in which column.
func (c *cleaning) missing(texts []table.Cell, labels []table.Column, cells []table.Cell, hidden bool) (Kind, string) {
	for i, cell := range texts {
		if strings.TrimSpace(cell.Text()) != "" {
			continue
		}
		if i < len(c.Roles.Texts) {
			return EmptyText, c.Roles.Texts[i]
		}
		if cell.Kind != table.List || len(cell.Items) > 0 { // an empty list is that of a question without an answer
			return EmptyTarget, c.Roles.Targets[i-len(c.Roles.Texts)]
		}
	}
	for i, cell := range cells {
		if !hidden && unlabelled(labels[i], cell) {
			return NoLabel, labels[i].Name
		}
	}
	return "", ""
}

// CleanReport is what a cleaning has done.
type CleanReport struct {
	Splits []*Cleaned `json:"splits"`
	Files  []string   `json:"files"`
}

// CleanInto writes the rows that stay into a folder.
func CleanInto(
	ctx context.Context, folder *importer.Folder, splits []Split, o CleanOptions,
) (*CleanReport, error) {
	phases := ui.NewPhases(o.Sink)
	defer phases.Stop()
	cleaned, err := Clean(ctx, splits, o)
	if err != nil {
		return nil, err
	}
	read := slices.Concat(o.Roles.Texts, o.Roles.Targets, o.Roles.Labels)
	for i, s := range splits {
		if err := s.Set.CheckSizes(ctx, read); err != nil {
			return nil, fmt.Errorf("clean %s: %w", s.Name, err)
		}
		progress := func(done int64) { phases.Progress("write "+s.Name, "rows", done, s.Set.Rows()) }
		if err := writeCleaned(ctx, folder.Copies(s.Name), s, cleaned[i], o, progress); err != nil {
			return nil, err
		}
	}
	paths, err := folder.Finish()
	return &CleanReport{cleaned, paths}, err
}

// writeCleaned copies the files of a split.
func writeCleaned(
	ctx context.Context, to *importer.Split, s Split, cleaned *Cleaned, o CleanOptions, progress func(int64),
) error {
	first := int64(0)
	for i, file := range s.Set.Files() {
		fixed := map[int]bool{} // leaves
		for _, name := range append(append([]string{}, o.Roles.Texts...), o.Roles.Targets...) {
			fixed[s.Set.Leaf(i, name)] = true
		}
		edit := importer.Edit{Keep: func(row int64) bool {
			if (first+row)%4096 == 0 {
				progress(first + row)
			}
			return cleaned.Keeps(first + row)
		}}
		if o.FixEncoding {
			edit.Text = func(leaf int, text string) string {
				if !fixed[leaf] {
					return text
				}
				return FixEncoding(text)
			}
		}
		read, err := to.Copy(ctx, file.Path, edit)
		if err == nil && read != file.Rows {
			err = fmt.Errorf("%s was replaced while the data was read: start again", file.Path)
		}
		if err != nil {
			return fmt.Errorf("clean %s: %w", s.Name, err)
		}
		first += read
	}
	return nil
}
