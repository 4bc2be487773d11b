package setup

import (
	"context"
	"fmt"
	"strings"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/data"
	"t5train/data/task"
	"t5train/internal/ui"
	"t5train/model/kernel"
	"t5train/trainer/evaluate"
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

// readParts reads the tasks of a mixture and notes them in the bundle.
func readParts(ctx context.Context, c *configs.Config, b *checkpoints.Folder, w *kernel.Workers, sink ui.Sink) (*Datasets, error) {
	r := rowsReader{c, b, w.Threads(), sink}
	m, held := &Datasets{}, evaluate.MixtureSet{}
	b.Info.Tasks = map[string]task.Spec{}
	var sources []data.Source
	var all []openRows
	known := []string{task.Loss, task.Perplexity}
	for _, t := range TasksOf(c) {
		open, err := r.open(ctx, t)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", evaluate.PartKey(t.Part), err)
		}
		all = append(all, open)
		if open.heldOut != nil {
			known = append(known, evaluate.PartValues(t.Part, open.spec)...)
		}
	}
	if len(known) > 2 {
		if err := checkMetric(c.Eval.Metric, "mixture", known); err != nil {
			return nil, err
		}
	}
	for i, t := range TasksOf(c) {
		read, err := r.build(ctx, all[i], t.Part, t.Part+", validation")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", evaluate.PartKey(t.Part), err)
		}
		b.Info.Tasks[t.Part] = read.spec
		m.Notes = append(m.Notes, read.notes...)
		sources = append(sources, read.train)
		m.AddDigest(evaluate.PartKey(t.Part), read.train.Digest())
		if read.heldOut != nil {
			m.AddDigest(evaluate.PartKey(t.Part)+", validation", read.heldOut.Digest())
			evaluator := evaluate.NewEvaluator(b, read.spec, c.Data.MaxTargetLength, w)
			evaluator.Compared, _ = strings.CutPrefix(c.Eval.Metric, t.Part+"/")
			held = append(held, evaluate.Component{Name: t.Part, TaskSet: evaluate.TaskSet{Evaluator: evaluator, Examples: read.heldOut, BatchSize: c.Eval.BatchSize}})
		}
	}
	mixture, err := mix(c, sources, sink)
	if err != nil {
		return nil, err
	}
	m.Train = mixture
	if len(held) == 0 {
		ui.Say(sink, "", noValidation)
		return m, nil
	}
	m.HeldOut = held
	notes, err := evaluate.CheckCeilings(c, held, "")
	m.Notes = append(m.Notes, r.said(notes)...)
	return m, err
}
