package task

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"t5train/data/table"
)

// wmtName is the beginning of the names of translations: wmt/en-de.
const wmtName = "wmt/"

// Names lists all names of tasks: the general ones and those of T5. wmt/en-de stands for any two languages.
func Names() []string {
	names := General()
	for _, p := range presets() {
		names = append(names, p.name)
	}
	return append(names, wmtName+"en-de")
}

// Known tells whether there is a task of this name.
func Known(name string) bool {
	_, ok := Named(name)
	return ok || slices.Contains(General(), name)
}

// Named returns one of T5's tasks by its name, with the columns that the data set has in the Hugging Face hub.
func Named(name string) (Spec, bool) {
	if pair, ok := strings.CutPrefix(name, wmtName); ok {
		from, to, ok := languagePair(pair)
		if !ok {
			return Spec{}, false
		}
		return Spec{
			Name: Translation, Prefix: translatePrefix(from, to), TextColumns: []string{"translation." + from}, TargetColumn: "translation." + to,
			Metrics: wmtMetrics(),
		}, true
	}
	all := presets()
	if i := slices.IndexFunc(all, func(p preset) bool { return p.name == name }); i >= 0 {
		return all[i].spec, true
	}
	return Spec{}, false
}

// wmtMetrics is BLEU with the tokenizer that T5 takes (t5/evaluation/metrics.py, bleu).
func wmtMetrics() []string { return []string{BLEU + "-intl"} }

// languagePair reads en-de.
func languagePair(pair string) (from, to string, ok bool) {
	from, to, ok = strings.Cut(pair, "-")
	return from, to, ok && from != "" && to != "" && from != to && !strings.ContainsAny(pair, "{}/. ")
}

// preset is one of T5's tasks.
type preset struct {
	name string
	spec Spec
}

// presets lists T5's tasks (t5/data/tasks.py and preprocessors.py, t5/data/glue_utils.py).
func presets() []preset {
	entailment := []string{"entailment", "not_entailment"}
	truth := []string{"False", "True"}
	pair := []string{"sentence1", "sentence2"}
	accuracy := []string{Accuracy}
	return []preset{
		{"glue/cola", glue("cola", []string{"sentence"}, []string{"unacceptable", "acceptable"}, Matthews)},
		{"glue/sst2", glue("sst2", []string{"sentence"}, []string{"negative", "positive"}, Accuracy)},
		{"glue/mrpc", glue("mrpc", pair, []string{"not_equivalent", "equivalent"}, F1, Accuracy)},
		{"glue/stsb", Spec{
			Name: Regression, Template: glueTemplate("stsb", pair), TextColumns: pair, LabelColumn: "label",
			Step: DefaultStep, Metrics: []string{Pearson, Spearman},
		}},
		{"glue/qqp", glue("qqp", []string{"question1", "question2"}, []string{"not_duplicate", "duplicate"}, F1, Accuracy)},
		{"glue/mnli", glue("mnli", []string{"hypothesis", "premise"}, []string{"entailment", "neutral", "contradiction"}, Accuracy)},
		{"glue/qnli", glue("qnli", []string{"question", "sentence"}, entailment, Accuracy)},
		{"glue/rte", glue("rte", pair, entailment, Accuracy)},
		{"glue/wnli", Spec{Name: Seq2Seq, Rule: WNLI, Prefix: wscPrefix, TextColumns: pair, LabelColumn: "label", Metrics: accuracy}},
		{"super_glue/boolq", glue("boolq", []string{"passage", "question"}, truth, Accuracy)},
		{"super_glue/cb", cb()},
		{"super_glue/copa", glue("copa", []string{"choice1", "choice2", "premise", "question"}, []string{"choice1", "choice2"}, Accuracy)},
		{"super_glue/multirc", multirc(truth)},
		{"super_glue/record", Spec{
			Name: Seq2Seq, Rule: ReCoRD, Template: "record query: {query} entities: {entities} passage: {passage}",
			TextColumns: []string{"query", "entities", "passage"}, TargetColumn: "answers", Metrics: []string{SQuADScores},
		}},
		{"super_glue/rte", glue("rte", []string{"hypothesis", "premise"}, entailment, Accuracy)},
		{"super_glue/wic", glue("wic", []string{"sentence1", "sentence2", "word"}, truth, Accuracy)},
		{"super_glue/wsc", Spec{
			Name: Seq2Seq, Rule: WSC, Prefix: wscPrefix, TextColumns: []string{"text", "span2_index", "span2_text"},
			TargetColumn: "span1_text", LabelColumn: "label", Metrics: accuracy,
		}},
		{"super_glue/axb", axb(entailment)},
		{"super_glue/axg", glue("rte", []string{"hypothesis", "premise"}, entailment, Accuracy)},
		{"squad", Spec{
			Name: QuestionAnswering, Rule: SQuAD, Template: "question: {question} context: {context}",
			TextColumns: []string{"question", "context"}, TargetColumn: "answers.text", Metrics: []string{SQuADScores},
		}},
		{"squad_trivia", Spec{
			Name: QuestionAnswering, Rule: SQuAD, Template: "squad trivia question: {question}",
			TextColumns: []string{"question"}, TargetColumn: "answers.text", Metrics: []string{SQuADScores},
		}},
		{"cnn_dailymail", Spec{
			Name: Summarization, Prefix: summarizePrefix, TextColumns: []string{"article"}, TargetColumn: "highlights",
			Metrics: []string{Rouge1, Rouge2, RougeLsum},
		}},
		{"dpr", Spec{
			Name: Seq2Seq, Rule: DPR, Prefix: wscPrefix, TextColumns: []string{"sentence", "pronoun"}, TargetColumn: "candidates",
			LabelColumn: "label", Metrics: accuracy,
		}},
	}
}

