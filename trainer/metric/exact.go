package metric

import "slices"

// Exact is the part of the predictions that are a reference, byte by byte: sequence_accuracy of t5/evaluation/metrics.py,
// from 0 to 1.
//
// The statistics of an example are 1 and whether it is right.
type Exact struct{}

// Statistics implements [Scorer].
func (Exact) Statistics(prediction string, references []string) []float64 {
	if slices.Contains(references, prediction) {
		return []float64{1, 1}
	}
	return []float64{1, 0}
}

// Score returns exact_match.
func (Exact) Score(sum []float64) []Value {
	return []Value{{"exact_match", ratio(sum[1], sum[0])}}
}

// Signature implements [Scorer].
func (Exact) Signature(references string) string { return "nrefs:" + references }
