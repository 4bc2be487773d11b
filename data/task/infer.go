package task

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"t5train/data/table"
)

// Options say what a task is, where that does not follow from the columns of a data set or from what a checkpoint
// remembers. Zero fields are inferred. The comments name the options of the commands, which messages speak of.
type Options struct {
	Name           string   // task.name: one of Names; required to infer
	Prefix         *string  // task.prefix: taken as it is; nil is that of the task
	TextColumns    []string // task.text_columns
	LabelColumn    string   // task.label_column
	TargetColumn   string   // task.target_column
	Labels         []string // task.labels: texts of the labels, in the order of their numbers
	Template       string   // task.template
	TargetTemplate string   // task.target_template
	SourceLanguage string   // task.source_language
	TargetLanguage string   // task.target_language
	Step           float64  // of Regression; 0 is what StepFor says of the numbers, DefaultStep without any
	Metrics        []string // task.metrics

	// Identifiers are string columns whose values are identifiers, which are no texts unless they are asked for.
	Identifiers []string

	// Distinct returns the different values of a column, of its items if it holds lists, at most limit. It is called for a
	// label column whose schema has no class names, unless Labels are given; nil makes that an error.
	Distinct func(column string, limit int) ([]table.Cell, error)

	// Numbers returns the numbers of a column, for a step that suits them; nil leaves that to DefaultStep.
	Numbers func(column string) ([]float64, error)
}

// MaxLabels is the number of different values above which a column is not taken for labels.
const MaxLabels = 1000

// Infer finds text, label and target columns and the labels from the columns of a data set. said tells, line by line,
// what was taken and why. What could mean two things is an error that lists the candidates and the option that
// chooses.
func Infer(columns []table.Column, o Options) (spec Spec, said []string, err error) {
	in := inference{columns: columns, options: o, spec: Spec{Name: o.Name, Metrics: o.Metrics}}
	if err := in.task(); err != nil {
		return Spec{}, nil, fmt.Errorf("infer the task: %w", err)
	}
	if err := in.spec.Validate(); err != nil {
		return Spec{}, nil, fmt.Errorf("infer the task: %w", err)
	}
	return in.spec, in.said, nil
}

// task fills in the spec.
func (in *inference) task() error {
	if err := in.options.check(); err != nil {
		return err
	}
	if in.options.Prefix != nil {
		in.spec.Prefix = *in.options.Prefix
	}
	if in.options.Template != "" && in.options.Name != Template {
		if err := in.template(); err != nil {
			return err
		}
	}
	switch in.options.Name {
	case Classification:
		return in.classification()
	case Regression:
		return in.regression()
	case NER:
		return in.ner()
	case Translation:
		return in.translation()
	case Summarization:
		if in.options.Prefix == nil {
			in.spec.Prefix = summarizePrefix
			in.say("prefix: %q (that of T5)", in.spec.Prefix)
		}
		return in.pair(knownSummaries())
	case QuestionAnswering:
		return in.questionAnswering()
	case Seq2Seq:
		return in.pair(knownTargets())
	case Template:
		return in.templateTask()
	default:
		return in.named()
	}
}

type inference struct {
	columns []table.Column
	options Options
	spec    Spec
	said    []string
}

func (in *inference) say(format string, args ...any) {
	in.said = append(in.said, fmt.Sprintf(format, args...))
}

func (in *inference) classification() error {
	label, err := in.labelColumn()
	if err != nil {
		return err
	}
	in.spec.LabelColumn = label.Name
	if err := in.textColumns(); err != nil {
		return err
	}
	return in.labels(label)
}

// column finds a column that an option names.
func (in *inference) column(option, name string) (table.Column, error) {
	for _, c := range in.columns {
		if c.Name != name {
			continue
		}
		if !c.Readable() {
			return c, fmt.Errorf("%s %s: the column is of type %s, which cannot be read: %s can, and lists of them",
				option, name, c.FullType(), table.ReadableTypes)
		}
		return c, nil
	}
	return table.Column{}, fmt.Errorf("%s %s: there is no such column: the columns are %s",
		option, name, list(in.columns))
}

// pick returns the columns for which keep holds.
func (in *inference) pick(keep func(table.Column) bool) []table.Column {
	var picked []table.Column
	for _, c := range in.columns {
		if keep(c) {
			picked = append(picked, c)
		}
	}
	return picked
}

// has tells whether there is a column of texts, or of lists of them.
func (in *inference) has(name string) bool {
	return slices.ContainsFunc(in.columns, func(c table.Column) bool {
		return c.Name == name && c.Type == table.TypeString && c.Lists <= 1
	})
}

// isText tells whether a column may hold the text of an input, by its name, its type and what is known of its values.
func (in *inference) isText(c table.Column) bool {
	return isText(c) && !slices.Contains(in.options.Identifiers, c.Name)
}

// isText tells whether a column may hold the text of an input.
func isText(c table.Column) bool {
	return c.Type == table.TypeString && c.Lists == 0 && !IsIdentifier(c.Name)
}

var (
	// pandasIndex is a name that pandas gives to an index: in parquet, after reset_index, and where CSV has no name.
	pandasIndex   = regexp.MustCompile(`^(__index_level_\d+__|level_\d+|Unnamed: \d+(\.\d+)*)$`)
	identifierEnd = regexp.MustCompile(`([_-](?i:id|idx|uuid|guid|hash)|[a-z]I[dD])$`)
)

// IsIdentifier says whether a column's name is that of an identifier, which tells a model nothing.
func IsIdentifier(name string) bool {
	if pandasIndex.MatchString(name) {
		return true
	}
	name = name[strings.LastIndexByte(name, '.')+1:]
	if identifierEnd.MatchString(name) {
		return true
	}
	switch strings.ToLower(name) {
	case "", "id", "idx", "index", "guid", "uuid", "key", "url", "rowid", "rownum", "row_number", "hash", "md5", "sha1", "sha256":
		return true
	}
	return false
}

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
