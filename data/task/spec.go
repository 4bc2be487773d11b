package task

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The tasks. [Names] has those of T5 too, which are settings of these.
const (
	Classification    = "classification"     // one of a list of labels
	Regression        = "regression"         // a number
	NER               = "ner"                // the named entities of a list of tokens
	Translation       = "translation"        // a text in another language
	Summarization     = "summarization"      // a short text for a long one
	QuestionAnswering = "question_answering" // the answer to a question about a context
	Seq2Seq           = "seq2seq"            // a text for a text
	Template          = "template"           // a text for a text, both put together from columns
)

// General lists the tasks that are for any data set.
func General() []string {
	return []string{Classification, Regression, NER, Translation, Summarization, QuestionAnswering, Seq2Seq, Template}
}

// Spec says how rows become examples, and answers become what they mean. Its JSON form is part of a training
// checkpoint; fields that a task does not have are absent.
type Spec struct {
	Name        string   `json:"name"`               // one of General
	Prefix      string   `json:"prefix"`             // before every input; may be empty
	TextColumns []string `json:"text_columns"`       // in the order in which they enter the input
	Template    string   `json:"template,omitempty"` // of the input, behind the prefix; empty is the form of the task: see the package comment

	LabelColumn    string   `json:"label_column,omitempty"`    // labels, numbers or tags
	TargetColumn   string   `json:"target_column,omitempty"`   // a text, or a list of texts that are equally right
	TargetTemplate string   `json:"target_template,omitempty"` // of Template, in place of TargetColumn
	GroupColumns   []string `json:"group_columns,omitempty"`   // rows that agree in them are one question

	Labels   []Label  `json:"labels,omitempty"`   // of Classification; a label's number is its place here
	Entities []Label  `json:"entities,omitempty"` // of NER: the types of entities, as tags name and the model writes them
	Tags     []string `json:"tags,omitempty"`     // of NER: names of the tags 0, 1, ... when the label column holds numbers
	Step     float64  `json:"step,omitempty"`     // of Regression: numbers are written as multiples of it
	Rule     Rule     `json:"rule,omitempty"`     // what is special about one of T5's tasks
	Metrics  []string `json:"metrics,omitempty"`  // see MetricNames
}

// Label is one class, or one type of entities.
type Label struct {
	Name  string `json:"name"`            // as the data set calls it
	Text  string `json:"text"`            // as the model writes it
	Value string `json:"value,omitempty"` // what the label column holds when it is no string: 0, 1, ..., true
}

// Columns returns the columns that [Spec.Train] and [Spec.HeldOut] want, in order and each once: those of the input,
// then those of the answer and of the group.
func (s Spec) Columns() []string {
	columns := slices.Clone(s.TextColumns)
	more := append([]string{s.LabelColumn, s.TargetColumn}, s.GroupColumns...)
	if t, err := parseTemplate(s.TargetTemplate); err == nil {
		more = append(more, t.columns()...)
	}
	for _, c := range more {
		if c != "" && !slices.Contains(columns, c) {
			columns = append(columns, c)
		}
	}
	return columns
}

// Kind says what an answer of the model is.
type Kind int

// The kinds of answers.
const (
	Texts     Kind = iota // as they are
	Labels                // one of Spec.Labels, found by ranking their texts
	Numbers               // see Number
	Entities              // see Spec.TagsOf
	Referents             // what a pronoun stands for: right or wrong, see SameReferent
)

// Kind returns the kind of the task's answers.
func (s Spec) Kind() Kind {
	switch {
	case s.Rule == WSC || s.Rule == WNLI || s.Rule == DPR:
		return Referents
	case s.Name == Classification:
		return Labels
	case s.Name == Regression:
		return Numbers
	case s.Name == NER:
		return Entities
	default:
		return Texts
	}
}

