package task

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"t5train/internal/nearest"
	"t5train/internal/optional"
)

// mistakes gathers what is wrong with a spec.
type mistakes []error

func (m *mistakes) add(format string, args ...any) {
	*m = append(*m, fmt.Errorf("task: "+format, args...))
}

// Validate reports everything that is wrong with a spec, which may come from a damaged or hand-written file.
func (s Spec) Validate() error {
	var m mistakes
	if len(s.TextColumns) == 0 {
		m.add("no text column, want at least one")
	}
	if slices.Contains(s.TextColumns, "") || repeats(s.TextColumns) != "" {
		m.add("text columns are %q, want different names", s.TextColumns)
	}
	if slices.Contains(s.GroupColumns, "") {
		m.add("group columns are %q, want names", s.GroupColumns)
	}
	s.checkInput(&m)
	g, known := generalOf(s.Name)
	switch {
	case !known:
		m.add("name is %q, want one of %s", s.Name, strings.Join(General(), ", "))
	case g.kind == Texts:
		s.checkTarget(&m)
	case s.LabelColumn == "" || slices.Contains(s.TextColumns, s.LabelColumn):
		m.add("label column is %q, want one besides the text columns %q", s.LabelColumn, s.TextColumns)
	}
	if l := g.labels; l != nil {
		m.checkLabels(l.what, *l.of(&s))
		if n := len(*l.of(&s)); n < l.least {
			m.add("%d %ss, want at least %d", n, l.what, l.least)
		}
	}
	n := optional.Value(s.RoundTo)
	if slices.Contains(g.keys, "round_to") && !(n >= MinRoundTo && n <= MaxRoundTo) {
		m.add("round_to is %g, want a number from %g to %g", n, MinRoundTo, MaxRoundTo)
	}
	s.checkRule(&m)
	s.checkMetrics(&m)
	return errors.Join(m...)
}

// repeats returns the first text that a list holds twice, or "".
func repeats(list []string) string {
	for i, text := range list {
		if slices.Contains(list[:i], text) {
			return text
		}
	}
	return ""
}

// checkInput checks what the input is made of.
func (s Spec) checkInput(m *mistakes) {
	t, err := parseTemplate(s.Template)
	switch {
	case err != nil:
		m.add("template: %w", err)
	case s.Template != "":
		for _, c := range t.columns() {
			if !slices.Contains(s.TextColumns, c) {
				m.add("template has {%s}, want one of the text columns %q", c, s.TextColumns)
			}
		}
	case s.Rule.marksPronoun():
	case s.Name == Template:
		m.add("no template, want one with columns in braces")
	case s.general().otherColumns(s.TextColumns) != "":
		m.add("text columns are %q, want %s for %s", s.TextColumns, s.general().otherColumns(s.TextColumns), s.Name)
	}
}

// checkTarget checks where the target text comes from.
func (s Spec) checkTarget(m *mistakes) {
	_, err := parseTemplate(s.TargetTemplate)
	switch {
	case s.TargetTemplate != "" && s.TargetColumn != "":
		m.add("target column %q and a target template, want one of them", s.TargetColumn)
	case err != nil:
		m.add("target template: %w", err)
	case s.TargetTemplate != "" || s.Rule == WNLI: // whose target is in the second sentence
	case s.TargetColumn == "" || slices.Contains(s.TextColumns, s.TargetColumn):
		m.add("target column is %q, want one besides the text columns %q", s.TargetColumn, s.TextColumns)
	}
}

// checkLabels wants names, texts and values that tell the labels apart.
func (m *mistakes) checkLabels(what string, labels []Label) {
	names, texts, values := map[string]int{}, map[string]int{}, map[string]int{}
	for i, l := range labels {
		text := strings.TrimSpace(l.Text)
		if text == "" {
			m.add("%s %d (%s) has no text, want a word or more: set it with task.labels", what, i, l.Name)
			continue
		}
		if j, ok := texts[text]; ok {
			m.add("%ss %d and %d both have the text %q: set different ones with task.labels", what, j, i, text)
		}
		if j, ok := names[l.Name]; ok {
			m.add("%ss %d and %d are both named %q, want different names", what, j, i, l.Name)
		}
		if j, ok := values[l.Value]; ok && l.Value != "" {
			m.add("%ss %d and %d both have the value %q, want different values", what, j, i, l.Value)
		}
		texts[text], names[l.Name], values[l.Value] = i, i, i
	}
}

// checkRule wants the columns that the rows of the rule have.
func (s Spec) checkRule(m *mistakes) {
	if (s.Rule.marksPronoun() || s.Rule == ReCoRD) && s.Name != Seq2Seq {
		m.add("name is %q, want %s for the rule %s", s.Name, Seq2Seq, s.Rule)
	}
	want := 2
	switch s.Rule {
	case "", SQuAD, CB, MultiRC, ReCoRD:
		return
	case WSC:
		want = 3
	case DPR, WNLI:
	default:
		m.add("rule is %q, want %q, %q, %q, %q, %q, %q or %q", s.Rule, SQuAD, CB, MultiRC, ReCoRD, WSC, DPR, WNLI)
		return
	}
	if len(s.TextColumns) != want {
		m.add("text columns are %q, want %d for the rule %s", s.TextColumns, want, s.Rule)
	}
	if s.LabelColumn == "" {
		m.add("no label column, want one for the rule %s", s.Rule)
	}
	if s.TargetTemplate != "" {
		m.add("a target template, want none for the rule %s", s.Rule)
	}
}

