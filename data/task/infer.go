package task

import (
	"fmt"
	"slices"
	"strings"

	"t5train/data/parquetio"
)

// Options correct what [Infer] would take. Zero fields are inferred.
type Options struct {
	Name         string   // Classification or Seq2Seq; required
	Prefix       string   // taken as it is
	TextColumns  []string // --text-column
	LabelColumn  string   // --label-column
	TargetColumn string   // --target-column
	Labels       []string // --labels: texts of the labels, in the order of their numbers

	// Distinct returns the different values of a column, at most limit. It is called for a label column whose
	// schema has no class names, unless Labels are given; nil makes that an error.
	Distinct func(column string, limit int) ([]parquetio.Cell, error)
}

// MaxLabels is the number of different values above which a column is not taken for labels.
const MaxLabels = 1000

// Infer finds text, label and target columns and the labels from the columns of a data set. said tells, line by line,
// what was taken and why. What could mean two things is an error that lists the candidates and the option that
// chooses.
func Infer(columns []parquetio.Column, o Options) (spec Spec, said []string, err error) {
	in := inference{columns: columns, options: o, spec: Spec{Name: o.Name, Prefix: o.Prefix}}
	switch o.Name {
	case Classification:
		err = in.classification()
	case Seq2Seq:
		err = in.seq2seq()
	default:
		err = fmt.Errorf("name is %q, want %s or %s", o.Name, Classification, Seq2Seq)
	}
	if err != nil {
		return Spec{}, nil, fmt.Errorf("infer the task: %w", err)
	}
	if err := in.spec.Validate(); err != nil {
		return Spec{}, nil, fmt.Errorf("infer the task: %w", err)
	}
	return in.spec, in.said, nil
}

type inference struct {
	columns []parquetio.Column
	options Options
	spec    Spec
	said    []string
}

func (in *inference) say(format string, args ...any) {
	in.said = append(in.said, fmt.Sprintf(format, args...))
}

func (in *inference) classification() error {
	if in.options.TargetColumn != "" {
		return fmt.Errorf("--target-column %s is for %s: use --label-column", in.options.TargetColumn, Seq2Seq)
	}
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
func (in *inference) column(option, name string) (parquetio.Column, error) {
	for _, c := range in.columns {
		if c.Name != name {
			continue
		}
		if !c.Readable() || c.Lists > 0 {
			return c, fmt.Errorf("--%s %s: the column is of type %s, want string, int, float or bool", option, name, c.FullType())
		}
		return c, nil
	}
	return parquetio.Column{}, fmt.Errorf("--%s %s: there is no such column: the columns are %s", option, name, list(in.columns))
}

// pick returns the columns without lists for which keep holds.
func (in *inference) pick(keep func(parquetio.Column) bool) []parquetio.Column {
	var picked []parquetio.Column
	for _, c := range in.columns {
		if c.Lists == 0 && keep(c) {
			picked = append(picked, c)
		}
	}
	return picked
}

func (in *inference) has(name string) bool {
	return slices.ContainsFunc(in.columns, func(c parquetio.Column) bool {
		return c.Name == name && c.Lists == 0 && c.Type == parquetio.TypeString
	})
}

// knownPairs are text columns that belong together, in the order of T5's tasks (alphabetical).
func knownPairs() [][2]string {
	return [][2]string{
		{"sentence1", "sentence2"}, {"question1", "question2"}, {"hypothesis", "premise"},
		{"question", "sentence"}, {"passage", "question"}, {"text1", "text2"}, {"text_a", "text_b"},
	}
}

// knownTexts are usual names of the one text column.
func knownTexts() []string {
	return []string{"text", "sentence", "sms", "content", "review", "comment", "message", "tweet", "document", "question", "query", "body"}
}

func (in *inference) textColumns() error {
	if names := in.options.TextColumns; len(names) > 0 {
		for _, name := range names {
			if _, err := in.column("text-column", name); err != nil {
				return err
			}
		}
		in.spec.TextColumns = names
		in.say("text columns: %s (--text-column)", strings.Join(names, ", "))
		return nil
	}
	texts := in.pick(func(c parquetio.Column) bool {
		return c.Type == parquetio.TypeString && c.Name != in.spec.LabelColumn && !idLike(c.Name)
	})
	names := make([]string, len(texts))
	for i, c := range texts {
		names[i] = c.Name
	}
	var known []string
	for _, pair := range knownPairs() {
		if slices.Contains(names, pair[0]) && slices.Contains(names, pair[1]) {
			known = append(known, pair[0]+","+pair[1])
		}
	}
	why := "a known pair"
	if len(known) == 0 {
		why = "a usual name"
		known = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !slices.Contains(knownTexts(), name) })
	}
	switch {
	case len(names) == 0:
		return fmt.Errorf("no string column to read the text from: the columns are %s: choose with --text-column", list(in.columns))
	case len(names) == 1:
		known, why = names, "the only string column"
	case len(known) > 1:
		return fmt.Errorf("the text may be in %s: choose with --text-column", strings.Join(known, " or in "))
	case len(known) == 0:
		in.spec.TextColumns = names
		in.say("text columns: %s (all string columns)", strings.Join(names, ", "))
		return nil
	}
	in.spec.TextColumns = strings.Split(known[0], ",")
	if len(names) > len(in.spec.TextColumns) {
		rest := slices.DeleteFunc(names, func(name string) bool { return slices.Contains(in.spec.TextColumns, name) })
		why += "; left out: " + strings.Join(rest, ", ")
	}
	noun := "text column"
	if len(in.spec.TextColumns) > 1 {
		noun = "text columns"
	}
	in.say("%s: %s (%s)", noun, strings.Join(in.spec.TextColumns, ", "), why)
	return nil
}

// idLike says whether a column's name is that of an identifier, which tells a model nothing.
func idLike(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "id", "idx", "index", "guid", "uuid", "key", "url":
		return true
	}
	return strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "-id") || strings.HasSuffix(name, "_idx")
}

// list shows columns with their types: sms (string), label (ClassLabel).
func list(columns []parquetio.Column) string {
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
