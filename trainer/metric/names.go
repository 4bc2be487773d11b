package metric

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"t5train/data/task"
)

func Map(values []Value) map[string]float64 {
	m := make(map[string]float64, len(values))
	for _, v := range values {
		m[v.Name] = v.Value
	}
	return m
}

func Names(values []Value) []string {
	var names []string
	for _, v := range values {
		names = append(names, v.Name)
	}
	return names
}

// headline lists the metrics that a person looks at first, of all tasks and objectives. The loss says what the perplexity
// does.
func headline() []string {
	return []string{
		task.Accuracy, task.F1, task.ExactMatch, task.GroupMatch, task.Pearson, task.Spearman, task.BLEU, task.ChrF, task.ChrFPlus, task.TER,
		task.Rouge1, task.Rouge2, task.RougeL, task.RougeLsum, "token_accuracy", "span_accuracy", "loss", "bits_per_byte",
	}
}

// Format writes the metrics that a person looks at in one line: of all data, then of each part of a mixture. Those
// named first come before the usual ones.
func Format(metrics map[string]float64, first ...string) string {
	order := slices.Concat(first, headline())
	place := func(name string) int { return slices.Index(order, OwnName(name)) }
	part := func(name string) string { return strings.TrimSuffix(name, OwnName(name)) }
	names := slices.SortedFunc(maps.Keys(metrics), func(a, b string) int {
		return cmp.Or(cmp.Compare(part(a), part(b)), cmp.Compare(place(a), place(b)))
	})
	var shown []string
	for _, name := range names {
		if place(name) >= 0 {
			shown = append(shown, fmt.Sprintf("%s %.4f", name, metrics[name]))
		}
	}
	return strings.Join(shown, "  ")
}

// Better compares two values of a metric: of losses the smaller wins.
func Better(name string, value, best float64) bool {
	switch OwnName(name) {
	case "loss", "perplexity", "loss_per_byte", "bits_per_byte", "ter", "mse":
		return value < best
	default:
		return value > best
	}
}

// OwnName returns the name of a metric without that of the part of a mixture that it is of: accuracy of sst2/accuracy.
func OwnName(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }
