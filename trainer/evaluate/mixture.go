package evaluate

import (
	"context"
	"fmt"

	"t5train/data"
	"t5train/data/task"
	"t5train/internal/ui"
	"t5train/trainer/allreduce"
	"t5train/trainer/metric"
	"t5train/trainer/runlog"
)

// ComponentKey says where the component of a name stands in the configuration.
func ComponentKey(name string) string { return "data.mixture, " + name }

// MixtureSet are the held-out rows of several tasks.
type MixtureSet []Component

// Component is a task of a mixture.
type Component struct {
	Name string
	TaskSet
}

func (h MixtureSet) Len() int {
	n := 0
	for _, p := range h {
		n += p.Len()
	}
	return n
}

// Best implements [Set]: tasks have no other measure in common.
func (h MixtureSet) Best() string { return task.Loss }

// ComponentValues lists what evaluations of a component compare by.
func ComponentValues(name string, spec task.Spec) (values []string) {
	for _, v := range spec.Values() {
		values = append(values, name+"/"+v)
	}
	return values
}

// Seen returns what is known of all components. Their examples and labels are of different kinds, and left out.
func (h MixtureSet) Seen() runlog.Evaluation {
	var all runlog.Evaluation
	for _, p := range h {
		for _, c := range p.seen.Constants {
			values := make(map[string]float64, len(c.Values))
			for name, v := range c.Values {
				values[p.Name+"/"+name] = v
			}
			all.Constants = append(all.Constants, runlog.Constant{Component: p.Name, Answer: c.Answer, Values: values})
		}
		for _, n := range p.seen.Notes {
			all.Notes = append(all.Notes, ui.Note{Kind: n.Kind, Text: p.Name + ": " + n.Text})
		}
	}
	return all
}

func (h MixtureSet) SetGroup(g *allreduce.Group) {
	for _, p := range h {
		p.TaskSet.SetGroup(g)
	}
}

func (h MixtureSet) EachBatch(ctx context.Context, f func(*data.Batch) error) error {
	for _, p := range h {
		if err := p.TaskSet.EachBatch(ctx, f); err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	return nil
}

// Evaluate returns the loss and the perplexity of all target tokens together, and then the metrics of each component
// as component/metric.
func (h MixtureSet) Evaluate(ctx context.Context, done func(n int64)) (values []metric.Value, shown []string,
	err error) {
	var all metric.Loss
	before := int64(0)
	for _, p := range h {
		own, lines, err := p.TaskSet.Evaluate(ctx, func(n int64) { done(before + n) })
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		before += int64(p.Len())
		shown = append(shown, lines...)
		loss, tokens := 0.0, 0.0
		for _, v := range own {
			switch v.Name {
			case task.Loss:
				loss = v.Value
			case task.Tokens:
				tokens = v.Value
			}
			values = append(values, metric.Value{Name: p.Name + "/" + v.Name, Value: v.Value})
		}
		if tokens > 0 {
			all.Add(loss*tokens, int64(tokens))
		}
	}
	together := append([]metric.Value{{Name: task.Examples, Value: float64(h.Len())}}, all.Result()...)
	return append(together, values...), shown, nil
}
