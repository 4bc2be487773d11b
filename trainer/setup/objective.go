package setup

import (
	"t5train/configs"
	"t5train/data/objective"
	"t5train/internal/optional"
)

// ObjectiveOf returns the objective of a resolved configuration.
func ObjectiveOf(c *configs.Config) objective.Config {
	o := c.Objective
	return objective.Config{
		Name: o.Name, InputLength: *o.InputLength, Density: optional.Value(o.Density), MeanSpanLength: optional.Value(o.MeanSpanLength),
		FinalSentinel: optional.Value(o.FinalSentinel), ModeTokens: optional.Value(o.ModeTokens), SequentialRate: optional.Value(o.SequentialRate), Split: c.Data.Split,
	}
}
