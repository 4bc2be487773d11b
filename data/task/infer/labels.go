package infer

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"t5train/data/table"
	"t5train/data/task"
)

const labelColumn, labelKey = "label column", "task.label_column"

// MaxLabels is the number of different values above which a column is not taken for labels.
const MaxLabels = 1000

// classification finds the label column, the ClassLabel or else the one called label or labels, the texts and the
// labels.
func (in *inference) classification() error {
	classes := in.filter(isClass)
	named := func(c table.Column) bool { return IsLabelName(c.Name) && (len(classes) == 0 || c.ClassLabels != nil) }
	candidates := classes
	if len(classes) == 0 {
		candidates = in.filter(named)
	}
	column, err := in.pick(search{
		what: labelColumn, key: labelKey, asked: in.asked.LabelColumn, check: canLabel,
		rules:      []rule{{"the only ClassLabel", isClass}, {"by its name", named}},
		candidates: candidates, several: "the label may be in", none: "no column is a ClassLabel or named label",
	})
	if err != nil {
		return err
	}
	in.spec.LabelColumn = column.Name
	if err := in.textColumns(); err != nil {
		return err
	}
	return in.labels(column)
}

// isClass reports whether a schema names the classes of a column.
func isClass(c table.Column) bool { return c.ClassLabels != nil && c.Readable() && c.Lists == 0 }

// IsLabelName reports whether a column is named as one of labels mostly is.
func IsLabelName(name string) bool {
	return strings.EqualFold(name, "label") || strings.EqualFold(name, "labels")
}

// canLabel says why a column cannot hold labels.
func canLabel(c table.Column) error {
	remedy := "choose another with task.label_column"
	if c.Lists == 0 {
		switch c.Type {
		case table.TypeString, table.TypeInt, table.TypeBool:
			return nil
		case table.TypeFloat:
			remedy += ", or learn its numbers with task.name " + task.Regression
		}
	}
	return fmt.Errorf("label column %s is of type %s: labels are string, int or bool: %s", c.Name, c.FullType(), remedy)
}

// labels finds the labels of the column and, from task.labels, how they are written.
func (in *inference) labels(column table.Column) (err error) {
	asked := in.asked.LabelTexts
	var labels []task.Label
	var reason string
	switch {
	case len(column.ClassLabels) > 0:
		labels, reason = numbered(column.ClassLabels), "the column's class names"
	case column.Type == table.TypeBool: // as T5 writes them for BoolQ
		labels = []task.Label{{Name: "False", Text: "False", Value: "false"},
			{Name: "True", Text: "True", Value: "true"}}
		reason = "a bool column"
	case len(asked) > 0 && column.Type == table.TypeString:
		for _, name := range asked {
			labels = append(labels, task.Label{Name: name, Text: name})
		}
	case len(asked) > 0:
		labels = numbered(asked)
	default:
		reason = "the column's different values, sorted"
		if labels, err = in.distinctLabels(column); err != nil {
			return err
		}
	}
	in.spec.Labels, err = in.written("labels", labels, reason, "column "+column.Name+" has")
	return err
}

// numbered are the labels of the classes 0, 1, ...
func numbered(names []string) []task.Label {
	labels := make([]task.Label, len(names))
	for i, name := range names {
		labels[i] = task.Label{Name: name, Text: name, Value: strconv.Itoa(i)}
	}
	return labels
}

// written returns and notes labels with the texts of task.labels, if any.
func (in *inference) written(key string, labels []task.Label, reason, ownerHas string) ([]task.Label, error) {
	if texts := in.asked.LabelTexts; len(texts) > 0 {
		if len(texts) != len(labels) {
			return nil, fmt.Errorf("task.labels gives %d texts, %s %d %s: %s",
				len(texts), ownerHas, len(labels), key, task.Describe(labels))
		}
		labels, reason = task.WithTexts(labels, texts), "task.labels"
	}
	in.note(key, task.Describe(labels), reason)
	return labels, nil
}

