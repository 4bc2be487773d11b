package infer

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"t5train/data/table"
	"t5train/data/task"
	"t5train/data/task/language"
)

const textsKey, targetKey = "task.text_columns", "task.target_column"

// knownTargets are pairs of a source and its target that leave no doubt about the direction.
func knownTargets() [][2]string {
	return append([][2]string{
		{"input", "target"}, {"inputs", "targets"}, {"input", "output"}, {"prompt", "completion"},
		{"input_text", "target_text"}, {"question", "answer"}, {"word", "phonemes"},
	}, knownSummaries()...)
}

// knownSummaries are pairs of a text and its summary.
func knownSummaries() [][2]string {
	return [][2]string{
		{"document", "summary"}, {"article", "highlights"}, {"article", "summary"}, {"text", "summary"},
		{"dialogue", "summary"}, {"source", "target"},
	}
}

// answerNames are usual names of a column of answers to questions.
var answerNames = strings.Fields("answers.text answers answer answer_text")

// IsTargetName reports whether a column is named as one of texts to write mostly is, of any task.
func IsTargetName(name string) bool {
	name = strings.ToLower(name)
	isTarget := func(pair [2]string) bool { return pair[1] == name }
	return slices.Contains(answerNames, name) || slices.ContainsFunc(knownTargets(), isTarget)
}

// isTarget reports whether a column holds texts, or lists of them.
func isTarget(c table.Column) bool { return c.Type == table.TypeString && c.Lists <= 1 }

// pair finds source and target: those that are asked for, completed or replaced by a known pair.
func (in *inference) pair(known [][2]string) error {
	source, target, err := in.askedPair()
	if err != nil {
		return err
	}
	if target != "" && (source != "" || in.spec.Template != "") {
		in.take(source, textsKey, target, targetKey)
		return nil
	}
	has := func(name string) bool {
		return len(in.filter(func(c table.Column) bool { return c.Name == name && isTarget(c) })) > 0
	}
	var found [][2]string
	for _, pair := range known {
		fits := (source == "" || source == pair[0]) && (target == "" || target == pair[1])
		if fits && has(pair[0]) && has(pair[1]) {
			found = append(found, pair)
		}
	}
	if len(found) == 1 {
		const reason = "a known pair"
		in.take(found[0][0], reason, found[0][1], reason)
		return nil
	}
	candidates := list(in.filter(in.isText))
	if len(found) > 1 {
		candidates = fmt.Sprint(found)
	}
	return fmt.Errorf("cannot tell source and target among %s: choose with task.text_columns and "+
		"task.target_column", candidates)
}

// askedPair returns source and target as they are asked for, each "" if they are not.
func (in *inference) askedPair() (source, target string, err error) {
	if len(in.asked.TextColumns) > 0 {
		source = in.asked.TextColumns[0]
	}
	target = in.asked.TargetColumn
	if err = in.check(textsKey, source); err == nil {
		err = in.check(targetKey, target)
	}
	return source, target, err
}

// take takes the columns of a pair; source is "" where the input is known already.
func (in *inference) take(source, whySource, target, whyTarget string) {
	if source != "" {
		in.takeTexts([]string{source}, whySource)
	}
	in.spec.TargetColumn = target
	in.note("target column", target, whyTarget)
	in.remarkNumbers(target)
	if c, err := in.column(targetKey, target); err == nil && c.Lists > 0 {
		in.remark("of each list of targets, the first is trained on, and all are right in an evaluation")
	}
}

// remarkNumbers remarks that a target is made of class numbers, for a reader of the data may see names.
func (in *inference) remarkNumbers(columns ...string) {
	for _, c := range in.data.Columns {
		if len(c.ClassLabels) > 0 && slices.Contains(columns, c.Name) {
			remedy := ""
			if c.Lists == 0 {
				remedy = ": task.name classification writes names"
			}
			in.remark("%s has the numbers of classes, which the model learns to write, and not their names, such as "+
				"%s%s", c.Name, c.ClassLabels[0], remedy)
		}
	}
}

// template takes the input from task.template.
func (in *inference) template() error {
	columns, err := in.templateColumns("task.template", in.asked.Template)
	if err != nil {
		return err
	}
	in.spec.Template = in.asked.Template
	in.takeTexts(columns, "task.template")
	return nil
}

// templateColumns returns the columns of the template that a key holds, which must be there.
func (in *inference) templateColumns(key, template string) ([]string, error) {
	columns, err := task.TemplateColumns(template)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return columns, in.check(key, columns...)
}

// targetOfTemplate takes the target of a template, which no column tells.
func (in *inference) targetOfTemplate() error {
	column, template := in.asked.TargetColumn, in.asked.TargetTemplate
	switch {
	case template != "" && column != "":
		return errors.New("task.target_template and task.target_column are both given, want one of them")
	case template != "":
		columns, err := in.templateColumns("task.target_template", template)
		in.spec.TargetTemplate = template
		in.note("target columns", strings.Join(columns, ", "), "task.target_template")
		in.remarkNumbers(columns...)
		return err
	case column != "":
		in.take("", "", column, targetKey)
		return in.check(targetKey, column)
	}
	return fmt.Errorf("no target: give task.target_template or task.target_column: the columns are %s", in.all())
}

