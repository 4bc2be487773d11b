package setup

import (
	"slices"

	"t5train/configs"
	"t5train/data"
	"t5train/data/task"
	"t5train/internal/ui"
)

// uneven is the share of the most frequent label from which accuracy does not choose the best checkpoint: that answer
// alone is right twice as often as wrong, which is more than most models reach early in their training.
const uneven = 2.0 / 3

// metricOfUneven returns the metric that chooses the best checkpoint of a classification whose labels are so uneven
// that always answering the most frequent one has a high accuracy, and says so. It is "" for any other task, and where
// metrics are asked for.
func (r rowsReader) metricOfUneven(spec task.Spec, train *data.Examples) string {
	if spec.Name != task.Classification || len(spec.Metrics) > 0 || spec.Best() != task.Accuracy {
		return ""
	}
	counts := train.CountLabels(len(spec.Labels))
	most := slices.Max(counts)
	share := float64(most) / float64(train.Len())
	if share <= uneven || most == train.Len() { // where all are the same no metric helps
		return ""
	}
	ui.Say(r.sink, "metric", "%s chooses the best checkpoint, for %.0f %% of the rows to train on are %.80q, so that "+
		"accuracy says little (another with eval.metric)", task.F1Macro, 100*share,
		spec.Labels[slices.Index(counts, most)].Name)
	return task.F1Macro
}

// ShownFirst returns the metrics that a configuration names, and the one that chooses the best checkpoint, if it is
// none that a person is shown anyway.
func ShownFirst(c *configs.Config, chooses string) []string {
	if c == nil {
		return nil
	}
	first := slices.Clone(c.Task.Metrics)
	for _, p := range c.Data.Mixture {
		first = append(first, p.Task.Metrics...)
	}
	first = append(first, task.OwnName(c.Eval.Metric))
	if c.Eval.Metric == "" && task.MetricOf(chooses).Shown == 0 {
		first = append(first, chooses)
	}
	return first
}
