package report

import (
	"maps"
	"math"
	"slices"
	"strings"
	"unicode"

	"t5train/data/task"
)

// Chart is a value of all runs over each other.
type Chart struct {
	ID     string `json:"id"`     // names the file of its plot: train-loss
	Title  string `json:"title"`  //
	Unit   string `json:"unit"`   //
	Lines  string `json:"lines"`  // which of a run's: "train" or "eval"
	Value  string `json:"value"`  // the column
	Group  string `json:"group"`  // what it stands under
	Smooth bool   `json:"smooth"` // its points are noisy
	Wide   bool   `json:"wide"`   // its values are of many sizes, so that a logarithmic scale may help
}

// The groups of charts, in order.
const (
	results      = "Loss and metrics"
	optimisation = "Optimisation"
	machine      = "Machine"
	others       = "More metrics"
)

// known are the charts that have a title of their own, in order. Other metrics come behind them.
var known = [...]Chart{
	{"train-loss", "Training loss", "nats per token", "train", "loss", results, true, true},
	{"validation-loss", "Validation loss", "nats per token", "eval", "loss", results, false, true},
	{"accuracy", "Accuracy", "validation", "eval", "accuracy", results, false, false},
	{"f1", "F1", "validation", "eval", "f1", results, false, false},
	{"bits-per-byte", "Bits per byte", "validation", "eval", "bits_per_byte", results, false, true},
	{"token-accuracy", "Token accuracy", "validation", "eval", "token_accuracy", results, false, false},
	{"span-accuracy", "Spans filled exactly", "validation", "eval", "span_accuracy", results, false, false},
	{"bleu", "BLEU", "validation", "eval", "bleu", results, false, false},
	{"chrf", "chrF", "validation", "eval", "chrf", results, false, false},
	{"rouge1", "ROUGE-1", "validation", "eval", "rouge1", results, false, false},
	{"rouge2", "ROUGE-2", "validation", "eval", "rouge2", results, false, false},
	{"rouge-l", "ROUGE-L", "validation", "eval", "rougeL", results, false, false},
	{"exact-match", "Exact match", "validation", "eval", "exact_match", results, false, false},
	{"matthews", "Matthews correlation", "validation", "eval", "matthews_correlation", others, false, false},
	{"pearson", "Pearson correlation", "validation", "eval", "pearson", results, false, false},
	{"spearman", "Spearman correlation", "validation", "eval", "spearman", results, false, false},
	{"learning-rate", "Learning rate", "", "train", "learning_rate", optimisation, false, true},
	{"gradient-norm", "Gradient norm", "before clipping", "train", "grad_norm", optimisation, true, true},
	{"throughput", "Throughput", "tokens per second", "train", "tokens_per_second", machine, false, false},
	{"peak-share", "Matrix products", "% of the measured peak", "train", "fma_peak_share", machine, false, false},
	{"memory", "Peak memory", "MB", "train", "peak_memory_mb", machine, false, false},
}

// partOf cuts a metric of a part of a mixture, sst2/accuracy, into the part and the metric's own name.
func partOf(name string) (part, own string) {
	at := strings.LastIndexByte(name, '/')
	return name[:max(0, at)], name[at+1:]
}

// chartsOf returns the charts that runs have values for. The metrics by which their checkpoints are chosen are among
// the results, whatever they are.
func chartsOf(runs []*Run) []Chart {
	var charts []Chart
	metrics := make(map[string]bool)
	for _, r := range runs {
		for name, column := range r.Eval.Values {
			if !task.MetricOf(name).IsCount && column.any() {
				metrics[name] = true
			}
		}
	}
	for _, c := range known {
		if c.Lines == "eval" && metrics[c.Value] || c.Lines == "train" && slices.ContainsFunc(runs,
			func(r *Run) bool { return r.Train.Values[c.Value].any() }) {
			charts = append(charts, c)
		}
		if c.Lines == "eval" {
			delete(metrics, c.Value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(metrics)) {
		charts = append(charts, metricChart(name))
	}
	for i, c := range charts {
		if c.Lines == "eval" && slices.ContainsFunc(runs, func(r *Run) bool { return r.Metric == c.Value }) {
			charts[i].Group = results
		}
	}
	order := []string{results, optimisation, machine, others}
	slices.SortStableFunc(charts, func(a,
		b Chart) int {
		return slices.Index(order, a.Group) - slices.Index(order, b.Group)
	})
	return charts
}

// metricChart is the chart of a metric that has none of its own, or is one of a part of a mixture.
func metricChart(name string) Chart {
	part, own := partOf(name)
	for _, c := range known {
		if part != "" && c.Lines == "eval" && c.Value == own {
			c.ID, c.Title, c.Value = "metric-"+slug(name), c.Title+" of "+part, name
			return c
		}
	}
	return Chart{ID: "metric-" + slug(name), Title: name, Unit: "validation", Lines: "eval", Value: name, Group: others,
		Wide: own == "perplexity"}
}

// slug returns a name that is a part of a file's name everywhere.
func slug(name string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return unicode.ToLower(r)
		}
		return '-'
	}, name)
}

// any reports whether a column holds a number.
func (n Numbers) any() bool {
	return slices.ContainsFunc(n, func(v Number) bool { return !math.IsNaN(float64(v)) })
}

// shortRun is up to how many points of a curve smoothing hides more than it shows.
const shortRun = 100

// AreShort reports whether the curves of runs have so few points that they are to be seen as they are.
func AreShort(runs []*Run) bool {
	return !slices.ContainsFunc(runs, func(r *Run) bool { return len(r.Train.Step) > shortRun })
}

// lines returns the lines of a run that a chart shows.
func (r *Run) lines(c Chart) Lines {
	if c.Lines == "train" {
		return r.Train
	}
	return r.Eval
}