// Ranked tells whether the answer is the label that the model finds most probable. Other answers are generated.
func (s Spec) Ranked() bool { return s.Kind() == Labels && len(s.Labels) > 0 }

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
	if slices.Contains(s.GroupColumns, "") {
		bad("group columns are %q, want names", s.GroupColumns)
	}
	errs = append(errs, s.checkInput()...)
	switch s.Name {
	case Classification, Regression, NER:
		if s.LabelColumn == "" || slices.Contains(s.TextColumns, s.LabelColumn) {
			bad("label column is %q, want one besides the text columns %q", s.LabelColumn, s.TextColumns)
		}
	case Translation, Summarization, QuestionAnswering, Seq2Seq, Template:
		errs = append(errs, s.checkTarget()...)
	default:
		bad("name is %q, want one of %s", s.Name, strings.Join(General(), ", "))
	}
	switch s.Name {
	case Classification:
		errs = append(errs, checkLabels("label", s.Labels)...)
		if len(s.Labels) < 2 {
			bad("%d labels, want at least 2", len(s.Labels))
		}
	case NER:
		errs = append(errs, checkLabels("entity type", s.Entities)...)
		if len(s.Entities) == 0 {
			bad("no types of entities, want at least one")
		}
	case Regression:
		if !(s.Step >= minStep && s.Step <= maxStep) {
			bad("step is %g, want a number from %g to %g", s.Step, minStep, maxStep)
		}
	}
	return errors.Join(slices.Concat(errs, s.checkRule(), s.checkMetrics())...)
}

// checkInput checks what the input is made of.
func (s Spec) checkInput() []error {
	var errs []error
	if s.Template != "" {
		t, err := parseTemplate(s.Template)
		if err != nil {
			return []error{fmt.Errorf("task: template: %w", err)}
		}
		for _, c := range t.columns() {
			if !slices.Contains(s.TextColumns, c) {
				errs = append(errs, fmt.Errorf("task: template has {%s}, want one of the text columns %q",
					c, s.TextColumns))
			}
		}
		return errs
	}
	switch {
	case s.Rule.marksPronoun():
	case s.Name == Template:
		errs = append(errs, errors.New("task: no template, want one with columns in braces"))
	case s.Name == QuestionAnswering && len(s.TextColumns) != 2:
		errs = append(errs, fmt.Errorf("task: text columns are %q, want two for %s: question and context",
			s.TextColumns, s.Name))
	case s.plain() && len(s.TextColumns) > 1:
		errs = append(errs, fmt.Errorf("task: text columns are %q, want one for %s", s.TextColumns, s.Name))
	}
	return errs
}

// plain tells whether the input is the text of the one column, without its name.
func (s Spec) plain() bool {
	switch s.Name {
	case NER, Translation, Summarization, Seq2Seq:
		return true
	}
	return false
}

// checkTarget checks where the target text comes from.
func (s Spec) checkTarget() []error {
	if s.TargetTemplate != "" {
		if s.TargetColumn != "" {
			return []error{fmt.Errorf("task: target column %q and a target template, want one of them", s.TargetColumn)}
		}
		if _, err := parseTemplate(s.TargetTemplate); err != nil {
			return []error{fmt.Errorf("task: target template: %w", err)}
		}
		return nil
	}
	if s.Rule == WNLI { // it is in the second sentence
		return nil
	}
	if s.TargetColumn == "" || slices.Contains(s.TextColumns, s.TargetColumn) {
		return []error{fmt.Errorf("task: target column is %q, want one besides the text columns %q",
			s.TargetColumn, s.TextColumns)}
	}
	return nil
}

// checkLabels wants names and texts that tell the labels apart.
func checkLabels(what string, labels []Label) []error {
	var errs []error
	names, texts, values := map[string]int{}, map[string]int{}, map[string]int{}
	for i, l := range labels {
		text := strings.TrimSpace(l.Text)
		if text == "" {
			errs = append(errs, fmt.Errorf("task: %s %d (%s) has no text, want a word or more: set it with task.labels",
				what, i, l.Name))
			continue
		}
		if j, ok := texts[text]; ok {
			errs = append(errs, fmt.Errorf("task: %ss %d and %d both have the text %q: set different ones with "+
				"task.labels",
				what, j, i, text))
		}
		if j, ok := names[l.Name]; ok {
			errs = append(errs, fmt.Errorf("task: %ss %d and %d are both named %q, want different names",
				what, j, i, l.Name))
		}
		if j, ok := values[l.Value]; ok && l.Value != "" {
			errs = append(errs, fmt.Errorf("task: %ss %d and %d both have the value %q, want different values",
				what, j, i, l.Value))
		}
		texts[text], names[l.Name], values[l.Value] = i, i, i
	}
	return errs
}
