package metric

import (
	"errors"
	"fmt"
	"strconv"
)

// TextMetric measures a predicted text by numbers that add up over examples. Its methods are pure functions.
type TextMetric interface {
	// Statistics returns the numbers of one example, always as many. There is at least one reference: several are
	// all right, and the metric says how it chooses.
	Statistics(prediction string, references []string) []float64
	// Score returns the values of a set of examples, whose statistics add up to sum.
	Score(sum []float64) []Value
	// Signature says how values were computed, in the form of sacrebleu where that computes them too. references is
	// their number per example, or "var" where it varies.
	Signature(references string) string
}

// Text adds up the statistics of predicted texts. It keeps those of each example, some 100 bytes, and no text.
type Text struct {
	metric     TextMetric
	rows       [][]float64
	sum        []float64
	references int // per example, -1 where it varies
}

// NewText returns a metric without examples.
func NewText(s TextMetric) *Text { return &Text{metric: s} }

// Add counts one example: a prediction and the texts that would be right.
func (t *Text) Add(prediction string, references []string) error {
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
func (t *Text) Len() int { return len(t.rows) }

// Result returns the values of all examples; none without examples.
func (t *Text) Result() []Value {
	if len(t.rows) == 0 {
		return nil
	}
	return t.metric.Score(t.sum)
}

// Sample returns the values of some examples, as [Sampled] says.
func (t *Text) Sample(index []int) []Value {
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
func (t *Text) Signature() string {
	if t.metric == nil {
		return ""
	}
	if t.references < 0 {
		return t.metric.Signature("var")
	}
	return t.metric.Signature(strconv.Itoa(t.references))
}

// Scores returns the values of a single example, for those who look for the best and worst ones.
func Scores(s TextMetric, prediction string, references []string) []Value {
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
