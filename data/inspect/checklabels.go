package inspect

import (
	"fmt"
	"slices"
	"strings"

	"t5train/data/table"
	"t5train/data/task/infer"
	"t5train/data/tokenizer"
	"t5train/internal/clip"
	"t5train/internal/floats"
	"t5train/internal/ui"
)

// rowLabels looks at the labels of a row and returns their number in the table, -1 where one is missing or wrong.
func (c *checking) rowLabels(split int, row int64, columns []table.Column, cells []table.Cell) int32 {
	if len(cells) == 0 {
		return -1
	}
	if c.trained == nil {
		c.trained, c.held = make([]map[string]bool, len(columns)), make([][]classPlace, len(columns))
		for i := range c.trained {
			c.trained[i] = map[string]bool{}
		}
	}
	if row == 0 {
		c.seenLabels = make([]seenLabels, len(columns))
	}
	s := c.splits[split]
	texts, whole := make([]string, len(cells)), true
	for i, cell := range cells {
		values := []table.Cell{cell}
		if cell.Kind == table.List {
			values = cell.Items
		}
		for _, v := range values {
			text, good := c.labelOf(s, row, columns[i], v)
			texts[i] += text + " "
			c.seenLabels[i].add(text, good, v)
			if good {
				c.labelText(s, row, columns[i], text)
			}
			if !good {
				whole = false
				continue
			}
			c.noteClass(split, row, i, text)
		}
	}
	if !whole {
		return -1
	}
	return c.labels.number(strings.TrimSpace(strings.Join(texts, "")))
}

// labelOf returns the name of a label, and whether it is one.
func (c *checking) labelOf(s Split, row int64, column table.Column, cell table.Cell) (string, bool) {
	classes := column.ClassLabels
	none := classes != nil && cell.Kind == table.Int && cell.Int == -1 // as test splits mark it
	switch {
	case none || strings.TrimSpace(cell.Text()) == "":
		c.findings.add(NoLabel, s.Name, "column "+column.Name,
			Instance{Place: placeOf(s.Set, row), Text: cell.String()})
		return cell.String(), false
	case classes == nil:
		return cell.Text(), true
	case !inRange(cell, column):
		c.findings.add(LabelRange, s.Name, fmt.Sprintf("column %s, classes 0 to %d", column.Name, len(classes)-1),
			Instance{Place: placeOf(s.Set, row), Text: cell.String()})
		return cell.String(), false
	}
	return classes[cell.Int], true
}

// noteClass remembers the labels that the first split trains, and where others were seen first.
func (c *checking) noteClass(split int, row int64, column int, name string) {
	if split == 0 {
		if len(c.trained[column]) < maxLabelTexts {
			c.trained[column][strings.Clone(name)] = true
		}
		return
	}
	held := c.held[column]
	if c.trained[column][name] || len(c.trained[column]) == maxLabelTexts ||
		slices.ContainsFunc(held, func(h classPlace) bool {
			return h.name == name &&
				h.split == c.splits[split].Name
		}) || len(held) == maxUntrained {
		return
	}
	s := c.splits[split]
	c.held[column] = append(held, classPlace{strings.Clone(name), placeOf(s.Set, row), s.Name})
}

// maxUntrained bounds the classes that are named as missing.
const maxUntrained = 1000

// untrained adds the labels that nothing trains.
func (c *checking) untrained() {
	for i, held := range c.held {
		for _, h := range held {
			c.findings.add(UntrainedLabel, h.split, fmt.Sprintf("column %s, not in %s", c.Roles.Labels[i],
				c.splits[0].Name), Instance{Place: h.place, Text: h.name})
		}
	}
}

// seenLabels is what the labels of a column in a split are, as far as they are alike.
type seenLabels struct {
	labels, missing, minus int64 // all; null, empty, or -1 beside class names; the number -1 without class names
	first                  string
	several                bool
}

