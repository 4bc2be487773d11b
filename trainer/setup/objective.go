package setup

import (
	"t5train/configs"
	"t5train/data/objective"
)

// ObjectiveOf returns the objective of a resolved configuration.
func ObjectiveOf(c *configs.Config) objective.Config {
	o := c.Objective
	return objective.Config{
		Name: o.Name, InputLength: *o.InputLength, Density: valueOf(o.Density), MeanSpanLength: valueOf(o.MeanSpanLength),
		FinalSentinel: valueOf(o.FinalSentinel), ModeTokens: valueOf(o.ModeTokens), SequentialRate: valueOf(o.SequentialRate), Split: c.Data.Split,
	}
}

// valueOf returns what an option holds; zero if it is unset.
func valueOf[T any](option *T) (value T) {
	if option != nil {
		value = *option
	}
	return value
}
