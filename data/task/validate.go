package task

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"t5train/internal/nearest"
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
	switch s.Name {
	case Classification, Regression, NER:
		if s.LabelColumn == "" || slices.Contains(s.TextColumns, s.LabelColumn) {
			m.add("label column is %q, want one besides the text columns %q", s.LabelColumn, s.TextColumns)
		}
	case Translation, Summarization, QuestionAnswering, Seq2Seq, Template:
		s.checkTarget(&m)
	default:
		m.add("name is %q, want one of %s", s.Name, strings.Join(General(), ", "))
	}
	switch s.Name {
	case Classification:
		m.checkLabels("label", s.Labels)
		if len(s.Labels) < 2 {
			m.add("%d labels, want at least 2", len(s.Labels))
		}
	case NER:
		m.checkLabels("entity type", s.Entities)
		if len(s.Entities) == 0 {
			m.add("no types of entities, want at least one")
		}
	case Regression:
		if n := valueOf(s.RoundTo); !(n >= MinRoundTo && n <= MaxRoundTo) {
			m.add("round_to is %g, want a number from %g to %g", n, MinRoundTo, MaxRoundTo)
		}
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
	case s.Name == QuestionAnswering && len(s.TextColumns) != 2:
		m.add("text columns are %q, want two for %s: question and context", s.TextColumns, s.Name)
	case s.plain() && len(s.TextColumns) > 1:
		m.add("text columns are %q, want one for %s", s.TextColumns, s.Name)
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
