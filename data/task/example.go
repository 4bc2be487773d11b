package task

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"t5train/data/table"
	"t5train/internal/optional"
)

// Unanswerable is the answer to a question without one, an empty list of answers, as SQuAD 2 has them.
const Unanswerable = "unanswerable"

// Example is one example as text.
type Example struct {
	Input, Target string
	Label         int // number of the label; -1 for tasks without labels
	// bytes of Input, from its beginning, that hold what the answer is made of; 0 where that is not known
	Evidence int
}

// Reference is what an answer of the model is checked against.
type Reference struct {
	Texts []string // of Texts and Referents: all that are right, the target first
	// of Labels: its number; of Referents: 1, or 0 where the first text is not what the pronoun stands for; else -1
	Label  int
	Number float64  // of Numbers: as the data set has it, not rounded
	Tokens []string // of Entities
	Tags   []string // of Entities: those of the tokens, in IOB2
	Group  string   // equal for the rows of one question; empty without GroupColumns
}

// Train turns the cells of [Spec.Columns] into the examples to train on: one, but for [ReCoRD] one for each answer, and
// for [WSC] and [WNLI] none where the referent is wrong. An error names column and value; the caller knows the file and
// the row.
func (s Spec) Train(cells []table.Cell) ([]Example, error) {
	e, ref, err := s.HeldOut(cells)
	switch {
	case err != nil:
		return nil, err
	case (s.Rule == WSC || s.Rule == WNLI) && ref.Label == 0:
		return nil, nil
	case s.Rule == ReCoRD:
		examples := make([]Example, len(ref.Texts))
		for i, text := range ref.Texts {
			examples[i] = Example{e.Input, text, e.Label, s.evidence(e.Input, Reference{Texts: ref.Texts[i : i+1]})}
		}
		return examples, nil
	}
	if len(ref.Texts) > 1 { // the target is the first of them
		e.Evidence = s.evidence(e.Input, Reference{Texts: ref.Texts[:1]})
	}
	return []Example{e}, nil
}

// HeldOut turns the cells of [Spec.Columns] into the one example to evaluate a row with, and what answers to it are
// checked against. Errors are those of [Spec.Train]. The result keeps nothing of the cells.
func (s Spec) HeldOut(cells []table.Cell) (Example, Reference, error) {
	columns := s.Columns()
	if len(cells) != len(columns) {
		return Example{}, Reference{}, fmt.Errorf("task: %d cells, want %d for the columns %q",
			len(cells), len(columns), columns)
	}
	r := row{s, columns, cells}
	texts := make([]string, len(s.TextColumns))
	for i, column := range s.TextColumns {
		var err error
		if texts[i], err = r.text("text", column); err != nil {
			return Example{}, Reference{}, err
		}
	}
	input, err := s.Input(texts)
	if err != nil {
		return Example{}, Reference{}, err
	}
	e, ref := Example{Input: input, Label: -1}, Reference{Label: -1}
	switch s.Kind() {
	case Labels:
		if e.Label, err = s.label(r.cell(s.LabelColumn)); err == nil {
			e.Target, ref.Label = trimEnd(s.Labels[e.Label].Text), e.Label
		}
	case Numbers:
		if ref.Number, err = s.number(r.cell(s.LabelColumn)); err == nil {
			e.Target = WriteNumber(ref.Number, optional.Value(s.RoundTo))
		}
	case Entities:
		ref.Tokens, ref.Tags, e.Target, err = s.entities(r.cell(s.TextColumns[0]), r.cell(s.LabelColumn))
	case Referents:
		if ref.Label, ref.Texts, err = r.referent(texts); err == nil {
			e.Target = ref.Texts[0]
		}
	default:
		if ref.Texts, err = r.targets(); err == nil {
			e.Target = ref.Texts[0]
		}
	}
	if err != nil {
		return Example{}, Reference{}, err
	}
	if ref.Group, err = r.group(); err != nil {
		return Example{}, Reference{}, err
	}
	e.ownTexts(&ref)
	e.Evidence = s.evidence(e.Input, ref)
	return e, ref, nil
}

