package task

import (
	"slices"
	"strconv"
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

// general is a task that is for any data set.
type general struct {
	name string
	kind Kind     // of its answers
	keys []string // of a configuration: those that not every task has

	columns int                                 // of texts where no template has them; 0 is any number
	input   func(s Spec, texts []string) string // puts them together behind the prefix
	usual   Spec                                // what it has where neither a person nor a data set says anything
	metrics []string                            // the usual ones, the most important first; nil: all of its kind
	labels  *labels                             // nil: it has none
	inInput bool                                // answers are parts of the input; an empty list is [Unanswerable]
}

// labels says which labels a task has.
type labels struct {
	what  string // they are: label
	least int    // as many it needs
	of    func(*Spec) *[]Label
}

// generals lists the tasks: whatever wants their names or what they need asks here. How each is found from the columns
// of a data set is in package infer.
var generals = []general{
	{
		name: Classification, kind: Labels, keys: []string{"label_column", "labels"}, input: Spec.glue,
		usual:  Spec{TextColumns: []string{"text"}, LabelColumn: "label"},
		labels: &labels{"label", 2, func(s *Spec) *[]Label { return &s.Labels }},
	},
	{
		name: Regression, kind: Numbers, keys: []string{"label_column", "round_to"}, input: Spec.glue,
		usual: Spec{TextColumns: []string{"text"}, LabelColumn: "label", RoundTo: new(DefaultRoundTo)},
	},
	{
		name: NER, kind: Entities, keys: []string{"label_column", "labels"}, columns: 1, input: Spec.joined,
		usual:   Spec{TextColumns: []string{"tokens"}, LabelColumn: "ner_tags"},
		metrics: []string{Seqeval},
		labels:  &labels{"entity type", 1, func(s *Spec) *[]Label { return &s.Entities }},
	},
	{
		name: Translation, keys: []string{"target_column", "source_language", "target_language"},
		columns: 1, input: Spec.joined, usual: Spec{TextColumns: []string{"text"}, TargetColumn: "target"},
		metrics: []string{BLEU, ChrF},
	},
	{
		name: Summarization, keys: []string{"target_column"}, columns: 1, input: Spec.joined,
		usual:   Spec{Prefix: new(SummarizePrefix), TextColumns: []string{"text"}, TargetColumn: "target"},
		metrics: []string{Rouge1, Rouge2, RougeL, RougeLsum},
	},
	{
		name: QuestionAnswering, keys: []string{"target_column"}, columns: 2, input: Spec.question, inInput: true,
		usual:   Spec{TextColumns: []string{"question", "context"}, TargetColumn: "answers.text"},
		metrics: []string{SQuADScores},
	},
	{
		name: Seq2Seq, keys: []string{"target_column"}, columns: 1, input: Spec.joined,
		usual: Spec{TextColumns: []string{"text"}, TargetColumn: "target"}, metrics: []string{ExactMatch},
	},
	{
		name: Template, keys: []string{"target_column", "target_template"}, input: Spec.glue,
		usual: Spec{TextColumns: []string{"text"}, TargetColumn: "target"}, metrics: []string{ExactMatch},
	},
}

// General lists the names of the tasks that are for any data set.
func General() []string {
	var names []string
	for _, g := range generals {
		names = append(names, g.name)
	}
	return names
}

// generalOf returns the general task of a name, and whether there is one. What has no name of a general task is treated
// as a template.
func generalOf(name string) (general, bool) {
	at := func(name string) int {
		return slices.IndexFunc(generals, func(g general) bool { return g.name == name })
	}
	if i := at(name); i >= 0 {
		return generals[i], true
	}
	return generals[at(Template)], false
}

// otherColumns returns how many columns the input of the task has without a template, "" if these are as many.
func (g general) otherColumns(columns []string) (want string) {
	if n := len(columns); n == 0 || g.columns == 0 || n == g.columns {
		return ""
	}
	return strconv.Itoa(g.columns)
}

func (s Spec) general() general {
	g, _ := generalOf(s.Name)
	return g
}

// UsualPrefix returns the prefix of a task where none is asked for; nil: that depends on the data, or there is none.
func UsualPrefix(name string) *string {
	g, _ := generalOf(name)
	return g.usual.Prefix
}