// checkMetrics wants names that the kind of answers has.
func (s Spec) checkMetrics(m *mistakes) {
	if twice := repeats(s.Values()); twice != "" {
		m.add("metrics %s give %s twice, want it once", strings.Join(s.Metrics, ", "), twice)
		return
	}
	known := s.Kind().Metrics()
	for _, name := range s.Metrics {
		switch {
		case !slices.Contains(known, name):
			m.add("metric %q is not for %s, want some of %s%s", name, s.Name, strings.Join(known, ", "),
				nearest.DidYouMean(name, known, ": "))
			return
		case name == GroupMatch && len(s.GroupColumns) == 0:
			m.add("metric %s is for tasks whose rows are in groups, such as super_glue/multirc: leave it out", name)
			return
		}
	}
}

// Owners lists the general tasks that have a key, by its name in a configuration; nil is all.
func Owners(key string) []string {
	var owners []string
	for _, g := range generals {
		if slices.Contains(g.keys, key) {
			owners = append(owners, g.name)
		}
	}
	return owners
}

// Has reports whether a task of a name has a key: T5's have those of the tasks that they are settings of, and may have
// labels beside their targets.
func Has(name, key string) bool {
	owners := Owners(key)
	_, isGeneral := generalOf(name)
	return owners == nil || slices.Contains(owners, Base(name)) || !isGeneral && key == "label_column"
}

// Mistake is what is wrong with a key of a task, by its name in a configuration.
type Mistake struct{ Key, Text string }

func (m Mistake) Error() string { return "task." + m.Key + ": " + m.Text }

// CheckAsked returns the first mistake of what is asked for, and one of its name.
func (s Spec) CheckAsked() error {
	if !Known(s.Name) {
		return fmt.Errorf("name is %q, want one of %s", s.Name, strings.Join(Names(), ", "))
	}
	if mistakes := s.Mistakes(); len(mistakes) > 0 {
		return mistakes[0]
	}
	return nil
}

// Mistakes lists what is wrong with what is asked for, whatever the data: keys that the task does not have, and values
// that do not go together. Of a task that is not known no key is foreign.
func (s Spec) Mistakes() []Mistake {
	var all []Mistake
	bad := func(key, format string, args ...any) { all = append(all, Mistake{key, fmt.Sprintf(format, args...)}) }
	if Known(s.Name) {
		s.foreign(bad)
	}
	for _, list := range []struct {
		key, what string
		values    []string
	}{{"text_columns", "column", s.TextColumns}, {"metrics", "metric", s.Metrics}, {"labels", "label", s.LabelTexts}} {
		if twice := repeats(list.values); twice != "" {
			bad(list.key, "got %.80q twice, want every %s once", twice, list.what)
		}
	}
	if g, _ := generalOf(Base(s.Name)); len(s.LabelTexts) > 0 && g.labels != nil && len(s.LabelTexts) < g.labels.least {
		bad("labels", "got %d label, want at least %d", len(s.LabelTexts), g.labels.least)
	}
	for _, answer := range [][2]string{{"label_column", s.LabelColumn}, {"target_column", s.TargetColumn}} {
		if column := answer[1]; column != "" && slices.Contains(s.TextColumns, column) {
			bad(answer[0], "got %.80q, which is in task.text_columns too: the answer would be in the input", column)
		}
	}
	return all
}

// foreign reports the keys that do not suit the task.
func (s Spec) foreign(bad func(key, format string, args ...any)) {
	remedies := map[string]string{
		"label_column": "use task.target_column", "target_column": "use task.label_column",
		"target_template": "remove it, or set task.name to template",
	}
	for f, v := range reflect.ValueOf(s).Fields() {
		if key := f.Tag.Get("yaml"); !v.IsZero() && !Has(s.Name, key) {
			bad(key, "is a key of %s, but task.name is %q: %s",
				strings.Join(Owners(key), ", "), s.Name, cmp.Or(remedies[key], "remove it"))
		}
	}
	_, wrongTemplate := TemplateColumns(s.Template)
	switch {
	case s.Template != "" && !slices.Contains(General(), s.Name):
		bad("template", "got %.80q, but %s has the input of T5: remove it, or set task.name to %s",
			s.Template, s.Name, Base(s.Name))
	case s.Template != "" && s.TextColumns != nil:
		bad("text_columns", "got a list, want none beside task.template, which names the columns: remove it")
	case s.Template != "" && wrongTemplate != nil:
		bad("template", "%v", wrongTemplate)
	case s.Template == "" && s.Name == Template:
		bad("template", `got nothing, want the input with columns in braces, such as "question: {question} context: `+
			`{context}"`)
	}
	if _, err := TemplateColumns(s.TargetTemplate); s.TargetTemplate != "" && err != nil {
		bad("target_template", "%v", err)
	}
	if s.SourceLanguage != "" && s.SourceLanguage == s.TargetLanguage {
		bad("target_language", "got %.80q, which is task.source_language too, want two languages", s.TargetLanguage)
	}
	known := MetricsOf(s.Name)
	for _, m := range s.Metrics {
		if !slices.Contains(known, m) {
			bad("metrics", "got %.80q, want some of %s for %s%s", m, strings.Join(known, ", "), s.Name,
				nearest.DidYouMean(m, known, ": "))
		}
	}
	if want := s.general().otherColumns(s.TextColumns); want != "" {
		bad("text_columns", "got %d columns, want %s for %s, or a task.template that has them all",
			len(s.TextColumns), want, s.Name)
	}
}
