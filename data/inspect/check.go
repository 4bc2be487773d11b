package inspect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"t5train/data/parquetio"
	"t5train/data/table"
	"t5train/data/tokenizer"
	"t5train/data/tokenizer/usage"
	"t5train/internal/clip"
	"t5train/internal/ui"
)

// Split is a part of a data set. What trains comes before what is held out.
type Split struct {
	Name string
	Set  *parquetio.Dataset
}

// CheckOptions say how a data set is checked.
type CheckOptions struct {
	Roles    Roles
	Measure  Measure
	Examples int // places that a finding names

	MinShared int     // characters of the texts that count as shared between splits; 0 is all
	MaxShared float64 // share of the rows of a split that may have texts of another split without being an error

	Sink ui.Sink
}

var errNoSet = errors.New("inspect: there is no data set: open one")

// BytesPerRow is about the memory that [Check] takes for a row: what is left of it are two digests of 16 bytes, with
// its place and its label.
const BytesPerRow = 120

// Check compares the texts of all rows, within a split and across splits, and looks at each row's texts and labels.
func Check(ctx context.Context, splits []Split, o CheckOptions) (*Report, error) {
	c := &checking{CheckOptions: o, splits: splits, findings: newFindings(o.Examples), exact: seen{}, normal: seen{}}
	c.labels.numbers, c.phases = map[string]int32{}, ui.NewPhases(o.Sink)
	defer c.phases.Stop()
	if slices.ContainsFunc(splits, func(s Split) bool { return s.Set == nil }) {
		return nil, errNoSet
	}
	if len(splits) == 0 {
		return c.report(), nil
	}
	if err := c.sameClasses(); err != nil {
		return nil, err
	}
	for i, s := range splits {
		if s.Set.Rows() == 0 {
			return nil, fmt.Errorf("check %s: its files have no rows, and what trains or evaluates needs one at least",
				s.Name)
		}
		if err := c.split(ctx, i); err != nil {
			return nil, err
		}
	}
	return c.report(), nil
}

// seen has the first row of each text, by its digest.
type seen map[[16]byte]rowRef

// rowRef is a row with the labels that it has.
type rowRef struct {
	row    int64
	labels int32 // number in labelTable; -1 where it is not known
	split  int32
}

// labelTable numbers the labels of rows.
type labelTable struct {
	numbers map[string]int32
	texts   []string
}

// maxLabelTexts bounds them: where there are more, they are no classes, and no conflict is looked for.
const maxLabelTexts = 10_000

func (t *labelTable) number(text string) int32 {
	n, ok := t.numbers[text]
	if !ok {
		if len(t.texts) == maxLabelTexts {
			return -1
		}
		n = int32(len(t.texts))
		t.numbers[text] = n
		t.texts = append(t.texts, text)
	}
	return n
}

type checking struct {
	CheckOptions
	phases        *ui.Phases
	splits        []Split
	findings      *findings
	exact, normal seen
	labels        labelTable
	characters    usage.Characters
	seenLabels    []seenLabels      // of the split, of each label column
	labelTexts    map[string]bool   // labels that were measured
	trained       []map[string]bool // labels of the first split, of each label column
	held          [][]classPlace    // classes of the others, of each label column
}

// classPlace is where a class was seen first.
type classPlace struct {
	name  string
	place Place
	split string
}

// columns returns all columns that a split is read for: texts, targets and labels.
func (c *checking) columns() []string {
	r := c.Roles
	return append(append(append([]string{}, r.Texts...), r.Targets...), r.Labels...)
}

// sameClasses wants class names to mean the same in all splits.
func (c *checking) sameClasses() error {
	for _, s := range c.splits {
		if err := s.Set.CheckColumns(c.columns()); err != nil {
			return err
		}
	}
	for _, name := range c.Roles.Labels {
		first := find(c.splits[0].Set.Columns(), []string{name})[0]
		for _, s := range c.splits[1:] {
			other := find(s.Set.Columns(), []string{name})[0]
			if !equalNames(first, other) {
				c.findings.add(ClassNames, s.Name, "column "+name, Instance{
					Place: placeOf(s.Set, 0), Text: fmt.Sprintf("%s, but %s in %s", classList(other), classList(first),
						c.splits[0].Name)})
			}
		}
	}
	return nil
}

// split reads a split. Texts are measured in blocks, so what is said about them comes later than the rest.
func (c *checking) split(ctx context.Context, split int) error {
	s := c.splits[split]
	r := c.Roles
	measuredTexts := len(r.Texts) + len(r.Targets)
	labels := find(s.Set.Columns(), r.Labels)
	var waiting []int64 // rows of the texts that are not measured yet, one for each text
	var columns []int
	var blocks *blocks
	blocks = newBlocks(c.Measure, func(results []measured) {
		for i, m := range results {
			c.measured(s, waiting[i], columns[i], blocks.texts[i], m)
		}
		waiting, columns = waiting[:0], columns[:0]
	})
	all := c.columns()
	number, numbers := numberColumn(s.Set.Columns(), r), []float64(nil)
	if number != "" {
		all = append(all, number)
	}
	starts := c.answerStarts(s)
	for _, a := range starts {
		all = append(all, a.column)
	}
	err := s.Set.Scan(ctx, all, func(row int64, cells []table.Cell) error {
		if number != "" {
			numbers = c.number(s, row, number, cells[len(c.columns())], numbers)
		}
		for i, a := range starts {
			if wrong := a.misplaced(cells, cells[len(all)-len(starts)+i]); wrong != "" {
				c.findings.add(AnswerStart, s.Name, "column "+a.column,
					Instance{Place: placeOf(s.Set, row), Text: wrong})
			}
		}
		for i, cell := range cells[:measuredTexts] {
			if text := cell.Text(); strings.TrimSpace(text) != "" {
				blocks.add(strings.Clone(text), i >= len(r.Texts))
				waiting, columns = append(waiting, row), append(columns, i)
			} else {
				c.empty(s, row, i)
			}
		}
		labelled := c.rowLabels(split, row, labels, cells[measuredTexts:measuredTexts+len(r.Labels)])
		c.compare(rowRef{row, labelled, int32(split)}, cells[:len(r.Texts)])
		if blocks.full() {
			blocks.flush()
			c.phases.Progress("check "+s.Name, "rows", row+1, s.Set.Rows())
		}
		return nil
	})
	if err == nil {
		blocks.flush()
		c.oneLabel(s, labels)
		c.rounding(s, number, numbers)
	}
	return err
}

