package task

import (
	"slices"
	"strings"
)

// The metrics, by the names under which they are asked for. What each of them computes is up to package metric.
const (
	Accuracy       = "accuracy" // share of right answers
	F1             = "f1"       // of two labels, that of the second
	F1Macro        = "f1_macro" // mean of the labels' F1
	F1Micro        = "f1_micro"
	F1Weighted     = "f1_weighted"
	Precision      = "precision" // of two labels, that of the second
	PrecisionMacro = "precision_macro"
	Recall         = "recall" // of two labels, that of the second
	RecallMacro    = "recall_macro"
	Matthews       = "matthews_correlation"
	GroupMatch     = "group_exact_match" // share of questions all of whose rows are answered right
	Pearson        = "pearson"
	Spearman       = "spearman"
	Kendall        = "kendall"
	MSE            = "mse"          // mean squared error
	Seqeval        = "seqeval"      // precision, recall and F1 of whole entities, also by type
	TagAccuracy    = "tag_accuracy" // share of right tags
	ExactMatch     = "exact_match"  // share of answers that are a reference, character for character
	SQuADScores    = "squad"        // exact match and F1 of words, without capitals, punctuation and articles
	BLEU           = "bleu"
	ChrF           = "chrf"
	ChrFPlus       = "chrf++"
	TER            = "ter"
	Rouge1         = "rouge1"
	Rouge2         = "rouge2"
	RougeL         = "rougeL"
	RougeLsum      = "rougeLsum"
)

// The values that evaluations have without being asked.
const (
	Loss          = "loss" // per target token, in nats
	Perplexity    = "perplexity"
	LossPerByte   = "loss_per_byte"
	BitsPerByte   = "bits_per_byte"
	TokenAccuracy = "token_accuracy" // share of the target tokens that the model finds the most probable
	SpanAccuracy  = "span_accuracy"  // share of the spans of which that holds for every token
	Examples      = "examples"
	Tokens        = "tokens" // of targets
	Bytes         = "bytes"  // of plain text
)

// What may follow the name of a metric of texts.
const (
	Stemmed   = "-stem" // of rouge1 and its like: words are compared by their stems
	Lowercase = "-lc"   // of bleu: case does not count
)

// The tokenizers that may follow bleu and a hyphen, in place of mteval-v13a's.
const (
	TokenizeIntl = "intl"
	TokenizeZh   = "zh"
	TokenizeChar = "char"
	TokenizeNone = "none"
)

// Metric is a value of an evaluation, or a name for several values.
type Metric struct {
	Name   string
	Kinds  []Kind   // of tasks that can be measured by it: only Labels need no generated text
	Values []string // of a metric that is a name for several

	OfPlainText  bool // evaluations on plain text have it
	IsCount      bool // it says how much was evaluated, and not how well
	Smaller      bool // values are better
	Percent      bool // it goes from 0 to 100, else to 1
	Unbounded    bool // it has no largest value
	OneIfPerfect bool // right answers get 1, and it is noted where they do not
	Shown        int  // place among the values that a person looks at first; 0 is none of them
}

