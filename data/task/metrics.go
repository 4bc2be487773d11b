package task

import (
	"fmt"
	"slices"
	"strings"

	"t5train/internal/nearest"
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

// What may follow the name of a metric of texts.
const (
	Stemmed   = "-stem" // of rouge1 and its like: words are compared by their stems
	Lowercase = "-lc"   // of bleu: case does not count
)

// BLEUTokenizers are the ways to cut texts into tokens, besides that of bleu itself, of which bleu-intl and its like have
// one each, by the names of sacrebleu.
func BLEUTokenizers() []string { return []string{"intl", "zh", "char", "none"} }

// textMetrics lists the metrics of texts.
func textMetrics() []string {
	names := []string{ExactMatch, SQuADScores, F1, BLEU, BLEU + Lowercase}
	for _, tokenizer := range BLEUTokenizers() {
		names = append(names, BLEU+"-"+tokenizer)
	}
	names = append(names, ChrF, ChrFPlus, TER)
	for _, stem := range []string{"", Stemmed} {
		for _, rouge := range []string{Rouge1, Rouge2, RougeL, RougeLsum} {
			names = append(names, rouge+stem)
		}
	}
	return names
}

// Metrics lists the metrics that a kind of answers can be held to.
func (k Kind) Metrics() []string {
	switch k {
	case Labels:
		return []string{Accuracy, F1, F1Macro, F1Micro, F1Weighted, Precision, PrecisionMacro, Recall, RecallMacro, Matthews, GroupMatch}
	case Numbers:
		return []string{Pearson, Spearman, Kendall, MSE}
	case Entities:
		return []string{Seqeval, F1, Precision, Recall, F1Macro, F1Weighted, TagAccuracy}
	case Referents:
		return []string{Accuracy}
	default:
		return textMetrics()
	}
}

// MetricNames returns the metrics of the task, the most important first: those of the spec, or else the usual ones.
func (s Spec) MetricNames() []string {
	if len(s.Metrics) > 0 {
		return s.Metrics
	}
	switch s.Kind() {
	case Labels:
		names := s.Kind().Metrics()
		if len(s.GroupColumns) == 0 {
			names = slices.DeleteFunc(names, func(name string) bool { return name == GroupMatch })
		}
		return names
	case Numbers, Referents:
		return s.Kind().Metrics()
	case Entities:
		return []string{Seqeval}
	}
	switch {
	case s.Name == Translation:
		return []string{BLEU, ChrF}
	case s.Name == Summarization:
		return []string{Rouge1, Rouge2, RougeL, RougeLsum}
	case s.Name == QuestionAnswering || s.Rule == ReCoRD:
		return []string{SQuADScores}
	default:
		return []string{ExactMatch}
	}
}

// Values lists the values that evaluations compare by for the task: those of its metrics, and loss and perplexity.
func (s Spec) Values() []string {
	var values []string
	for _, name := range s.MetricNames() {
		switch name {
		case SQuADScores:
			values = append(values, F1, ExactMatch)
		case Seqeval:
			values = append(values, F1, Precision, Recall, F1Macro, F1Weighted, TagAccuracy)
		default:
			values = append(values, name)
		}
	}
	return append(values, "loss", "perplexity")
}

// Best is the value that decides by itself which checkpoint is the best: that of the first metric, but the loss where texts
// have to be exactly right, which a model in training may not get a single one of for long.
func (s Spec) Best() string {
	switch name := s.MetricNames()[0]; name {
	case SQuADScores, Seqeval:
		return F1
	case ExactMatch:
		return "loss"
	default:
		return name
	}
}

// checkMetrics wants names that the kind of answers has.
func (s Spec) checkMetrics() []error {
	known := s.Kind().Metrics()
	values := s.Values()
	for i, name := range values {
		if slices.Contains(values[:i], name) {
			return []error{fmt.Errorf("task: metrics %s give %s twice, want it once",
				strings.Join(s.Metrics, ", "), name)}
		}
	}
	for _, name := range s.Metrics {
		switch {
		case !slices.Contains(known, name):
			return []error{fmt.Errorf("task: metric %q is not for %s, want some of %s%s",
				name, s.Name, strings.Join(known, ", "), nearest.DidYouMean(name, known, ": "))}
		case name == GroupMatch && len(s.GroupColumns) == 0:
			return []error{fmt.Errorf("task: metric %s is for tasks whose rows are in groups, such as "+
				"super_glue/multirc: leave it out", name)}
		}
	}
	return nil
}
