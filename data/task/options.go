package task

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"t5train/data/table"
)

// check refuses options that the task does not have, and a task that does not exist.
func (o Options) check() error {
	if !slices.Contains(General(), o.Name) {
		preset, ok := Named(o.Name)
		if !ok {
			return fmt.Errorf("name is %q, want one of %s", o.Name, strings.Join(Names(), ", "))
		}
		if o.Template != "" {
			return fmt.Errorf("task.template is given, but %s has the input of T5: use task.name %s",
				o.Name, preset.Name)
		}
	}
	for _, c := range []struct{ key, value, remedy string }{
		{"label_column", o.LabelColumn, "use task.target_column"},
		{"target_column", o.TargetColumn, "use task.label_column"},
		{"labels", strings.Join(o.Labels, ","), "leave it out"},
		{"source_language", o.SourceLanguage, "leave it out"},
		{"target_language", o.TargetLanguage, "leave it out"},
		{"target_template", o.TargetTemplate, "use task.name " + Template},
	} {
		if c.value != "" && !Has(o.Name, c.key) {
			return fmt.Errorf("task.%s %s is not for %s: %s", c.key, c.value, o.Name, c.remedy)
		}
	}
	if o.Step != 0 && !Has(o.Name, "step") {
		return fmt.Errorf("task.step is not for %s: leave it out", o.Name)
	}
	return nil
}

// Owners lists the general tasks that have an option, by its key in a configuration; nil is all.
func Owners(key string) []string {
	switch key {
	case "label_column":
		return []string{Classification, Regression, NER}
	case "labels":
		return []string{Classification, NER}
	case "target_column":
		return []string{Translation, Summarization, QuestionAnswering, Seq2Seq, Template}
	case "target_template":
		return []string{Template}
	case "source_language", "target_language":
		return []string{Translation}
	case "step":
		return []string{Regression}
	}
	return nil
}

// Has tells whether a task of a name has an option: T5's have those of the tasks that they are settings of, and may have
// labels beside their targets.
func Has(name, key string) bool {
	owners := Owners(key)
	t5 := !slices.Contains(General(), name)
	return owners == nil || slices.Contains(owners, Base(name)) || t5 && key == "label_column"
}

// Correct applies the options to a spec, such as that of a checkpoint, whose task they do not change: names of columns,
// prefix, label strings and metrics.
func (s Spec) Correct(o Options) (Spec, error) {
	if o.Prefix != nil {
		s.Prefix = *o.Prefix
	}
	if len(o.TextColumns) > 0 {
		var err error
		if s, err = s.renameTexts(o.TextColumns); err != nil {
			return s, err
		}
	}
	if o.LabelColumn != "" {
		s.LabelColumn = o.LabelColumn
	}
	if o.TargetColumn != "" {
		s.TargetColumn, s.TargetTemplate = o.TargetColumn, ""
	}
	if o.Template != "" {
		columns, err := TemplateColumns(o.Template)
		if err != nil {
			return s, fmt.Errorf("read task.template: %w", err)
		}
		s.Template, s.TextColumns = o.Template, columns
	}
	if o.TargetTemplate != "" {
		s.TargetTemplate, s.TargetColumn = o.TargetTemplate, ""
	}
	if s.Name == Translation && o.SourceLanguage+o.TargetLanguage != "" && o.Prefix == nil {
		from, to := o.SourceLanguage, o.TargetLanguage
		if from == "" && len(s.TextColumns) == 1 {
			from = languageOf(s.TextColumns[0])
		}
		if to == "" {
			to = languageOf(s.TargetColumn)
		}
		if from == "" || to == "" {
			return s, errors.New("the columns do not tell the other language: give both task.source_language and " +
				"task.target_language, or set task.prefix")
		}
		s.Prefix = translatePrefix(from, to)
	}
	if o.Step != 0 {
		s.Step = o.Step
	}
	if len(o.Metrics) > 0 {
		s.Metrics = o.Metrics
	}
	if len(o.Labels) > 0 {
		labels := &s.Labels
		if s.Name == NER {
			labels = &s.Entities
		}
		if len(o.Labels) != len(*labels) {
			return s, fmt.Errorf("task.labels has %d label strings, want %d as the checkpoint: %s",
				len(o.Labels), len(*labels), describe(*labels))
		}
		*labels = slices.Clone(*labels)
		for i, text := range o.Labels {
			(*labels)[i].Text = text
		}
	}
	return s, s.Validate()
}

