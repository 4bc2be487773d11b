package setup

import (
	"slices"

	"t5train/configs"
	"t5train/data/task"
)

// ShownFirst returns the metrics that a configuration names.
func ShownFirst(c *configs.Config) []string {
	if c == nil {
		return nil
	}
	first := slices.Clone(c.Task.Metrics)
	for _, p := range c.Data.Mixture {
		first = append(first, p.Task.Metrics...)
	}
	return append(first, task.OwnName(c.Eval.Metric))
}
