package task

import (
	"fmt"
	"strings"

	"t5train/data/parquetio"
)

// knownTargets are pairs of a source and its target that leave no doubt about the direction.
func knownTargets() [][2]string {
	return [][2]string{
		{"input", "target"}, {"inputs", "targets"}, {"source", "target"}, {"input", "output"},
		{"document", "summary"}, {"article", "highlights"}, {"article", "summary"}, {"text", "summary"}, {"dialogue", "summary"},
		{"prompt", "completion"}, {"input_text", "target_text"}, {"question", "answer"},
	}
}

// seq2seq finds source and target: the options, completed or replaced by a known pair.
func (in *inference) seq2seq() error {
	o := in.options
	switch {
	case o.LabelColumn != "":
		return fmt.Errorf("--label-column %s is for %s: use --target-column", o.LabelColumn, Classification)
	case len(o.Labels) > 0:
		return fmt.Errorf("--labels is for %s", Classification)
	case len(o.TextColumns) > 1:
		return fmt.Errorf("--text-column gives %s, want one column for %s", strings.Join(o.TextColumns, ", "), Seq2Seq)
	}
	var source string
	if len(o.TextColumns) == 1 {
		source = o.TextColumns[0]
		if _, err := in.column("text-column", source); err != nil {
			return err
		}
	}
	if o.TargetColumn != "" {
		if _, err := in.column("target-column", o.TargetColumn); err != nil {
			return err
		}
	}
	if source != "" && o.TargetColumn != "" {
		in.take(source, "--text-column", o.TargetColumn, "--target-column")
		return nil
	}
	var found [][2]string
	for _, pair := range knownTargets() {
		fits := (source == "" || source == pair[0]) && (o.TargetColumn == "" || o.TargetColumn == pair[1])
		if fits && in.has(pair[0]) && in.has(pair[1]) {
			found = append(found, pair)
		}
	}
	if len(found) == 1 {
		why := "a known pair"
		in.take(found[0][0], why, found[0][1], why)
		return nil
	}
	candidates := list(in.pick(func(c parquetio.Column) bool { return c.Type == parquetio.TypeString && !idLike(c.Name) }))
	if len(found) > 1 {
		candidates = fmt.Sprint(found)
	}
	return fmt.Errorf("cannot tell source and target among %s: choose with --text-column and --target-column", candidates)
}

func (in *inference) take(source, whySource, target, whyTarget string) {
	in.spec.TextColumns, in.spec.TargetColumn = []string{source}, target
	in.say("text column: %s (%s)", source, whySource)
	in.say("target column: %s (%s)", target, whyTarget)
}