// CorrectFor is [Spec.Correct] for a data set with answers: its columns of the languages that options name are those of the
// task, and its labels are found as by [Spec.WithClasses].
func (s Spec) CorrectFor(columns []table.Column, o Options) (Spec, error) {
	if s.Name == Translation && s.Template == "" && o.Template == "" {
		in := inference{columns: columns, options: o}
		source, target := o.TextColumns, o.TargetColumn
		var err error
		if o.SourceLanguage != "" && len(source) == 0 {
			column, err := in.languageColumn("task.source_language", o.SourceLanguage, s.TextColumns[0])
			if err != nil {
				return s, err
			}
			source = []string{column}
		}
		if o.TargetLanguage != "" && target == "" && o.TargetTemplate == "" {
			if target, err = in.languageColumn("task.target_language", o.TargetLanguage, s.TargetColumn); err != nil {
				return s, err
			}
		}
		o.TextColumns, o.TargetColumn = source, target
	}
	s, err := s.Correct(o)
	if err != nil {
		return s, err
	}
	return s.WithClasses(columns)
}

// renameTexts gives other columns to the input. With a template, they take the places of the old ones.
func (s Spec) renameTexts(columns []string) (Spec, error) {
	if s.Template == "" {
		s.TextColumns = columns
		return s, nil
	}
	if len(columns) != len(s.TextColumns) {
		return s, fmt.Errorf("task.text_columns gives %q, want %d columns in place of %q",
			columns, len(s.TextColumns), s.TextColumns)
	}
	t, err := parseTemplate(s.Template)
	if err != nil {
		return s, fmt.Errorf("task: template: %w", err)
	}
	names := map[string]string{}
	for i, old := range s.TextColumns {
		names[old] = columns[i]
	}
	s.Template, s.TextColumns = t.rename(names).String(), columns
	return s, nil
}

// Alone returns the task that the options tell without a data set: for inputs that have no answers, of a checkpoint that
// remembers no task. Columns that are not named have usual names.
func (o Options) Alone() (Spec, error) {
	if err := o.check(); err != nil {
		return Spec{}, err
	}
	if s, ok := Named(o.Name); ok {
		return s.Correct(o)
	}
	s := Spec{Name: o.Name, TextColumns: []string{"text"}, TargetColumn: "target"}
	labels := func() []Label {
		var labels []Label
		for _, text := range o.Labels {
			labels = append(labels, Label{Name: text, Text: text})
		}
		return labels
	}
	switch o.Name {
	case Classification:
		if len(o.Labels) < 2 {
			return s, errors.New("it is not known which labels the checkpoint knows: list them with task.labels")
		}
		s.Labels, s.LabelColumn, s.TargetColumn = labels(), "label", ""
	case NER:
		if len(o.Labels) == 0 {
			return s, errors.New("it is not known which types of entities the checkpoint knows: list them with " +
				"task.labels")
		}
		s.Entities, s.TextColumns, s.LabelColumn, s.TargetColumn = labels(), []string{"tokens"}, "ner_tags", ""
	case Regression:
		s.Step, s.LabelColumn, s.TargetColumn = DefaultStep, "label", ""
	case Translation:
		if o.Prefix == nil && (o.SourceLanguage == "" || o.TargetLanguage == "") {
			return s, errors.New("it is not known between which languages to translate: name them with " +
				"task.source_language and task.target_language, or set task.prefix")
		}
	case Summarization:
		s.Prefix = summarizePrefix
	case QuestionAnswering:
		s.TextColumns, s.TargetColumn = []string{"question", "context"}, "answers.text"
	case Template:
		if o.Template == "" {
			return s, errNoTemplate
		}
	}
	return s.Correct(o)
}