// distinctLabels are the different values of a column.
func (in *inference) distinctLabels(column table.Column) ([]task.Label, error) {
	if in.data.Distinct == nil {
		return nil, fmt.Errorf("label column %s has no class names: list them with task.labels", column.Name)
	}
	cells, err := in.data.Distinct(column.Name, MaxLabels)
	if err != nil {
		return nil, fmt.Errorf("find the labels of column %s: %w: choose another with task.label_column", column.Name,
			err)
	}
	cells = slices.DeleteFunc(slices.Clone(cells), func(c table.Cell) bool {
		return c.Kind == table.Null || c.Kind == table.Int && c.Int == task.NoLabel
	})
	slices.SortFunc(cells, func(a, b table.Cell) int {
		return cmp.Or(cmp.Compare(a.Int, b.Int), cmp.Compare(a.Str, b.Str))
	})
	if len(cells) < 2 {
		return nil, tooFewLabels(column, cells)
	}
	labels := make([]task.Label, len(cells))
	for i, c := range cells {
		labels[i] = task.Label{Name: c.Text(), Text: c.Text()}
		if c.Kind != table.String {
			labels[i].Value = c.Text()
		}
	}
	return labels, nil
}

// tooFewLabels says why a column with these different values, but for null and -1, tells nothing apart.
func tooFewLabels(column table.Column, values []table.Cell) error {
	const remedy = "use a file with rows of several labels, choose another column with task.label_column, or " +
		"list all labels with task.labels"
	switch {
	case len(values) == 1:
		return fmt.Errorf("label column %s holds one value alone, %v, and a classification tells at least two apart: "+
			"%s",
			column.Name, values[0], remedy)
	case column.Type == table.TypeInt:
		return fmt.Errorf("label column %s holds no label: its rows are all -1 or null, as in a test split whose "+
			"labels are hidden: use a split with labels, such as train or validation; predict answers rows without "+
			"labels", column.Name)
	}
	return fmt.Errorf("label column %s is null in every row: %s", column.Name, remedy)
}

// regression finds the column of numbers, the only float or else one with a usual name, the texts and the rounding.
func (in *inference) regression() error {
	isNumber := func(c table.Column) bool {
		return c.Lists == 0 && (c.Type == table.TypeFloat || c.Type == table.TypeInt || in.isNumeric(c))
	}
	fits := func(c table.Column) bool { return isNumber(c) && c.ClassLabels == nil && !IsIdentifier(c.Name) }
	column, err := in.pick(search{
		what: labelColumn, key: labelKey, asked: in.asked.LabelColumn,
		check: func(c table.Column) error {
			if isNumber(c) {
				return nil
			}
			return fmt.Errorf("task.label_column %s: the column is of type %s, want float or int, or texts that are "+
				"numbers, for %s", c.Name, c.FullType(), task.Regression)
		},
		rules: []rule{
			{"the only float column", func(c table.Column) bool { return fits(c) && c.Type == table.TypeFloat }},
			{"a usual name", func(c table.Column) bool {
				return fits(c) && slices.Contains(numberNames, strings.ToLower(c.Name))
			}},
			{"the only column of texts that are numbers", func(c table.Column) bool {
				return fits(c) && in.isNumeric(c)
			}},
		},
		candidates: in.filter(fits), several: "the number may be in", none: "no column of numbers",
	})
	if err != nil {
		return err
	}
	in.spec.LabelColumn = column.Name
	if err := in.textColumns(); err != nil {
		return err
	}
	var numbers []float64
	if in.data.Numbers != nil {
		if numbers, err = in.data.Numbers(column.Name); err != nil {
			return err
		}
	}
	roundTo, reason := task.DefaultRoundTo, "task.round_to"
	switch {
	case in.asked.RoundTo != nil:
		roundTo = *in.asked.RoundTo
	case len(numbers) > 0:
		roundTo, reason = RoundToFor(numbers), "which suits their spread; another with task.round_to"
		if roundTo < task.DefaultRoundTo {
			reason = fmt.Sprintf("smaller than T5's %g, for their spread; another with task.round_to",
				task.DefaultRoundTo)
		}
	}
	in.spec.RoundTo = &roundTo
	in.note("numbers", fmt.Sprintf("written as multiples of %g", roundTo), reason)
	return nil
}