// ownTexts copies the texts that may be parts of cells, whose pages shall go.
func (e *Example) ownTexts(ref *Reference) {
	e.Input, ref.Group = strings.Clone(e.Input), strings.Clone(ref.Group)
	for _, texts := range [][]string{ref.Texts, ref.Tokens} {
		for i, text := range texts {
			texts[i] = strings.Clone(text)
		}
	}
	if len(ref.Texts) > 0 {
		e.Target = ref.Texts[0] // the only targets that may be
	}
}

// row is a row on its way to an example.
type row struct {
	spec    Spec
	columns []string
	cells   []table.Cell
}

// cell returns the cell of a column; it is null where the task names none.
func (r row) cell(column string) table.Cell {
	if i := slices.Index(r.columns, column); i >= 0 {
		return r.cells[i]
	}
	return table.Cell{}
}

// text returns the text of a column, for an input.
func (r row) text(what, column string) (string, error) {
	text, err := r.spec.Text(r.cell(column))
	if err != nil {
		return "", fmt.Errorf("%s column %s %w", what, column, err)
	}
	return text, nil
}

// targets returns the texts that are right, at least one: that of the target template or column, or all of a list.
func (r row) targets() ([]string, error) {
	if r.spec.TargetTemplate != "" {
		t, err := parseTemplate(r.spec.TargetTemplate)
		if err != nil {
			return nil, err
		}
		var errs []error
		target := t.fill(func(column string) string {
			text, err := r.text("target", column)
			errs = append(errs, err)
			return text
		})
		return []string{trimEnd(target)}, errors.Join(errs...)
	}
	column := r.spec.TargetColumn
	c := r.cell(column)
	items := []table.Cell{c}
	if c.Kind == table.List {
		items = c.Items
	}
	texts := make([]string, len(items))
	for i, item := range items {
		if item.Kind == table.Null {
			return nil, fmt.Errorf("target column %s is null: drop the row, or fill it with an empty text", column)
		}
		texts[i] = r.spec.Rule.cleanAnswer(item.Text())
	}
	switch {
	case len(texts) > 0:
		return texts, nil
	case r.spec.general().inInput:
		return []string{Unanswerable}, nil
	}
	return nil, fmt.Errorf("target column %s holds an empty list: drop the row, or give it a target", column)
}

// referent returns what the pronoun of a row stands for, and 0 where it does not.
func (r row) referent(texts []string) (label int, referents []string, err error) {
	c := r.cell(r.spec.LabelColumn)
	label = int(c.Int)
	if c.Kind == table.Bool && c.Bool {
		label = 1
	}
	candidates := 2
	if r.spec.Rule == DPR {
		candidates = len(r.cell(r.spec.TargetColumn).Items)
	}
	if c.Kind != table.Int && c.Kind != table.Bool || label < 0 || label >= candidates {
		return 0, nil, fmt.Errorf("label column %s holds %v, want a number from 0 to %d: rows of test splits have none",
			r.spec.LabelColumn, c, candidates-1)
	}
	switch r.spec.Rule {
	case WNLI:
		_, referent, err := resolveWNLI(texts[0], texts[1])
		return label, []string{referent}, err
	case DPR:
		candidate, err := r.spec.Text(r.cell(r.spec.TargetColumn).Items[label])
		if err != nil {
			return 0, nil, fmt.Errorf("target column %s %w", r.spec.TargetColumn, err)
		}
		return 1, []string{candidate}, nil
	}
	referent, err := r.text("target", r.spec.TargetColumn)
	return label, []string{trimEnd(referent)}, err
}

// group returns the key of the row's question.
func (r row) group() (string, error) {
	var keys []string
	for _, column := range r.spec.GroupColumns {
		key, err := r.text("group", column)
		if err != nil {
			return "", err
		}
		keys = append(keys, key)
	}
	return strings.Join(keys, "\x00"), nil
}
