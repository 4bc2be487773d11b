package setup

import (
	"t5train/configs"
	"t5train/data"
	"t5train/internal/ui"
)

// mix returns the mixture of the parts of a configuration, each with its source, and says what is in it.
func mix(c *configs.Config, sources []data.Source, sink ui.Sink) (*data.Mixture, error) {
	tasks := make([]data.Task, len(sources))
	total := 0.0
	for i, p := range c.Data.Mixture {
		rate := valueOf(p.MixingRate)
		if p.MixingRate == nil {
			var err error
			proportion := data.Proportion{Cap: c.Data.MixtureCap, Temperature: c.Data.MixtureTemperature}
			if rate, err = proportion.Rate(sources[i].Len(), 1); err != nil {
				return nil, err
			}
		}
		tasks[i] = data.Task{Name: p.Name, Source: sources[i], Rate: rate}
		total += rate
	}
	mixture, err := data.NewMixture(tasks, uint64(c.Train.Seed))
	if err != nil {
		return nil, err
	}
	ui.Say(sink, "mixture", "%s examples an epoch", ui.Grouped(mixture.Len()))
	for _, t := range tasks {
		ui.Detail(sink, t.Name, "%s examples, %.1f %% of the mixture", ui.Grouped(t.Source.Len()), 100*t.Rate/total)
	}
	return mixture, nil
}