// wscPrefix is in front of all sentences with a marked pronoun.
const wscPrefix = "wsc: "

// glueTemplate is the form of the glue rule: the name, then each column's name and text.
func glueTemplate(name string, columns []string) string {
	for _, c := range columns {
		name += " " + c + ": {" + c + "}"
	}
	return name
}

func glue(name string, columns, labels []string, metrics ...string) Spec {
	s := Spec{Name: Classification, Template: glueTemplate(name, columns), TextColumns: columns, LabelColumn: "label", Metrics: metrics}
	for i, text := range labels {
		s.Labels = append(s.Labels, Label{Name: text, Text: text, Value: strconv.Itoa(i)})
	}
	return s
}

func cb() Spec {
	s := glue("cb", []string{"hypothesis", "premise"}, []string{"entailment", "contradiction", "neutral"}, F1Macro, Accuracy)
	s.Rule = CB
	return s
}

func multirc(truth []string) Spec {
	s := glue("multirc", []string{"question", "answer", "paragraph"}, truth, F1, GroupMatch)
	s.Rule, s.GroupColumns = MultiRC, []string{"paragraph", "question"}
	return s
}

// axb is RTE with other names of columns.
func axb(labels []string) Spec {
	s := glue("rte", []string{"hypothesis", "premise"}, labels, Accuracy)
	s.Template, s.TextColumns = "rte hypothesis: {sentence2} premise: {sentence1}", []string{"sentence2", "sentence1"}
	return s
}