func (l *seenLabels) add(text string, good bool, cell table.Cell) {
	l.labels++
	switch {
	case !good:
		l.missing++
		return
	case cell.Kind == table.Int && text == "-1":
		l.minus++
	}
	if l.labels-l.missing == 1 {
		l.first = strings.Clone(text)
	}
	l.several = l.several || text != l.first
}

// oneLabel looks at what the labels of a split have in common.
func (c *checking) oneLabel(s Split, columns []table.Column) {
	for i, l := range c.seenLabels {
		detail, place := "column "+columns[i].Name, placeOf(s.Set, 0)
		switch {
		case l.labels > 0 && l.missing+l.minus == l.labels:
			c.findings.drop(NoLabel, s.Name, detail)
			c.findings.add(HiddenLabels, s.Name, detail, Instance{Place: place}).Count = s.Set.Rows()
		case l.missing == 0 && l.labels > 1 && !l.several:
			c.findings.add(OneLabel, s.Name, detail,
				Instance{Place: place, Text: shortened(l.first)}).Count = s.Set.Rows()
		}
	}
}

// labelText looks, once a label, at what becomes of its text: of a tag that of its type.
func (c *checking) labelText(s Split, row int64, column table.Column, text string) {
	if c.labelTexts == nil {
		c.labelTexts = map[string]bool{}
	}
	if c.labelTexts[text] || len(c.labelTexts) == maxLabelTexts {
		return
	}
	c.labelTexts[strings.Clone(text)] = true
	if column.Lists > 0 && table.IsTag(text) {
		_, text, _ = strings.Cut(text, "-")
	}
	tok := c.Measure.Tokenizer
	decoded, loss := tok.RoundTrip(text, tok.AppendEncode(nil, text))
	if loss != tokenizer.Unchanged && (loss == tokenizer.Unknown || strings.TrimSpace(text) != decoded) {
		c.findings.add(LabelText, s.Name, "column "+column.Name,
			Instance{Place: placeOf(s.Set, row), Text: fmt.Sprintf("%q comes back as %q", clip.Text(text, shownText),
				clip.Text(decoded, shownText))})
	}
}

func equalNames(a, b table.Column) bool { return slices.Equal(a.ClassLabels, b.ClassLabels) }

func classList(c table.Column) string {
	if c.ClassLabels == nil {
		return "(none)"
	}
	const most = 10
	text := ui.Shorten(c.ClassLabels, most)
	if n := len(c.ClassLabels); n > most {
		text += fmt.Sprintf(" (%d)", n)
	}
	return text
}

// numberColumn returns the column of numbers that a regression would learn, "" if there is none: the only one of
// floats, or the only one of those with the name of a label.
func numberColumn(columns []table.Column, r Roles) string {
	if len(r.Labels)+len(r.Targets) > 0 {
		return ""
	}
	floats := namesOf(columns, func(c table.Column) bool {
		return c.Type == table.TypeFloat && c.Lists == 0 && !isIdentifier(c.Name)
	})
	if len(floats) > 1 {
		floats = slices.DeleteFunc(floats, func(name string) bool { return !infer.IsLabelName(name) })
	}
	if len(floats) != 1 {
		return ""
	}
	return floats[0]
}

// number adds the number of a row, which must be there and finite.
func (c *checking) number(s Split, row int64, column string, cell table.Cell, numbers []float64) []float64 {
	if cell.Kind != table.Float || !floats.IsFinite(cell.Float) {
		c.findings.add(NoLabel, s.Name, "column "+column, Instance{Place: placeOf(s.Set, row), Text: cell.String()})
		return numbers
	}
	return append(numbers, cell.Float)
}

// rounding looks at what the rounding that a regression would choose leaves of the numbers of a split.
func (c *checking) rounding(s Split, column string, numbers []float64) {
	if said, _ := infer.RoundingLoss(numbers, infer.RoundToFor(numbers)); said != "" {
		c.findings.add(Rounding, s.Name, "column "+column, Instance{Place: placeOf(s.Set, 0),
			Text: said}).Count = int64(len(numbers))
	}
}
