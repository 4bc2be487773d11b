// Package texts measures predicted texts: by BLEU, chrF, TER, ROUGE, the scores of SQuAD, or exact match. A [Metric]
// knows how to score a pair of texts, and a [Total] adds pairs up:
//
//	bleu := texts.New(texts.BLEU{})
//	for ... {
//		err := bleu.Add(prediction, references)
//	}
//	for _, v := range bleu.Result() {
//		fmt.Println(v.Name, v.Value, bleu.Signature())
//	}
//
// [Of] has the metrics by the names under which they are asked for.
package texts

import (
	"errors"
	"fmt"
	"strconv"

	"t5train/trainer/metric"
)

// Metric measures a predicted text by numbers that add up over examples. Its methods are pure functions.
type Metric interface {
	// Statistics returns the numbers of one example, always as many. There is at least one reference: several are
	// all right, and the metric says how it chooses.
	Statistics(prediction string, references []string) []float64
	// Score returns the values of a set of examples, whose statistics add up to sum.
	Score(sum []float64) []metric.Value
	// Signature says how values were computed, in the form of sacrebleu where that computes them too. references is
	// their number per example, or "var" where it varies.
	Signature(references string) string
}

// Total adds up the statistics of predicted texts. It keeps those of each example, some 100 bytes, and no text.
type Total struct {
	metric     Metric
	rows       [][]float64
	sum        []float64
	references int // per example, -1 where it varies
}

// New returns a metric without examples.
func New(s Metric) *Total { return &Total{metric: s} }

// Add counts one example: a prediction and the texts that would be right.
func (t *Total) Add(prediction string, references []string) error {
	if len(references) == 0 {
		return errors.New("text metric: the example has no reference, want at least one")
	}
	if len(t.rows) == 0 {
		t.references = len(references)
	} else if t.references != len(references) {
		t.references = -1
	}
	row := t.metric.Statistics(prediction, references)
	t.rows = append(t.rows, row)
	t.sum = addTo(t.sum, row)
	return nil
}

// Len is the number of examples.
func (t *Total) Len() int { return len(t.rows) }

// Result returns the values of all examples; none without examples.
func (t *Total) Result() []metric.Value {
	if len(t.rows) == 0 {
		return nil
	}
	return t.metric.Score(t.sum)
}

// Sample returns the values of some examples, as [metric.Sampled] says.
func (t *Total) Sample(index []int) []metric.Value {
	if len(index) == 0 {
		return nil
	}
	sum := make([]float64, len(t.sum))
	for _, i := range index {
		addTo(sum, t.rows[i])
	}
	return t.metric.Score(sum)
}

// Signature says how the values were computed.
func (t *Total) Signature() string {
	if t.metric == nil {
		return ""
	}
	if t.references < 0 {
		return t.metric.Signature("var")
	}
	return t.metric.Signature(strconv.Itoa(t.references))
}

// Scores returns the values of a single example, for those who look for the best and worst ones.
func Scores(s Metric, prediction string, references []string) []metric.Value {
	if s == nil {
		return nil
	}
	return s.Score(s.Statistics(prediction, references))
}

// addTo adds a row to a sum, which a nil sum becomes a copy of.
func addTo(sum, row []float64) []float64 {
	if sum == nil {
		sum = make([]float64, len(row))
	}
	for k, v := range row {
		sum[k] += v
	}
	return sum
}

// sacrebleuVersion is the version whose numbers BLEU, ChrF and TER equal.
const sacrebleuVersion = "2.6.0"

// sacrebleuSignature frames the settings of a metric as sacrebleu does.
func sacrebleuSignature(references, settings string) string {
	return fmt.Sprintf("nrefs:%s|%s|version:%s", references, settings, sacrebleuVersion)
}

// yesNo is how sacrebleu writes a switch.
func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// caseName is how sacrebleu writes whether case counts.
func caseName(lowercase bool) string {
	if lowercase {
		return "lc"
	}
	return "mixed"
}