// metrics has all that is known about the names of values, in the order in which messages list them. Names as bleu-intl
// are BLEU with other tokens, as sacrebleu calls them.
var metrics = []Metric{
	{Name: ExactMatch, Kinds: []Kind{Texts}, OneIfPerfect: true, Shown: 3},
	{Name: SQuADScores, Kinds: []Kind{Texts}, Values: []string{F1, ExactMatch}},
	{Name: Accuracy, Kinds: []Kind{Labels, Referents}, OneIfPerfect: true, Shown: 1},
	{Name: Seqeval, Kinds: []Kind{Entities}, Values: []string{F1, Precision, Recall, F1Macro, F1Weighted, TagAccuracy}},
	{Name: F1, Kinds: []Kind{Labels, Entities, Texts}, OneIfPerfect: true, Shown: 2},
	{Name: F1Macro, Kinds: []Kind{Labels, Entities}, OneIfPerfect: true},
	{Name: F1Micro, Kinds: []Kind{Labels}, OneIfPerfect: true},
	{Name: F1Weighted, Kinds: []Kind{Labels, Entities}, OneIfPerfect: true},
	{Name: Precision, Kinds: []Kind{Labels, Entities}, OneIfPerfect: true},
	{Name: PrecisionMacro, Kinds: []Kind{Labels}, OneIfPerfect: true},
	{Name: Recall, Kinds: []Kind{Labels, Entities}, OneIfPerfect: true},
	{Name: RecallMacro, Kinds: []Kind{Labels}, OneIfPerfect: true},
	{Name: Matthews, Kinds: []Kind{Labels}, OneIfPerfect: true},
	{Name: GroupMatch, Kinds: []Kind{Labels}, OneIfPerfect: true, Shown: 4},
	{Name: Pearson, Kinds: []Kind{Numbers}, OneIfPerfect: true, Shown: 5},
	{Name: Spearman, Kinds: []Kind{Numbers}, OneIfPerfect: true, Shown: 6},
	{Name: Kendall, Kinds: []Kind{Numbers}, OneIfPerfect: true},
	{Name: MSE, Kinds: []Kind{Numbers}, Smaller: true, Unbounded: true},
	{Name: TagAccuracy, Kinds: []Kind{Entities}, OneIfPerfect: true},
	{Name: BLEU, Kinds: []Kind{Texts}, Percent: true, Shown: 7},
	{Name: BLEU + Lowercase, Kinds: []Kind{Texts}, Percent: true},
	{Name: BLEU + "-" + TokenizeIntl, Kinds: []Kind{Texts}, Percent: true},
	{Name: BLEU + "-" + TokenizeZh, Kinds: []Kind{Texts}, Percent: true},
	{Name: BLEU + "-" + TokenizeChar, Kinds: []Kind{Texts}, Percent: true},
	{Name: BLEU + "-" + TokenizeNone, Kinds: []Kind{Texts}, Percent: true},
	{Name: ChrF, Kinds: []Kind{Texts}, Percent: true, Shown: 8},
	{Name: ChrFPlus, Kinds: []Kind{Texts}, Percent: true, Shown: 9},
	{Name: TER, Kinds: []Kind{Texts}, Percent: true, Smaller: true, Shown: 10},
	{Name: Rouge1, Kinds: []Kind{Texts}, Shown: 11},
	{Name: Rouge2, Kinds: []Kind{Texts}, Shown: 12},
	{Name: RougeL, Kinds: []Kind{Texts}, Shown: 13},
	{Name: RougeLsum, Kinds: []Kind{Texts}, Shown: 14},
	{Name: Rouge1 + Stemmed, Kinds: []Kind{Texts}},
	{Name: Rouge2 + Stemmed, Kinds: []Kind{Texts}},
	{Name: RougeL + Stemmed, Kinds: []Kind{Texts}},
	{Name: RougeLsum + Stemmed, Kinds: []Kind{Texts}},

	{Name: Loss, OfPlainText: true, Smaller: true, Unbounded: true, Shown: 17},
	{Name: Perplexity, OfPlainText: true, Smaller: true, Unbounded: true},
	{Name: LossPerByte, OfPlainText: true, Smaller: true, Unbounded: true},
	{Name: BitsPerByte, OfPlainText: true, Smaller: true, Unbounded: true, Shown: 18},
	{Name: TokenAccuracy, OfPlainText: true, Shown: 15},
	{Name: SpanAccuracy, OfPlainText: true, Shown: 16},
	{Name: Examples, IsCount: true},
	{Name: Tokens, IsCount: true},
	{Name: Bytes, IsCount: true},
}

// OwnName returns the name of a metric without that of the component of a mixture: accuracy of sst2/accuracy.
func OwnName(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// MetricOf returns what is known of a value by its name, which may be that of a component of a mixture.
func MetricOf(name string) Metric {
	own := OwnName(name)
	if i := slices.IndexFunc(metrics, func(m Metric) bool { return m.Name == own }); i >= 0 {
		return metrics[i]
	}
	return Metric{Name: own}
}

// metricNames returns the names of some metrics.
func metricNames(of func(Metric) bool) (names []string) {
	for _, m := range metrics {
		if of(m) {
			names = append(names, m.Name)
		}
	}
	return names
}

// AllMetrics lists the metrics of all tasks.
func AllMetrics() []string { return metricNames(func(m Metric) bool { return len(m.Kinds) > 0 }) }

// Metrics lists the metrics that a kind of answers can be measured by.
func (k Kind) Metrics() []string {
	return metricNames(func(m Metric) bool { return slices.Contains(m.Kinds, k) })
}

// TextValues lists the values of an evaluation on plain text by which checkpoints can be compared; spans reports
// whether its inputs have any.
func TextValues(spans bool) []string {
	return metricNames(func(m Metric) bool { return m.OfPlainText && (spans || m.Name != SpanAccuracy) })
}

// MetricNames returns the metrics of the task, the most important first: those of the spec, or else the usual ones.
func (s Spec) MetricNames() []string {
	g := s.general()
	switch {
	case len(s.Metrics) > 0:
		return s.Metrics
	case s.Rule == ReCoRD:
		return []string{SQuADScores}
	case g.metrics != nil && g.kind == s.Kind():
		return g.metrics
	}
	return slices.DeleteFunc(s.Kind().Metrics(), func(name string) bool {
		return name == GroupMatch && len(s.GroupColumns) == 0
	})
}

// Values lists the values that evaluations compare by for the task: those of its metrics, and loss and perplexity.
func (s Spec) Values() []string {
	var values []string
	for _, name := range s.MetricNames() {
		if m := MetricOf(name); m.Values != nil {
			values = append(values, m.Values...)
		} else {
			values = append(values, name)
		}
	}
	return append(values, Loss, Perplexity)
}

// Best is the value that decides by itself which checkpoint is the best: that of the first metric, but the loss where
// texts have to be exactly right, which a model in training may not get a single one of for long.
func (s Spec) Best() string {
	if first := s.Values()[0]; first != ExactMatch {
		return first
	}
	return Loss
}
