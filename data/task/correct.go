package task

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"t5train/data/table"
	"t5train/data/task/language"
)

// Correct applies what a person says to a spec, such as that of a checkpoint, whose task it does not change: names of
// columns, prefix, label strings and metrics.
func (s Spec) Correct(asked Spec) (Spec, error) {
	if asked.Prefix != nil {
		s.Prefix = asked.Prefix
	}
	if err := s.renameTexts(asked.TextColumns); err != nil {
		return s, err
	}
	if asked.LabelColumn != "" {
		s.LabelColumn = asked.LabelColumn
	}
	if asked.TargetColumn != "" {
		s.TargetColumn, s.TargetTemplate = asked.TargetColumn, ""
	}
	if asked.Template != "" {
		columns, err := TemplateColumns(asked.Template)
		if err != nil {
			return s, fmt.Errorf("read task.template: %w", err)
		}
		s.Template, s.TextColumns = asked.Template, columns
	}
	if asked.TargetTemplate != "" {
		s.TargetTemplate, s.TargetColumn = asked.TargetTemplate, ""
	}
	if s.Name == Translation && asked.SourceLanguage+asked.TargetLanguage != "" && asked.Prefix == nil {
		from, to := asked.SourceLanguage, asked.TargetLanguage
		if from == "" && len(s.TextColumns) == 1 {
			from = language.OfColumn(s.TextColumns[0])
		}
		if to == "" {
			to = language.OfColumn(s.TargetColumn)
		}
		if from == "" || to == "" {
			return s, errors.New("the columns do not tell the other language: give both task.source_language and " +
				"task.target_language, or set task.prefix")
		}
		s.Prefix = new(TranslatePrefix(from, to))
	}
	if asked.RoundTo != nil {
		s.RoundTo = asked.RoundTo
	}
	if len(asked.Metrics) > 0 {
		s.Metrics = asked.Metrics
	}
	if texts := asked.LabelTexts; len(texts) > 0 {
		labels := &s.Labels
		if l := s.general().labels; l != nil {
			labels = l.of(&s)
		}
		if len(texts) != len(*labels) {
			return s, fmt.Errorf("task.labels has %d label strings, want %d as the checkpoint: %s",
				len(texts), len(*labels), Describe(*labels))
		}
		*labels = WithTexts(*labels, texts)
	}
	return s, s.Validate()
}

// renameTexts gives other columns to the input, if any. With a template, they take the places of the old ones.
func (s *Spec) renameTexts(columns []string) error {
	if len(columns) == 0 {
		return nil
	}
	if s.Template != "" {
		if len(columns) != len(s.TextColumns) {
			return fmt.Errorf("task.text_columns gives %q, want %d columns in place of %q",
				columns, len(s.TextColumns), s.TextColumns)
		}
		t, err := parseTemplate(s.Template)
		if err != nil {
			return fmt.Errorf("task: template: %w", err)
		}
		names := map[string]string{}
		for i, old := range s.TextColumns {
			names[old] = columns[i]
		}
		s.Template = t.rename(names)
	}
	s.TextColumns = columns
	return nil
}

// WithClasses returns the task for another file than the one it was inferred from: numbers of classes mean what the
// schema of that file says, so labels and tags are found by their names. A file whose label column has no class names
// leaves the task as it is, and so does one that names classes for a task that has learnt nothing but their numbers.
// Other classes that the task does not have are an error.
func (s Spec) WithClasses(columns []table.Column) (Spec, error) {
	at := slices.IndexFunc(columns, func(c table.Column) bool { return c.Name == s.LabelColumn })
	if at < 0 || columns[at].ClassLabels == nil {
		return s, nil
	}
	classes := columns[at].ClassLabels
	switch s.Kind() {
	case Entities:
		s.Tags = classes // types that the task does not have are reported with their row
	case Labels:
		var names []string
		labels := slices.Clone(s.Labels)
		for i := range labels {
			names = append(names, labels[i].Name)
			labels[i].Value = "" // no row has it
			if class := slices.Index(classes, labels[i].Name); class >= 0 {
				labels[i].Value = strconv.Itoa(class)
			}
		}
		if !slices.ContainsFunc(classes, func(class string) bool { return !slices.Contains(names, class) }) {
			s.Labels = labels
		} else if slices.ContainsFunc(s.Labels, Label.named) {
			return s, fmt.Errorf("label column %s has the classes %s, and the task the labels %s: take data of the "+
				"same task, or give the labels as strings",
				s.LabelColumn, strings.Join(classes, ", "), strings.Join(names, ", "))
		}
	}
	return s, nil
}

// named reports whether the name of a label is more than its number.
func (l Label) named() bool {
	_, err := strconv.Atoi(l.Value)
	return err != nil || l.Name != l.Value
}

// Alone returns the task that is asked for without a data set: for inputs that have no answers, of a checkpoint that
// remembers no task. Columns that are not named have usual names.
func Alone(asked Spec) (Spec, error) {
	if err := asked.CheckAsked(); err != nil {
		return Spec{}, err
	}
	if s, ok := Named(asked.Name); ok {
		return s.Correct(asked)
	}
	g, _ := generalOf(asked.Name)
	s := g.usual
	s.Name = g.name
	if l := g.labels; l != nil {
		if len(asked.LabelTexts) < l.least {
			return s, fmt.Errorf("it is not known which %ss the checkpoint knows: list them with task.labels", l.what)
		}
		for _, text := range asked.LabelTexts {
			*l.of(&s) = append(*l.of(&s), Label{Name: text, Text: text})
		}
	}
	if s.Name == Translation && asked.Prefix == nil && (asked.SourceLanguage == "" || asked.TargetLanguage == "") {
		return s, errors.New("it is not known between which languages to translate: name them with " +
			"task.source_language and task.target_language, or set task.prefix")
	}
	return s.Correct(asked)
}