// name returns the name of a column by its place in columns, and whether it is a target.
func (c *checking) name(column int) (name string, target bool) {
	if column < len(c.Roles.Texts) {
		return c.Roles.Texts[column], false
	}
	return c.Roles.Targets[column-len(c.Roles.Texts)], true
}

func (c *checking) empty(s Split, row int64, column int) {
	name, target := c.name(column)
	kind := EmptyText
	if target {
		kind = EmptyTarget
	}
	c.findings.add(kind, s.Name, "column "+name, Instance{Place: placeOf(s.Set, row)})
}

// measured looks at the tokens of a text.
func (c *checking) measured(s Split, row int64, column int, text string, m measured) {
	name, target := c.name(column)
	limit, kind := c.Measure.MaxInput, CutText
	if target {
		limit, kind = c.Measure.MaxTarget, CutTarget
	}
	if limit > 0 && m.tokens > limit {
		c.findings.add(kind, s.Name, fmt.Sprintf("column %s, limit %d", name, limit),
			Instance{Place: placeOf(s.Set, row), Text: fmt.Sprintf("%d tokens", m.tokens)})
	}
	if m.unknown {
		unknown := c.characters.Add(text, c.Measure.Tokenizer)
		c.findings.add(UnknownCharacters, s.Name, "column "+name, Instance{Place: placeOf(s.Set, row), Text: unknown})
	} else if m.loss != tokenizer.Unchanged {
		from, to := clip.Around(text, m.decoded, shownText)
		c.findings.add(targetKind(m.loss), s.Name, "column "+name,
			Instance{Place: placeOf(s.Set, row), Text: fmt.Sprintf("%q comes back as %q", from, to)})
	}
}

// compare looks for a row with the same texts.
func (c *checking) compare(row rowRef, texts []table.Cell) {
	key := joined(texts, table.Cell.Text)
	normal := joined(texts, func(c table.Cell) string { return normalised(c.Text()) })
	if strings.Trim(normal, between) == "" {
		return
	}
	exactly, normally := table.Digest(key), table.Digest(normal)
	first, seen := c.normal[normally] // of the earliest split that has the text
	if !seen {
		c.normal[normally] = row
	}
	same, exact := c.exact[exactly]
	if !exact {
		c.exact[exactly] = row
	}
	switch {
	case !seen:
		return
	case exact && same.split == first.split:
		c.twice(row, same, key, Leak, Duplicate)
	default:
		c.twice(row, first, key, LeakNormalised, DuplicateNormalised)
		if exact && same.split != row.split { // it is in a later split too, and there as it is here
			c.twice(row, same, key, Leak, Duplicate)
		}
	}
	if exact && row.labels != same.labels && row.labels >= 0 && same.labels >= 0 {
		s := c.splits[row.split]
		c.findings.add(ConflictingLabels, s.Name, "", Instance{Place: placeOf(s.Set, row.row), Other: c.place(same),
			Text: fmt.Sprintf("%s here and %s there: %s", c.labels.texts[row.labels], c.labels.texts[same.labels],
				shortened(key))})
	}
}

// twice notes a text that is there again.
func (c *checking) twice(row, other rowRef, key string, leak, duplicate Kind) {
	s := c.splits[row.split]
	found := Instance{Place: placeOf(s.Set, row.row), Other: c.place(other), Text: shortened(key)}
	if row.split == other.split {
		c.findings.add(duplicate, s.Name, "", found)
		return
	}
	if !long(key, c.MinShared) {
		return
	}
	c.findings.add(leak, s.Name, c.splits[other.split].Name, found)
}

func (c *checking) place(r rowRef) *Place {
	p := placeOf(c.splits[r.split].Set, r.row)
	return &p
}

// between divides the texts of a row where they are taken as one. No text has it.
const between = "\x00"

func joined(texts []table.Cell, text func(table.Cell) string) string {
	parts := make([]string, len(texts))
	for i, t := range texts {
		parts[i] = text(t)
	}
	return strings.Join(parts, between)
}

// long reports whether the texts of a row have so many characters that another row has them by no accident. White space
// counts once.
func long(texts string, least int) bool {
	return least <= 1 || utf8.RuneCountInString(singleSpaced(strings.ReplaceAll(texts, between, ""))) >= least
}

// normalised returns a text in lower case, with one space for each run of white space and none at the ends.
func normalised(text string) string { return singleSpaced(strings.ToLower(text)) }

func singleSpaced(text string) string { return strings.Join(strings.Fields(text), " ") }

// shownText is the most characters of a text that an instance shows.
const shownText = 60

// shortened returns the beginning of a text on one line, for a message.
func shortened(text string) string {
	line := singleSpaced(strings.ReplaceAll(text, between, " | "))
	return clip.Text(string([]rune(line)), shownText) // runes are valid UTF-8, whatever a column holds
}
