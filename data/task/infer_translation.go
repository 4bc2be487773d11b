package task

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"t5train/data/table"
)

// translation finds the columns of the two languages, and the prefix that names them.
func (in *inference) translation() error {
	from, to := in.options.SourceLanguage, in.options.TargetLanguage
	if from != "" && from == to {
		return fmt.Errorf("task.source_language and task.target_language are both %s, want two languages", from)
	}
	source, target, err := in.pairOptions()
	if err != nil {
		return err
	}
	whySource, whyTarget := "task.text_columns", "task.target_column"
	if source == "" && in.spec.Template == "" || target == "" {
		foundSource, foundTarget, why, err := in.languageColumns(source, target)
		if err != nil {
			return err
		}
		if source == "" {
			source, whySource = foundSource, why
		}
		if target == "" {
			target, whyTarget = foundTarget, why
		}
	}
	in.take(source, whySource, target, whyTarget)
	if in.options.Prefix != nil || in.spec.Template != "" {
		return nil
	}
	if from == "" {
		from = languageOf(source)
	}
	if to == "" {
		to = languageOf(target)
	}
	if from == "" || to == "" {
		return errors.New("the columns do not tell the languages for the prefix: name them with " +
			"task.source_language and task.target_language, or set task.prefix")
	}
	for _, code := range []string{from, to} {
		if _, known := Language(code); !known {
			in.say("language %s: the name of this code is not known: the prefix has the code itself (task.prefix "+
				"sets another)",
				code)
		}
	}
	in.spec.Prefix = translatePrefix(from, to)
	in.say("prefix: %q (that of T5)", in.spec.Prefix)
	return nil
}

// languageColumns finds what of the two columns is not given. A column is of the language that the last part of its
// name says: en, translation.en.
func (in *inference) languageColumns(source, target string) (foundSource, foundTarget, why string, err error) {
	all := in.pick(func(c table.Column) bool {
		return c.Type == table.TypeString && languageOf(c.Name) != "" && c.Name != "id" // mostly not Indonesian
	})
	why = "the language asked for"
	from, to := in.options.SourceLanguage, in.options.TargetLanguage
	if source == "" && from != "" {
		if source, err = in.languageColumn("task.source_language", from, ""); err != nil {
			return "", "", "", err
		}
	}
	if target == "" && to != "" {
		if target, err = in.languageColumn("task.target_language", to, ""); err != nil {
			return "", "", "", err
		}
	}
	if source != "" && target != "" {
		return source, target, why, nil
	}
	rest := slices.DeleteFunc(all, func(c table.Column) bool { return c.Name == source || c.Name == target })
	switch {
	case source == "" && target == "" && len(rest) == 2:
		return rest[0].Name, rest[1].Name, "of two languages, in the order of the columns: task.source_language " +
			"and task.target_language turn them", nil
	case source != "" && len(rest) == 1:
		return source, rest[0].Name, "the other language", nil
	case target != "" && len(rest) == 1:
		return rest[0].Name, target, "the other language", nil
	}
	return "", "", "", fmt.Errorf("cannot tell the languages among %s: choose with task.source_language and "+
		"task.target_language, or with task.text_columns and task.target_column", list(in.columns))
}

// languageColumn returns the column of the language that an option names. Without one, that of the task will do, if there
// is any and the data has it.
func (in *inference) languageColumn(option, language, known string) (string, error) {
	found := in.pick(func(c table.Column) bool {
		return c.Type == table.TypeString && strings.EqualFold(lastPart(c.Name), language)
	})
	switch {
	case len(found) == 1:
		return found[0].Name, nil
	case len(found) == 0 && known != "" && languageOf(known) == "" && in.hasColumn(known):
		return known, nil
	}
	return "", fmt.Errorf("%s %s: %d columns are of this language, want one: the columns are %s: choose with "+
		"task.text_columns and task.target_column",
		option, language, len(found), list(in.columns))
}

// languageOf returns the code of the language that a column is named after, or "".
func languageOf(column string) string {
	code := lastPart(column)
	if _, known := Language(code); !known {
		return ""
	}
	return code
}

// lastPart returns what is behind the last dot of a name.
func lastPart(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }
