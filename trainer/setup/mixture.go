package setup

import (
	"fmt"

	"t5train/configs"
	"t5train/data"
	"t5train/data/task"
	"t5train/internal/optional"
	"t5train/internal/ui"
	"t5train/trainer/evaluate"
)

// textTask is the task of a component of plain text, and the name of data.train alone.
const textTask = "text"

// Components returns what a run reads: the components of its mixture, or data.train alone, without a name where it is
// of a task.
func Components(c *configs.Config) []configs.Component {
	d := c.Data
	switch {
	case len(d.Mixture) > 0:
		return d.Mixture
	case c.Pretraining():
		return []configs.Component{textOf(textTask, d.Train, d.TextColumn)}
	}
	return []configs.Component{{Train: d.Train, Validation: d.Validation, Task: c.Task}}
}

// textOf is a component of plain text; column "" is found from the schema.
func textOf(name string, files []string, column string) configs.Component {
	p := configs.Component{Name: name, Train: files, Task: task.Spec{Name: textTask}}
	if column != "" {
		p.Task.TextColumns = []string{column}
	}
	return p
}

// keyOf returns where the configuration has a key of a component: data.train, or data.mixture, sst2, train.
func keyOf(c *configs.Config, p configs.Component, key string) string {
	if len(c.Data.Mixture) == 0 {
		return "data." + key
	}
	return evaluate.ComponentKey(p.Name) + ", " + key
}

// sourceKey returns where the configuration has what a component trains on.
func sourceKey(c *configs.Config, p configs.Component) string {
	if len(c.Data.Mixture) == 0 {
		return "data.train"
	}
	return evaluate.ComponentKey(p.Name)
}

// inComponent says in which component of a mixture something is wrong.
func inComponent(c *configs.Config, p configs.Component, err error) error {
	if len(c.Data.Mixture) == 0 {
		return err
	}
	return fmt.Errorf("%s: %w", evaluate.ComponentKey(p.Name), err)
}

// mix returns the mixture of the components of a configuration, each with its source, and says what is in it.
func mix(c *configs.Config, sources []data.Source, sink ui.Sink) (*data.Mixture, error) {
	components := make([]data.Component, len(sources))
	total := 0.0
	for i, p := range c.Data.Mixture {
		rate := optional.Value(p.MixingRate)
		if p.MixingRate == nil {
			var err error
			if rate, err = data.MixingRate(sources[i].Len(), c.Data.MixtureCap, c.Data.MixtureTemperature); err != nil {
				return nil, err
			}
		}
		components[i] = data.Component{Name: p.Name, Source: sources[i], Rate: rate}
		total += rate
	}
	mixture, err := data.NewMixture(components, uint64(c.Train.Seed))
	if err != nil {
		return nil, err
	}
	ui.Say(sink, "mixture", "%s examples an epoch", ui.Grouped(mixture.Len()))
	for _, t := range components {
		ui.Detail(sink, t.Name, "%s examples, %.1f %% of the mixture", ui.Grouped(t.Source.Len()), 100*t.Rate/total)
	}
	return mixture, nil
}
