package texts

import (
	"slices"
	"strings"

	"t5train/data/task"
	"t5train/trainer/metric"
)

// SQuAD is the exact match and the F1 of answers to questions (Rajpurkar et al. 2016, section 6.1), from 0 to 1: means
// over examples of the best that any reference gives.
//
// The statistics of an example are 1, whether it matches, and its F1.
type SQuAD struct {
	// Unanswerable has the F1 of SQuAD 2.0, where two empty answers agree: theirs is 1, not 0.
	Unanswerable bool
}

// Statistics implements [Metric].
func (s SQuAD) Statistics(prediction string, references []string) []float64 {
	row := []float64{1, 0, 0}
	for _, reference := range references {
		match := NormalizeAnswer(prediction) == NormalizeAnswer(reference)
		f1 := AnswerF1(prediction, reference)
		if s.Unanswerable && match {
			f1 = 1
		}
		if match {
			row[1] = 1
		}
		row[2] = max(row[2], f1)
	}
	return row
}

// Score returns exact_match and f1.
func (s SQuAD) Score(sum []float64) []metric.Value {
	return []metric.Value{
		{Name: task.ExactMatch, Value: metric.Ratio(sum[1], sum[0])},
		{Name: task.F1, Value: metric.Ratio(sum[2], sum[0])},
	}
}

// Signature implements [Metric].
func (s SQuAD) Signature(references string) string {
	version := "1.1"
	if s.Unanswerable {
		version = "2.0"
	}
	return "nrefs:" + references + "|squad:" + version
}

// NormalizeAnswer lowers the case of an answer and takes ASCII punctuation, articles and surplus white space away:
// normalize_answer of SQuAD's evaluate-v1.1.py. "The cat's  hat" becomes "cats hat".
func NormalizeAnswer(answer string) string {
	letters := strings.Map(func(r rune) rune {
		if r < 0x80 && isPunctuation(byte(r)) {
			return -1
		}
		return r
	}, lower(answer))
	return strings.Join(fields(withoutArticles(letters)), " ")
}

// withoutArticles puts a space in place of each word that is an article. A word is what \w+ finds: "the-cat" has two,
// and so has "a’s".
func withoutArticles(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		end := strings.IndexFunc(text, func(r rune) bool { return !isWord(r) })
		if end < 0 {
			end = len(text)
		}
		switch word := text[:end]; word {
		case "a", "an", "the":
			b.WriteByte(' ')
		default:
			b.WriteString(word)
		}
		text = text[end:]
		if end = strings.IndexFunc(text, isWord); end < 0 {
			end = len(text)
		}
		b.WriteString(text[:end])
		text = text[end:]
	}
	return b.String()
}

// AnswerF1 is the F1 of the words of two normalized answers, as bags: f1_score of SQuAD's evaluate-v1.1.py. It is 0 for
// answers without words.
func AnswerF1(prediction, reference string) float64 {
	p, r := words(fields(NormalizeAnswer(prediction))), words(fields(NormalizeAnswer(reference)))
	return metric.Ratio(2*float64(common(p.ngrams(1), r.ngrams(1))), float64(p.len()+r.len()))
}

// Exact is the part of the predictions that are a reference, byte by byte: sequence_accuracy of
// t5/evaluation/metrics.py, from 0 to 1.
//
// The statistics of an example are 1 and whether it is right.
type Exact struct{}

// Statistics implements [Metric].
func (Exact) Statistics(prediction string, references []string) []float64 {
	if slices.Contains(references, prediction) {
		return []float64{1, 1}
	}
	return []float64{1, 0}
}

// Score returns exact_match.
func (Exact) Score(sum []float64) []metric.Value {
	return []metric.Value{{Name: task.ExactMatch, Value: metric.Ratio(sum[1], sum[0])}}
}

// Signature implements [Metric].
func (Exact) Signature(references string) string { return "nrefs:" + references }