// questionAnswering finds question, context and answers, by default under the names of SQuAD.
func (in *inference) questionAnswering() error {
	if in.spec.Template == "" {
		if err := in.questionColumns(); err != nil {
			return err
		}
	}
	if target := in.asked.TargetColumn; target != "" {
		in.take("", "", target, targetKey)
		return in.check(targetKey, target)
	}
	target, err := in.firstOf(targetKey, answerNames...)
	if err != nil {
		return err
	}
	in.spec.TargetColumn = target
	in.note("target column", target, "a usual name")
	in.remark("all answers of a list are right, the first is trained on, and of an empty one the word %s",
		task.Unanswerable)
	return nil
}

// questionColumns finds the question and its context.
func (in *inference) questionColumns() error {
	if asked := in.asked.TextColumns; len(asked) > 0 {
		in.takeTexts(asked, textsKey)
		return in.check(textsKey, asked...)
	}
	context, err := in.firstOf(textsKey, "context", "passage", "paragraph")
	if err != nil {
		return err
	}
	question, err := in.firstOf(textsKey, "question", "query")
	in.takeTexts([]string{question, context}, "usual names")
	return err
}

// firstOf returns the first of some usual names that a text column has.
func (in *inference) firstOf(key string, names ...string) (string, error) {
	if c, reason := in.byRule(usual(names, isTarget)); reason != "" {
		return c.Name, nil
	}
	texts := in.filter(func(c table.Column) bool { return c.Type == table.TypeString })
	return "", fmt.Errorf("no text column is named %s: choose among %s with %s",
		strings.Join(names, " or "), list(texts), key)
}

// translation finds the columns of the two languages, and the prefix that names them.
func (in *inference) translation() error {
	source, target, err := in.languageColumns()
	if err != nil || in.asked.Prefix != nil || in.spec.Template != "" {
		return err
	}
	from := cmp.Or(in.asked.SourceLanguage, language.OfColumn(source))
	to := cmp.Or(in.asked.TargetLanguage, language.OfColumn(target))
	if from == "" || to == "" {
		return errors.New("the columns do not tell the languages for the prefix: name them with " +
			"task.source_language and task.target_language, or set task.prefix")
	}
	for _, code := range []string{from, to} {
		if _, known := language.Name(code); !known {
			in.note("language "+code, "the name of this code is not known: the prefix has the code itself",
				"task.prefix sets another")
		}
	}
	in.prefix(task.TranslatePrefix(from, to))
	return nil
}

// languageColumns takes the two columns: those that are asked for, by name or language, and the others of two columns
// of languages. A column is of the language that the last part of its name says: en, translation.en.
func (in *inference) languageColumns() (source, target string, err error) {
	if source, target, err = in.askedPair(); err != nil {
		return "", "", err
	}
	given := in.spec.Template != "" // the source
	whySource, whyTarget := textsKey, targetKey
	if code := in.asked.SourceLanguage; source == "" && !given && code != "" {
		whySource = "the language asked for"
		source, err = in.languageColumn("task.source_language", code, "")
	}
	if code := in.asked.TargetLanguage; err == nil && target == "" && code != "" {
		whyTarget = "the language asked for"
		target, err = in.languageColumn("task.target_language", code, "")
	}
	rest := in.filter(func(c table.Column) bool {
		// mostly not Indonesian
		return c.Type == table.TypeString && language.OfColumn(c.Name) != "" && c.Name != "id" &&
			c.Name != source && c.Name != target && !slices.Contains(in.spec.TextColumns, c.Name)
	})
	const two = "of two languages, in the order of the columns: task.source_language and task.target_language turn them"
	switch {
	case err != nil:
		return "", "", err
	case (source != "" || given) && target != "":
	case source == "" && target == "" && !given && len(rest) == 2:
		source, target, whySource, whyTarget = rest[0].Name, rest[1].Name, two, two
	case target == "" && len(rest) == 1 && (source != "" || given):
		target, whyTarget = rest[0].Name, "the other language"
	case target != "" && len(rest) == 1:
		source, whySource = rest[0].Name, "the other language"
	default:
		return "", "", fmt.Errorf("cannot tell the languages among %s: choose with task.source_language and "+
			"task.target_language, or with task.text_columns and task.target_column", in.all())
	}
	in.take(source, whySource, target, whyTarget)
	return source, target, nil
}

// languageColumn returns the column of the language that a key names. Without one, that of the task will do, if there
// is any and the data has it.
func (in *inference) languageColumn(key, code, known string) (string, error) {
	found := in.filter(func(c table.Column) bool {
		return c.Type == table.TypeString && strings.EqualFold(c.Name[strings.LastIndexByte(c.Name, '.')+1:], code)
	})
	switch {
	case len(found) == 1:
		return found[0].Name, nil
	case len(found) == 0 && known != "" && language.OfColumn(known) == "" && in.check(key, known) == nil:
		return known, nil
	}
	return "", fmt.Errorf("%s %s: %d columns are of this language, want one: the columns are %s: choose with "+
		"task.text_columns and task.target_column", key, code, len(found), in.all())
}
