package task

import (
	"fmt"
	"slices"
	"strings"

	"t5train/data/table"
)

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

// IsTargetName tells whether a column is named as one of texts to write mostly is, of any task.
func IsTargetName(name string) bool {
	name = strings.ToLower(name)
	return slices.Contains(answerNames(), name) || slices.ContainsFunc(knownTargets(), func(pair [2]string) bool { return pair[1] == name })
}

// summarizePrefix is that of T5.
const summarizePrefix = "summarize: "

// pair finds source and target: the options, completed or replaced by a known pair.
func (in *inference) pair(known [][2]string) error {
	source, target, err := in.pairOptions()
	if err != nil {
		return err
	}
	if target != "" && (source != "" || in.spec.Template != "") {
		in.take(source, "task.text_columns", target, "task.target_column")
		return nil
	}
	var found [][2]string
	for _, pair := range known {
		fits := (source == "" || source == pair[0]) && (target == "" || target == pair[1])
		if fits && in.has(pair[0]) && in.has(pair[1]) {
			found = append(found, pair)
		}
	}
	if len(found) == 1 {
		why := "a known pair"
		in.take(found[0][0], why, found[0][1], why)
		return nil
	}
	candidates := list(in.pick(in.isText))
	if len(found) > 1 {
		candidates = fmt.Sprint(found)
	}
	return fmt.Errorf("cannot tell source and target among %s: choose with task.text_columns and "+
		"task.target_column", candidates)
}

// pairOptions returns source and target as the options name them, each "" if they do not.
func (in *inference) pairOptions() (source, target string, err error) {
	o := in.options
	if len(o.TextColumns) > 1 && in.spec.Template == "" {
		return "", "", fmt.Errorf("task.text_columns gives %s, want one column for %s, or a task.template that "+
			"has them all",
			strings.Join(o.TextColumns, ", "), o.Name)
	}
	if len(o.TextColumns) == 1 && in.spec.Template == "" {
		source = o.TextColumns[0]
		if _, err := in.column("task.text_columns", source); err != nil {
			return "", "", err
		}
	}
	if target = o.TargetColumn; target != "" {
		if _, err := in.column("task.target_column", target); err != nil {
			return "", "", err
		}
	}
	return source, target, nil
}

// take takes the columns of a pair; source is "" where the input is known already.
func (in *inference) take(source, whySource, target, whyTarget string) {
	if source != "" {
		in.spec.TextColumns = []string{source}
		in.say("text column: %s (%s)", source, whySource)
	}
	in.spec.TargetColumn = target
	in.say("target column: %s (%s)", target, whyTarget)
	in.sayNumbers(target)
	if i := slices.IndexFunc(in.columns, func(c table.Column) bool { return c.Name == target }); i >= 0 && in.columns[i].Lists > 0 {
		in.say("  of each list of targets, the first is trained on, and all are right in an evaluation")
	}
}

// sayNumbers says so where a target is made of class numbers, for a reader of the data may see names.
func (in *inference) sayNumbers(columns ...string) {
	for _, c := range in.columns {
		if len(c.ClassLabels) > 0 && slices.Contains(columns, c.Name) {
			remedy := ""
			if c.Lists == 0 {
				remedy = ": task.name classification writes names"
			}
			in.say("  %s has the numbers of classes, which the model learns to write, and not their names, such as %s%s",
				c.Name, c.ClassLabels[0], remedy)
		}
	}
}