// isNumeric reports whether a column has texts that are numbers, as the numbers of a table are.
func (in *inference) isNumeric(c table.Column) bool {
	if c.Type != table.TypeString || c.Lists > 0 || in.data.Numeric == nil {
		return false
	}
	known, there := in.numeric[c.Name]
	if !there {
		known = in.data.Numeric(c.Name)
		if in.numeric == nil {
			in.numeric = map[string]bool{}
		}
		in.numeric[c.Name] = known
	}
	return known
}

// numberNames are usual names of a column of numbers to learn.
var numberNames = strings.Fields("label labels score similarity_score rating stars")

// tagNames are usual names of a column of tags.
var tagNames = strings.Fields("ner_tags tags ner labels")

// ner finds the lists of tokens and of tags, and the types of entities.
func (in *inference) ner() error {
	asked := strings.Join(in.asked.TextColumns, ",") // a name with a comma is no column, and is refused as such
	tokens, err := in.listColumn("text column", "task.text_columns", asked, []string{"tokens", "words"},
		func(c table.Column) bool {
			return c.Type == table.TypeString && c.ClassLabels == nil && c.Name != in.asked.LabelColumn &&
				!slices.Contains(tagNames, c.Name)
		})
	if err != nil {
		return err
	}
	tags, err := in.listColumn(labelColumn, labelKey, in.asked.LabelColumn, tagNames, func(c table.Column) bool {
		return c.Name != tokens.Name && (c.ClassLabels != nil || c.Type == table.TypeString)
	})
	if err != nil {
		return err
	}
	in.spec.TextColumns, in.spec.LabelColumn, in.spec.Tags = []string{tokens.Name}, tags.Name, tags.ClassLabels
	return in.entityTypes(tags)
}

// listColumn finds a column of lists: the one with a usual name, else the only one that fits.
func (in *inference) listColumn(
	what, key, asked string, usually []string, isOne func(table.Column) bool,
) (table.Column, error) {
	fits := func(c table.Column) bool { return c.Lists == 1 && c.Readable() && isOne(c) }
	return in.pick(search{
		what: what, key: key, asked: asked,
		check: func(c table.Column) error {
			if c.Lists == 1 {
				return nil
			}
			return fmt.Errorf("%s %s: the column is of type %s, want a list for %s", key, asked, c.FullType(), task.NER)
		},
		rules:      append(usual(usually, fits), rule{"the only list that fits", fits}),
		candidates: in.filter(fits), several: "the lists may be in",
		none: "no column of lists fits " + task.NER,
	})
}

// entityTypes finds the types in the names of the tags and, from task.labels, how they are written.
func (in *inference) entityTypes(column table.Column) (err error) {
	tags, reason := column.ClassLabels, "in the tags' class names"
	if len(tags) == 0 && column.Type == table.TypeString {
		if in.data.Distinct == nil {
			return fmt.Errorf("label column %s has no class names, and its values cannot be read", column.Name)
		}
		cells, err := in.data.Distinct(column.Name, MaxLabels)
		if err != nil {
			return fmt.Errorf("find the tags of column %s: %w: choose another with task.label_column", column.Name, err)
		}
		for _, c := range cells {
			tags = append(tags, c.Str)
		}
		slices.Sort(tags)
		reason = "in the column's different tags, sorted"
	}
	var types []task.Label
	for _, tag := range tags {
		t, ok, err := table.ReadTag(tag)
		if err != nil {
			return fmt.Errorf("label column %s: %w", column.Name, err)
		}
		if ok && !slices.ContainsFunc(types, func(l task.Label) bool { return l.Name == t.Kind }) {
			types = append(types, task.Label{Name: t.Kind, Text: t.Kind})
		}
	}
	if len(types) == 0 {
		return errors.New("the tags name no types of entities: want tags such as B-person: choose another column " +
			"with task.label_column")
	}
	in.spec.Entities, err = in.written("types of entities", types, reason, "but there are")
	return err
}
