package task

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The tasks.
const (
	Classification = "classification"
	Seq2Seq        = "seq2seq"
)

// Spec says how rows become examples. Its JSON form is part of a training checkpoint.
type Spec struct {
	Name         string   `json:"name"`                    // Classification or Seq2Seq
	Prefix       string   `json:"prefix"`                  // before every input; may be empty
	TextColumns  []string `json:"text_columns"`            // in the order in which they enter the input; one for Seq2Seq
	LabelColumn  string   `json:"label_column,omitempty"`  // of Classification
	TargetColumn string   `json:"target_column,omitempty"` // of Seq2Seq
	Labels       []Label  `json:"labels,omitempty"`        // of Classification; a label's number is its place here
}

// Label is one class.
type Label struct {
	Name  string `json:"name"`            // as the data set calls it
	Text  string `json:"text"`            // as the model writes it
	Value string `json:"value,omitempty"` // what the label column holds when it is no string: 0, 1, ..., true
}

// Columns returns the columns that [Spec.Example] wants, in order: the text columns, then the label or target.
func (s Spec) Columns() []string {
	if s.Name == Classification {
		return append(slices.Clone(s.TextColumns), s.LabelColumn)
	}
	return append(slices.Clone(s.TextColumns), s.TargetColumn)
}

// Validate reports everything that is wrong with a spec, which may come from a damaged or hand-written file.
func (s Spec) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("task: "+format, args...)) }
	if len(s.TextColumns) == 0 {
		bad("no text column, want at least one")
	}
	for i, c := range s.TextColumns {
		if c == "" || slices.Contains(s.TextColumns[:i], c) {
			bad("text columns are %q, want different names", s.TextColumns)
			break
		}
	}
	switch s.Name {
	case Classification:
		if s.LabelColumn == "" || slices.Contains(s.TextColumns, s.LabelColumn) {
			bad("label column is %q, want one besides the text columns %q", s.LabelColumn, s.TextColumns)
		}
		errs = append(errs, checkLabels(s.Labels)...)
	case Seq2Seq:
		if len(s.TextColumns) > 1 {
			bad("text columns are %q, want one for %s", s.TextColumns, s.Name)
		}
		if s.TargetColumn == "" || slices.Contains(s.TextColumns, s.TargetColumn) {
			bad("target column is %q, want one besides the text column %q", s.TargetColumn, s.TextColumns)
		}
	default:
		bad("name is %q, want %s or %s", s.Name, Classification, Seq2Seq)
	}
	return errors.Join(errs...)
}

// checkLabels wants at least two labels whose names and texts tell them apart.
func checkLabels(labels []Label) []error {
	var errs []error
	if len(labels) < 2 {
		errs = append(errs, fmt.Errorf("task: %d labels, want at least 2", len(labels)))
	}
	names, texts, values := map[string]int{}, map[string]int{}, map[string]int{}
	for i, l := range labels {
		text := strings.TrimSpace(l.Text)
		if text == "" {
			errs = append(errs, fmt.Errorf("task: label %d (%s) has no text, want a word or more: set it with --labels", i, l.Name))
			continue
		}
		if j, ok := texts[text]; ok {
			errs = append(errs, fmt.Errorf("task: labels %d and %d both have the text %q: set different ones with --labels", j, i, text))
		}
		if j, ok := names[l.Name]; ok {
			errs = append(errs, fmt.Errorf("task: labels %d and %d are both named %q, want different names", j, i, l.Name))
		}
		if j, ok := values[l.Value]; ok && l.Value != "" {
			errs = append(errs, fmt.Errorf("task: labels %d and %d both have the value %q, want different values", j, i, l.Value))
		}
		texts[text], names[l.Name], values[l.Value] = i, i, i
	}
	return errs
}
