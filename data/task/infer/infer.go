// Package infer finds what a person did not say of a task: the columns of a data set that are its input and its answer,
// the labels, and how numbers are rounded. What could mean two things is an error that lists the candidates and names
// the key of the configuration that chooses.
//
//	spec, notes, err := infer.Task(infer.Data{Columns: set.Columns()}, task.Spec{Name: task.Classification})
//	// notes: label column: label (the only ClassLabel), text column: sms (the only string column), ...
package infer

import (
	"fmt"
	"slices"
	"strings"

	"t5train/data/table"
	"t5train/data/task"
	"t5train/internal/ui"
)

// Data is a data set as far as a task is inferred from it.
type Data struct {
	Columns []table.Column

	// Identifiers are string columns whose values are identifiers, which are no texts unless they are asked for.
	Identifiers []string

	// Distinct returns the different values of a column, of its items if it holds lists, at most limit. It is called
	// for a label column whose schema has no class names, unless labels are given; nil makes that an error.
	Distinct func(column string, limit int) ([]table.Cell, error)

	// Numeric reports whether the texts of a column are numbers; nil is for data that has none.
	Numeric func(column string) bool

	// Numbers returns the numbers of a column, for a rounding that suits them; nil leaves that to
	// [task.DefaultRoundTo].
	Numbers func(column string) ([]float64, error)
}

// Note is a finding: what was taken for something, and why.
type Note struct {
	Key    string // such as text column; "" of a remark on the note before it
	Value  string // such as sms
	Reason string // such as the only string column
}

// Text returns the value with its reason: sms (the only string column).
func (n Note) Text() string {
	if n.Reason == "" {
		return n.Value
	}
	return n.Value + " (" + n.Reason + ")"
}

// Send sends notes.
func Send(s ui.Sink, notes ...Note) {
	for _, n := range notes {
		ui.Detail(s, n.Key, "%s", n.Text())
	}
}

// Task returns the whole task of what is asked for, whose name is required, and what was found.
func Task(d Data, asked task.Spec) (task.Spec, []Note, error) {
	in := inference{data: d, asked: asked, spec: task.Spec{Name: asked.Name, Prefix: asked.Prefix,
		Metrics: asked.Metrics}}
	err := in.task()
	if err == nil {
		err = in.spec.Validate()
	}
	if err != nil {
		return task.Spec{}, nil, fmt.Errorf("infer the task: %w", err)
	}
	return in.spec, in.notes, nil
}

// Correct is [task.Spec.Correct] for a data set with answers: its columns of the languages that are asked for are those
// of the task, and its labels are found as by [task.Spec.WithClasses].
func Correct(stored task.Spec, columns []table.Column, asked task.Spec) (task.Spec, error) {
	if stored.Name == task.Translation && stored.Template == "" && asked.Template == "" {
		in := inference{data: Data{Columns: columns}, asked: asked}
		if asked.SourceLanguage != "" && len(asked.TextColumns) == 0 {
			column, err := in.languageColumn("task.source_language", asked.SourceLanguage, stored.TextColumns[0])
			if err != nil {
				return stored, err
			}
			asked.TextColumns = []string{column}
		}
		if asked.TargetLanguage != "" && asked.TargetColumn == "" && asked.TargetTemplate == "" {
			var err error
			asked.TargetColumn, err = in.languageColumn("task.target_language", asked.TargetLanguage,
				stored.TargetColumn)
			if err != nil {
				return stored, err
			}
		}
	}
	corrected, err := stored.Correct(asked)
	if err != nil {
		return corrected, err
	}
	return corrected.WithClasses(columns)
}

// inference is a task on its way from what is asked for to a spec.
type inference struct {
	data  Data
	asked task.Spec
	spec  task.Spec
	notes []Note

	numeric map[string]bool // what Numeric has said
}

func (in *inference) note(key, value, reason string) {
	in.notes = append(in.notes, Note{key, value, reason})
}

// remark adds to the note before it.
func (in *inference) remark(format string, args ...any) {
	in.note("", "  "+fmt.Sprintf(format, args...), "")
}

// ways has how the columns of each general task are found.
func ways() map[string]func(*inference) error {
	return map[string]func(*inference) error{
		task.Classification:    (*inference).classification,
		task.Regression:        (*inference).regression,
		task.NER:               (*inference).ner,
		task.Translation:       (*inference).translation,
		task.Summarization:     func(in *inference) error { return in.pair(knownSummaries()) },
		task.QuestionAnswering: (*inference).questionAnswering,
		task.Seq2Seq:           func(in *inference) error { return in.pair(knownTargets()) },
		task.Template:          (*inference).targetOfTemplate,
	}
}

