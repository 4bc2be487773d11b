package trainer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"t5train/configs"
	"t5train/data"
	"t5train/data/task"
	"t5train/model/kernel"
	"t5train/trainer/allreduce"
	"t5train/trainer/metric"
	"t5train/trainer/record"
)

// mix returns the mixture of the parts of a configuration, each with its source, and says what is in it.
func mix(c *configs.Config, sources []data.Source, console *Console) (*data.Mixture, error) {
	tasks := make([]data.Task, len(sources))
	total := 0.0
	for i, p := range c.Data.Mixture {
		rate := valueOf(p.Rate)
		if p.Rate == nil {
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
	console.Say("mixture: %s examples an epoch", grouped(mixture.Len()))
	for _, t := range tasks {
		console.Say("  %s: %s examples, %.1f %% of the mixture", t.Name, grouped(t.Source.Len()), 100*t.Rate/total)
	}
	return mixture, nil
}

// readParts reads the tasks of a mixture and notes them in the bundle.
func readParts(ctx context.Context, c *configs.Config, b *Bundle, w *kernel.Workers, console *Console) (*material, error) {
	r := rowsReader{c, b, w.Threads(), console}
	m, held := &material{}, heldOutTasks{}
	b.Info.Tasks = map[string]task.Spec{}
	var sources []data.Source
	var all []openRows
	known := []string{"loss", "perplexity"}
	for _, t := range tasksOf(c) {
		open, err := r.open(ctx, t)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", partKey(t.part), err)
		}
		all = append(all, open)
		if open.heldOut != nil {
			known = append(known, partValues(t.part, open.spec)...)
		}
	}
	if len(known) > 2 {
		if err := checkMetric(c.Eval.Metric, "mixture", known); err != nil {
			return nil, err
		}
	}
	for i, t := range tasksOf(c) {
		read, err := r.build(ctx, all[i], t.part, t.part+", validation")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", partKey(t.part), err)
		}
		b.Info.Tasks[t.part] = read.spec
		m.notes = append(m.notes, read.notes...)
		sources = append(sources, read.train)
		m.note(partKey(t.part), read.train.Digest())
		if read.heldOut != nil {
			m.note(partKey(t.part)+", validation", read.heldOut.Digest())
			evaluator := NewEvaluator(b, read.spec, c.Data.MaxTargetLength, w)
			evaluator.Compared, _ = strings.CutPrefix(c.Eval.Metric, t.part+"/")
			held = append(held, heldOutTask{t.part, heldOutRows{evaluator, read.heldOut, c.Eval.BatchSize}})
		}
	}
	mixture, err := mix(c, sources, console)
	if err != nil {
		return nil, err
	}
	m.train = mixture
	if len(held) == 0 {
		console.Say(noValidation)
		return m, nil
	}
	m.heldOut = held
	notes, err := checkCeilings(c, held, "")
	m.notes = append(m.notes, r.said(notes)...)
	return m, err
}

// partKey says where the part of a name stands in the configuration.
func partKey(name string) string { return "data.mixture, " + name }

// heldOutTasks are the held-out rows of several tasks.
type heldOutTasks []heldOutTask

type heldOutTask struct {
	name string
	heldOutRows
}

func (h heldOutTasks) Len() int {
	n := 0
	for _, p := range h {
		n += p.Len()
	}
	return n
}

// Best implements heldOut: tasks have no other measure in common.
func (h heldOutTasks) Best() string { return "loss" }

// partValues lists what evaluations of a part compare by.
func partValues(name string, spec task.Spec) (values []string) {
	for _, v := range spec.Values() {
		values = append(values, name+"/"+v)
	}
	return values
}

// exhibit returns what is known of all parts. Their examples and labels are of different kinds, and left out.
func (h heldOutTasks) exhibit() record.Evaluation {
	var all record.Evaluation
	for _, p := range h {
		for _, c := range p.seen.Constants {
			values := make(map[string]float64, len(c.Values))
			for name, v := range c.Values {
				values[p.name+"/"+name] = v
			}
			all.Constants = append(all.Constants, record.Constant{Part: p.name, Answer: c.Answer, Values: values})
		}
		for _, n := range p.seen.Notes {
			all.Notes = append(all.Notes, record.Note{Kind: n.Kind, Text: p.name + ": " + n.Text})
		}
	}
	return all
}

func (h heldOutTasks) setGroup(g *allreduce.Group) {
	for _, p := range h {
		p.heldOutRows.setGroup(g)
	}
}

func (h heldOutTasks) eachBatch(ctx context.Context, f func(*data.Batch) error) error {
	for _, p := range h {
		if err := p.heldOutRows.eachBatch(ctx, f); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

// Evaluate returns the loss and the perplexity of all target tokens together, and then the metrics of each part as
// part/metric.
func (h heldOutTasks) Evaluate(ctx context.Context, done func(n int64)) (values []metric.Value, shown []string, err error) {
	var all metric.Loss
	before := int64(0)
	for _, p := range h {
		own, lines, err := p.heldOutRows.Evaluate(ctx, func(n int64) { done(before + n) })
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", p.name, err)
		}
		before += int64(p.Len())
		shown = append(shown, lines...)
		loss, tokens := 0.0, 0.0
		for _, v := range own {
			switch v.Name {
			case "loss":
				loss = v.Value
			case "tokens":
				tokens = v.Value
			}
			values = append(values, metric.Value{Name: p.name + "/" + v.Name, Value: v.Value})
		}
		if tokens > 0 {
			all.Add(loss*tokens, int64(tokens))
		}
	}
	together := append([]metric.Value{{Name: "examples", Value: float64(h.Len())}}, all.Result()...)
	return append(together, values...), shown, nil
}

// ChooseTask makes a checkpoint that was trained on several tasks one of the part of that name. A checkpoint of one task
// has no parts: name is empty. So it may be for one that is pre-trained, which then is one of its objective.
func (b *Bundle) ChooseTask(name string) error {
	names := strings.Join(slices.Sorted(maps.Keys(b.Info.Tasks)), ", ")
	switch spec, ok := b.Info.Tasks[name]; {
	case ok:
		b.Info.Task = &spec
		if b.Info.Objective != nil {
			b.Info.MaxInputLength, b.Info.MaxTargetLength = b.Info.TaskMaxInput, b.Info.TaskMaxTarget
		}
		return nil
	case name == "" && (len(b.Info.Tasks) == 0 || b.Info.Objective != nil):
		return nil
	case name == "":
		return fmt.Errorf("choose a task: the checkpoint was trained on several, %s: name one with --part", names)
	case names == "" && b.Info.Objective != nil:
		return errors.New("choose a task: the checkpoint remembers no tasks of its pre-training: leave out --part, or name a task with --task")
	case names == "":
		return errors.New("choose a task: the checkpoint was not trained on a mixture of tasks: leave out --part")
	}
	return fmt.Errorf("choose a task: the checkpoint has no part %q: it has %s", name, names)
}