// named takes one of T5's tasks.
func (in *inference) named() error {
	o := in.options
	if pair, ok := strings.CutPrefix(o.Name, wmtName); ok {
		in.options.SourceLanguage, in.options.TargetLanguage, _ = languagePair(pair)
		in.spec.Name = Translation
		if len(o.Metrics) == 0 {
			in.spec.Metrics = wmtMetrics()
		}
		return in.translation()
	}
	spec, _ := Named(o.Name) // check has seen that there is one
	if spec.Name == QuestionAnswering && o.TargetColumn == "" {
		if target, err := in.firstOf("task.target_column", answerNames()...); err == nil {
			spec.TargetColumn = target
		}
	}
	if spec.Rule == MultiRC && in.hasColumn("idx.paragraph") && in.hasColumn("idx.question") {
		spec.GroupColumns = []string{"idx.paragraph", "idx.question"}
	}
	own := o
	own.Labels = nil // there is no checkpoint that they would have to suit
	spec, err := spec.Correct(own)
	if err != nil {
		return err
	}
	for _, name := range spec.Columns() {
		if !in.hasColumn(name) {
			return fmt.Errorf("%s has the columns %s, but there is no %s: the columns are %s: name others with "+
				"task.text_columns, task.label_column or task.target_column",
				o.Name, strings.Join(spec.Columns(), ", "), name, list(in.columns))
		}
	}
	in.spec = spec
	in.say("columns: %s (those of %s)", strings.Join(spec.Columns(), ", "), o.Name)
	if spec.Kind() != Labels {
		return nil
	}
	return in.namedLabels()
}

func (in *inference) hasColumn(name string) bool {
	return slices.ContainsFunc(in.columns, func(c table.Column) bool { return c.Name == name && c.Readable() })
}

// namedLabels finds the values of T5's labels in the label column: where that has the same names in another order, theirs,
// else T5's own.
func (in *inference) namedLabels() error {
	i := slices.IndexFunc(in.columns, func(c table.Column) bool { return c.Name == in.spec.LabelColumn })
	column := in.columns[i]
	labels, why := in.spec.Labels, "those of "+in.options.Name
	if n := len(column.ClassLabels); n > 0 && n != len(labels) {
		return fmt.Errorf("%s has %d labels, but column %s has %d class names, %s: choose another with "+
			"task.label_column, or use task.name %s",
			in.options.Name, len(labels), column.Name, n, strings.Join(column.ClassLabels, ", "), Classification)
	}
	order := make([]int, len(labels)) // places in the class names
	same := true
	for j, l := range labels {
		order[j] = slices.Index(column.ClassLabels, l.Name)
		same = same && order[j] >= 0
	}
	for j := range labels {
		switch {
		case column.Type == table.TypeBool && len(labels) == 2:
			labels[j].Value = strconv.FormatBool(j == 1)
		case same:
			labels[j].Value = strconv.Itoa(order[j])
		case len(column.ClassLabels) > 0:
			labels[j].Name = column.ClassLabels[j]
		}
	}
	if given := in.options.Labels; len(given) > 0 {
		if len(given) != len(labels) {
			return fmt.Errorf("task.labels gives %d texts, %s has %d labels: %s",
				len(given), in.options.Name, len(labels), describe(labels))
		}
		for j := range labels {
			labels[j].Text = given[j]
		}
		why = "task.labels"
	}
	in.say("labels: %s (%s)", describe(labels), why)
	return nil
}

// Base returns the general task that a task is or is a setting of; "" for a name that is not known.
func Base(name string) string {
	if slices.Contains(General(), name) {
		return name
	}
	s, _ := Named(name)
	return s.Name
}

// ValuesOf lists what evaluations compare by for a task of a name, with the metrics that are asked for, if any: see
// [Spec.Values]. It is nil for a name that is not known.
func ValuesOf(name string, metrics []string) []string {
	s, ok := Named(name)
	if !ok {
		if !slices.Contains(General(), name) {
			return nil
		}
		s = Spec{Name: name}
	}
	if len(metrics) > 0 {
		s.Metrics = metrics
	}
	return s.Values()
}

// MetricsOf lists the metrics that a task can be held to; nil for a name that is not known.
func MetricsOf(name string) []string {
	if s, ok := Named(name); ok {
		return s.Kind().Metrics()
	}
	if !slices.Contains(General(), name) {
		return nil
	}
	return Spec{Name: name}.Kind().Metrics()
}
