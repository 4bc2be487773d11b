package task

import (
	_ "embed"
	"encoding/json"
	"slices"

	"t5train/internal/optional"
)

// Source is this file: the comments of the fields of [Spec] are the documentation of the keys of a configuration.
//
//go:embed spec.go
var Source string

// Spec says what a row means: which columns are the input and which one the answer.
//
// In a configuration it is what a person says of a task, with the tags of package configs; what is unset there, package
// infer finds. In JSON it is the whole task, a part of a checkpoint; what a task does not have is absent. [Owners] says
// which tasks have a key.
type Spec struct {
	// What the model learns: classification answers with one of a list of labels, regression with a number, ner with
	// the entities among tokens, all others with a text. A task of T5, such as glue/cola, squad or wmt/en-de, has the
	// columns and the text of T5. Required.
	Name string `yaml:"name" json:"name" names:"tasks"`
	// Text in front of every input. Unset: that of the task, which is "summarize: " for summarization, such as
	// "translate English to German: " for translation, and none for others. A model pre-trained on several tasks needs
	// the prefix of its task.
	Prefix *string `yaml:"prefix" json:"prefix,omitempty"`
	// The input columns, in order; classification, regression and templates may have several, question_answering has
	// the question and the context, others have one. Empty: found from the schema and noted.
	TextColumns []string `yaml:"text_columns" json:"text_columns" unit:"column names"`
	// The input with columns in braces, such as "question: {question} context: {context}"; a brace of the text is
	// doubled. Empty: the form of the task.
	Template string `yaml:"template" json:"template,omitempty"`
	// Classification, regression and ner: the column of the label, the number or the tags. Empty: found from the schema
	// and noted.
	LabelColumn string `yaml:"label_column" json:"label_column,omitempty" unit:"column name"`
	// Classification: the label strings in class order; ner: those of the types of entities. Empty: the names in the
	// schema. Short common words are the easiest to learn.
	LabelTexts []string `yaml:"labels" json:"-" unit:"label strings"`
	// Tasks that answer with a text: its column, of texts or of lists of them, of which the first is trained on and all
	// are right. Empty: found from the schema and noted.
	TargetColumn string `yaml:"target_column" json:"target_column,omitempty" unit:"column name"`
	// Template: the answer with columns in braces, in place of target_column.
	TargetTemplate string `yaml:"target_template" json:"target_template,omitempty"`
	// Translation: code of the language to translate from, such as en. Empty: found from the schema and noted.
	SourceLanguage string `yaml:"source_language" json:"-" unit:"language code"`
	// Translation: code of the language to translate to, such as de. Empty: found from the schema and noted.
	TargetLanguage string `yaml:"target_language" json:"-" unit:"language code"`
	// Regression: numbers are written as multiples of it, which makes them fewer and easier to learn. Unset: the
	// largest of 1, 2 and 5 times a power of ten that moves them by 1/400 of their spread on average at most; 0.2 for
	// T5's own tasks.
	RoundTo *float64 `yaml:"round_to" json:"round_to,omitempty" range:"> 0"`
	// What evaluations measure, the most important first, such as bleu, chrf or rouge1-stem. Empty: the usual metrics
	// of the task.
	Metrics []string `yaml:"metrics" json:"metrics,omitempty" unit:"metrics" for:"fine-tuning"`

	GroupColumns []string `yaml:"-" json:"group_columns,omitempty"` // rows that agree in them are one question
	// of Classification; the index of a label is its class
	Labels   []Label `yaml:"-" json:"labels,omitempty"`
	Entities []Label `yaml:"-" json:"entities,omitempty"` // of NER: the types of entities
	// of NER: names of the tags 0, 1, ... in a column of numbers
	Tags []string `yaml:"-" json:"tags,omitempty"`
	Rule Rule     `yaml:"-" json:"rule,omitempty"` // what is special about one of T5's tasks
}

// Label is one class, or one type of entities.
type Label struct {
	Name  string `json:"name"`            // as the data set calls it
	Text  string `json:"text"`            // as the model writes it
	Value string `json:"value,omitempty"` // what the label column holds when it is no string: 0, 1, ..., true
}

// UnmarshalJSON also reads what older checkpoints have: step is round_to now.
func (s *Spec) UnmarshalJSON(text []byte) error {
	type plain Spec
	older := struct {
		*plain
		Step *float64 `json:"step"`
	}{plain: (*plain)(s)}
	if err := json.Unmarshal(text, &older); err != nil {
		return err
	}
	if s.RoundTo == nil {
		s.RoundTo = older.Step
	}
	return nil
}

// InputPrefix returns the text in front of every input.
func (s Spec) InputPrefix() string { return optional.Value(s.Prefix) }

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
	Labels                // one of Spec.Labels, found by label scoring: the probability of their texts
	Numbers               // see Number
	Entities              // see Spec.TagsOf
	Referents             // what a pronoun stands for: right or wrong, see SameReferent
)

// Kind returns the kind of the task's answers.
func (s Spec) Kind() Kind {
	if s.Rule.marksPronoun() {
		return Referents
	}
	return s.general().kind
}

// ScoresLabels reports whether the answer is the label that the model finds most probable. Other answers are generated.
func (s Spec) ScoresLabels() bool { return s.Kind() == Labels && len(s.Labels) > 0 }