// task fills in the spec.
func (in *inference) task() error {
	if err := in.asked.CheckAsked(); err != nil {
		return err
	}
	if in.asked.Template != "" {
		if err := in.template(); err != nil {
			return err
		}
	}
	find := ways()[in.asked.Name]
	if find == nil {
		return in.named()
	}
	if p := task.UsualPrefix(in.asked.Name); p != nil && in.asked.Prefix == nil {
		in.prefix(*p)
	}
	return find(in)
}

func (in *inference) prefix(prefix string) {
	in.spec.Prefix = &prefix
	in.note("prefix", fmt.Sprintf("%q", prefix), "that of T5")
}

// search says how a column is found: the one that a key names, else by the first rule that one column fits.
type search struct {
	what, key string // what it is, and the key that names it: label column, task.label_column
	asked     string // what the key holds
	rules     []rule
	check     func(table.Column) error // of the column that is named or found; nil: none

	candidates []table.Column // where no rule decides
	several    string         // what is wrong then: the number may be in
	none       string         // what is wrong without candidates
}

// rule is one way to tell a column from all others.
type rule struct {
	reason string
	fits   func(table.Column) bool
}

// pick finds a column and notes it.
func (in *inference) pick(s search) (c table.Column, err error) {
	reason := s.key
	if s.asked != "" {
		c, err = in.column(s.key, s.asked)
	} else if c, reason = in.byRule(s.rules); reason == "" {
		if len(s.candidates) == 0 {
			return c, fmt.Errorf("%s: the columns are %s: choose with %s", s.none, in.all(), s.key)
		}
		return c, fmt.Errorf("%s any of %s: choose with %s", s.several, list(s.candidates), s.key)
	}
	if err == nil && s.check != nil {
		err = s.check(c)
	}
	in.note(s.what, c.Name, reason)
	return c, err
}

// byRule returns the column of the first rule that one column fits, and its reason; "" without any.
func (in *inference) byRule(rules []rule) (c table.Column, reason string) {
	for _, r := range rules {
		if found := in.filter(r.fits); len(found) == 1 {
			return found[0], r.reason
		}
	}
	return c, ""
}

// usual are the rules that take the first of some names that a column has.
func usual(names []string, fits func(table.Column) bool) (rules []rule) {
	for _, name := range names {
		rules = append(rules, rule{"a usual name", func(c table.Column) bool { return c.Name == name && fits(c) }})
	}
	return rules
}

// filter returns the columns that fit.
func (in *inference) filter(fits func(table.Column) bool) (found []table.Column) {
	for _, c := range in.data.Columns {
		if fits(c) {
			found = append(found, c)
		}
	}
	return found
}

// column finds a column that a key names.
func (in *inference) column(key, name string) (table.Column, error) {
	i := slices.IndexFunc(in.data.Columns, func(c table.Column) bool { return c.Name == name })
	if i < 0 {
		return table.Column{}, fmt.Errorf("%s %s: there is no such column: the columns are %s", key, name, in.all())
	}
	c := in.data.Columns[i]
	if !c.Readable() {
		return c, fmt.Errorf("%s %s: the column is of type %s, which cannot be read: %s can, and lists of them",
			key, name, c.FullType(), table.ReadableTypes)
	}
	return c, nil
}

// check makes sure that the columns that a key names are there, but for "".
func (in *inference) check(key string, names ...string) error {
	for _, name := range names {
		if name == "" {
			continue
		}
		if _, err := in.column(key, name); err != nil {
			return err
		}
	}
	return nil
}

// all lists the columns.
func (in *inference) all() string { return list(in.data.Columns) }

// list shows columns with their types: sms (string), label (ClassLabel).
func list(columns []table.Column) string {
	if len(columns) == 0 {
		return "none"
	}
	shown := make([]string, len(columns))
	for i, c := range columns {
		if c.ClassLabels != nil {
			c.Type = "ClassLabel"
		}
		shown[i] = fmt.Sprintf("%s (%s)", c.Name, c.FullType())
	}
	return strings.Join(shown, ", ")
}

// names returns the names of columns.
func names(columns []table.Column) []string {
	all := make([]string, len(columns))
	for i, c := range columns {
		all[i] = c.Name
	}
	return all
}
