package metric

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"t5train/data/task"
)

// Ratio is a/b, and 0 where there is nothing to divide by: zero_division=0 of scikit-learn.
func Ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// PRF is a precision, a recall and the F1 of both, from 0 to 1.
type PRF struct{ Precision, Recall, F1 float64 }

// NewPRF returns the scores of a number of hits: 0 where there is nothing to divide by.
func NewPRF(hits, predicted, expected int) PRF {
	precision, recall := Ratio(float64(hits), float64(predicted)), Ratio(float64(hits), float64(expected))
	return PRF{precision, recall, Ratio(2*precision*recall, precision+recall)}
}

// Map returns values by their names.
func Map(values []Value) map[string]float64 {
	m := make(map[string]float64, len(values))
	for _, v := range values {
		m[v.Name] = v.Value
	}
	return m
}

// Names returns the names of values, in their order.
func Names(values []Value) []string {
	var names []string
	for _, v := range values {
		names = append(names, v.Name)
	}
	return names
}

// Format writes the metrics that a person looks at in one line: of all data, then of each component of a mixture. Those
// named first come before the usual ones.
func Format(metrics map[string]float64, first ...string) string {
	place := func(name string) int {
		own := task.OwnName(name)
		if i := slices.Index(first, own); i >= 0 {
			return i - len(first)
		}
		return task.MetricOf(own).Shown
	}
	component := func(name string) string { return strings.TrimSuffix(name, task.OwnName(name)) }
	names := slices.SortedFunc(maps.Keys(metrics), func(a, b string) int {
		return cmp.Or(cmp.Compare(component(a), component(b)), cmp.Compare(place(a), place(b)))
	})
	var shown []string
	for _, name := range names {
		if place(name) != 0 {
			shown = append(shown, fmt.Sprintf("%s %.4f", name, metrics[name]))
		}
	}
	return strings.Join(shown, "  ")
}

// Better compares two values of a metric: of losses the smaller wins.
func Better(name string, value, best float64) bool {
	if task.MetricOf(name).Smaller {
		return value < best
	}
	return value > best
}
