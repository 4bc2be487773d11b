package task

import (
	"slices"
	"strconv"
	"strings"

	"t5train/data/task/language"
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

// Known reports whether there is a task of this name.
func Known(name string) bool { return Base(name) != "" }

// Base returns the general task that a task is or is a setting of; "" for a name that is not known.
func Base(name string) string {
	s, _ := settings(name)
	return s.Name
}

// settings returns one of T5's tasks, or a general one with nothing set.
func settings(name string) (Spec, bool) {
	if _, ok := generalOf(name); ok {
		return Spec{Name: name}, true
	}
	return Named(name)
}

// Named returns one of T5's tasks by its name, with the columns that the data set has in the Hugging Face hub.
func Named(name string) (Spec, bool) {
	if from, to, ok := WMT(name); ok {
		return Spec{
			Name: Translation, Prefix: new(TranslatePrefix(from, to)), TextColumns: []string{"translation." + from},
			TargetColumn: "translation." + to, Metrics: WMTMetrics(),
		}, true
	}
	all := presets()
	if i := slices.IndexFunc(all, func(p preset) bool { return p.name == name }); i >= 0 {
		return all[i].spec, true
	}
	return Spec{}, false
}

// WMT reads the languages of the name of a translation: wmt/en-de.
func WMT(name string) (from, to string, ok bool) {
	pair, wmt := strings.CutPrefix(name, wmtName)
	from, to, ok = strings.Cut(pair, "-")
	return from, to, wmt && ok && from != "" && to != "" && from != to && !strings.ContainsAny(pair, "{}/. ")
}

// WMTMetrics is BLEU with the tokenizer that T5 takes (t5/evaluation/metrics.py, bleu).
func WMTMetrics() []string { return []string{BLEU + "-" + TokenizeIntl} }

// ValuesOf lists what evaluations compare by for a task of a name, with the metrics that are asked for, if any: see
// [Spec.Values]. It is nil for a name that is not known.
func ValuesOf(name string, metrics []string) []string {
	s, ok := settings(name)
	if !ok {
		return nil
	}
	if len(metrics) > 0 {
		s.Metrics = metrics
	}
	return s.Values()
}

// MetricsOf lists the metrics that a task can be checked against; nil for a name that is not known.
func MetricsOf(name string) []string {
	s, ok := settings(name)
	if !ok {
		return nil
	}
	return s.Kind().Metrics()
}

// preset is one of T5's tasks.
type preset struct {
	name string
	spec Spec
}

// presets lists T5's tasks (t5/data/tasks.py and preprocessors.py, t5/data/glue_utils.py).
func presets() []preset {
	const (
		entailment = "entailment not_entailment"
		truth      = "False True"
		pair       = "sentence1 sentence2"
	)
	stsb := glue("stsb", pair, "", Pearson, Spearman)
	stsb.Name, stsb.RoundTo = Regression, new(DefaultRoundTo)
	cb := glue("cb", "hypothesis premise", "entailment contradiction neutral", F1Macro, Accuracy)
	cb.Rule = CB
	multirc := glue("multirc", "question answer paragraph", truth, F1, GroupMatch)
	multirc.Rule, multirc.GroupColumns = MultiRC, []string{"paragraph", "question"}
	axb := glue("rte", "hypothesis premise", entailment, Accuracy) // RTE with other names of columns
	_ = axb.renameTexts([]string{"sentence2", "sentence1"})        // as many as it has
	return []preset{
		{"glue/cola", glue("cola", "sentence", "unacceptable acceptable", Matthews)},
		{"glue/sst2", glue("sst2", "sentence", "negative positive", Accuracy)},
		{"glue/mrpc", glue("mrpc", pair, "not_equivalent equivalent", F1, Accuracy)},
		{"glue/stsb", stsb},
		{"glue/qqp", glue("qqp", "question1 question2", "not_duplicate duplicate", F1, Accuracy)},
		{"glue/mnli", glue("mnli", "hypothesis premise", "entailment neutral contradiction", Accuracy)},
		{"glue/qnli", glue("qnli", "question sentence", entailment, Accuracy)},
		{"glue/rte", glue("rte", pair, entailment, Accuracy)},
		{"glue/wnli", wsc(WNLI, pair, "")},
		{"super_glue/boolq", glue("boolq", "passage question", truth, Accuracy)},
		{"super_glue/cb", cb},
		{"super_glue/copa", glue("copa", "choice1 choice2 premise question", "choice1 choice2", Accuracy)},
		{"super_glue/multirc", multirc},
		{"super_glue/record", texts(Seq2Seq, ReCoRD, "record query: {query} entities: {entities} passage: {passage}",
			"query entities passage", "answers", SQuADScores)},
		{"super_glue/rte", glue("rte", "hypothesis premise", entailment, Accuracy)},
		{"super_glue/wic", glue("wic", "sentence1 sentence2 word", truth, Accuracy)},
		{"super_glue/wsc", wsc(WSC, "text span2_index span2_text", "span1_text")},
		{"super_glue/axb", axb},
		{"super_glue/axg", glue("rte", "hypothesis premise", entailment, Accuracy)},
		{"squad", texts(QuestionAnswering, SQuAD, "question: {question} context: {context}",
			"question context", "answers.text", SQuADScores)},
		{"squad_trivia", texts(QuestionAnswering, SQuAD, "squad trivia question: {question}",
			"question", "answers.text", SQuADScores)},
		{"cnn_dailymail", Spec{
			Name: Summarization, Prefix: new(SummarizePrefix), TextColumns: []string{"article"},
			TargetColumn: "highlights", Metrics: []string{Rouge1, Rouge2, RougeLsum},
		}},
		{"dpr", wsc(DPR, "sentence pronoun", "candidates")},
	}
}

// SummarizePrefix is in front of a text to summarize.
const SummarizePrefix = "summarize: "

// TranslatePrefix is what T5 has in front of a text to translate.
func TranslatePrefix(from, to string) string {
	source, _ := language.Name(from)
	target, _ := language.Name(to)
	return "translate " + source + " to " + target + ": "
}

// glue is a task by the glue rule: the input is the name, then each column's name and text.
func glue(name, columns, labels string, metrics ...string) Spec {
	s := Spec{
		Name: Classification, Template: name, TextColumns: strings.Fields(columns), LabelColumn: "label",
		Metrics: metrics,
	}
	for _, c := range s.TextColumns {
		s.Template += " " + c + ": {" + c + "}"
	}
	for i, text := range strings.Fields(labels) {
		s.Labels = append(s.Labels, Label{Name: text, Text: text, Value: strconv.Itoa(i)})
	}
	return s
}

// texts is a task with a text for an answer.
func texts(name string, rule Rule, template, columns, target string, metrics ...string) Spec {
	return Spec{
		Name: name, Rule: rule, Template: template, TextColumns: strings.Fields(columns), TargetColumn: target,
		Metrics: metrics,
	}
}

// wsc is a task of sentences with a marked pronoun.
func wsc(rule Rule, columns, target string) Spec {
	return Spec{
		Name: Seq2Seq, Rule: rule, Prefix: new("wsc: "), TextColumns: strings.Fields(columns), TargetColumn: target,
		LabelColumn: "label", Metrics: []string{Accuracy},
	}
}

// Languages returns the codes of the languages that a translation is from and to: those of its prefix, such as
// "translate English to German: ", or else of its columns, such as translation.en. ok is false for another task, and
// where neither tells them.
func (s Spec) Languages() (from, to string, ok bool) {
	if s.Name != Translation {
		return "", "", false
	}
	pair, found := strings.CutPrefix(s.InputPrefix(), "translate ")
	if source, target, two := strings.Cut(strings.TrimSuffix(pair, ": "), " to "); found && two {
		return language.Code(source), language.Code(target), true
	}
	if len(s.TextColumns) == 1 {
		from, to = language.OfColumn(s.TextColumns[0]), language.OfColumn(s.TargetColumn)
	}
	return from, to, from != "" && to != ""
}
