package task

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"t5train/data/table"
)

// template takes the input from task.template.
func (in *inference) template() error {
	columns, err := in.templateColumns("task.template", in.options.Template)
	if err != nil {
		return err
	}
	if len(in.options.TextColumns) > 0 && !slices.Equal(in.options.TextColumns, columns) {
		return fmt.Errorf("task.text_columns gives %s, but task.template has the columns %s: leave out one of them",
			strings.Join(in.options.TextColumns, ", "), strings.Join(columns, ", "))
	}
	in.spec.Template, in.spec.TextColumns = in.options.Template, columns
	in.say("text columns: %s (task.template)", strings.Join(columns, ", "))
	return nil
}

// templateColumns returns the columns of the template that an option gives, which must be there.
func (in *inference) templateColumns(option, template string) ([]string, error) {
	columns, err := TemplateColumns(template)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", option, err)
	}
	for _, name := range columns {
		if _, err := in.column(option, name); err != nil {
			return nil, err
		}
	}
	return columns, nil
}

var errNoTemplate = errors.New("no template: write the input with columns in braces, as task.template " +
	"'{question} context: {context}'")

// templateTask takes input and target from the options alone.
func (in *inference) templateTask() error {
	o := in.options
	if o.Template == "" {
		return errNoTemplate
	}
	if err := in.template(); err != nil {
		return err
	}
	switch {
	case o.TargetTemplate != "" && o.TargetColumn != "":
		return errors.New("task.target_template and task.target_column are both given, want one of them")
	case o.TargetTemplate != "":
		columns, err := in.templateColumns("task.target_template", o.TargetTemplate)
		if err != nil {
			return err
		}
		in.spec.TargetTemplate = o.TargetTemplate
		in.say("target columns: %s (task.target_template)", strings.Join(columns, ", "))
		in.sayNumbers(columns...)
	case o.TargetColumn != "":
		if _, err := in.column("task.target_column", o.TargetColumn); err != nil {
			return err
		}
		in.take("", "", o.TargetColumn, "task.target_column")
	default:
		return fmt.Errorf("no target: give task.target_template or task.target_column: the columns are %s",
			list(in.columns))
	}
	return nil
}

// questionAnswering finds question, context and answers, by default under the names of SQuAD.
func (in *inference) questionAnswering() error {
	o := in.options
	if in.spec.Template == "" {
		switch len(o.TextColumns) {
		case 0:
			context, err := in.firstOf("task.text_columns", "context", "passage", "paragraph")
			if err != nil {
				return err
			}
			question, err := in.firstOf("task.text_columns", "question", "query")
			if err != nil {
				return err
			}
			in.spec.TextColumns = []string{question, context}
			in.say("text columns: %s, %s (usual names)", question, context)
		case 2:
			for _, name := range o.TextColumns {
				if _, err := in.column("task.text_columns", name); err != nil {
					return err
				}
			}
			in.spec.TextColumns = o.TextColumns
			in.say("text columns: %s (task.text_columns)", strings.Join(o.TextColumns, ", "))
		default:
			return fmt.Errorf("task.text_columns gives %s, want two columns for %s, the question and then the "+
				"context, or a task.template", strings.Join(o.TextColumns, ", "), o.Name)
		}
	}
	if o.TargetColumn != "" {
		if _, err := in.column("task.target_column", o.TargetColumn); err != nil {
			return err
		}
		in.take("", "", o.TargetColumn, "task.target_column")
		return nil
	}
	target, err := in.firstOf("task.target_column", answerNames()...)
	if err != nil {
		return err
	}
	in.spec.TargetColumn = target
	in.say("target column: %s (a usual name); all answers of a list are right, the first is trained on, and of "+
		"an empty one the word %s", target, Unanswerable)
	return nil
}

// answerNames are usual names of a column of answers to questions.
func answerNames() []string { return []string{"answers.text", "answers", "answer", "answer_text"} }

// firstOf returns the first of some usual names that a text column has.
func (in *inference) firstOf(option string, names ...string) (string, error) {
	for _, name := range names {
		if in.has(name) {
			return name, nil
		}
	}
	texts := in.pick(func(c table.Column) bool { return c.Type == table.TypeString })
	return "", fmt.Errorf("no text column is named %s: choose among %s with %s",
		strings.Join(names, " or "), list(texts), option)
}
