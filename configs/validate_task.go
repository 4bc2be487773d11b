package configs

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"t5train/data/task"
)

// task checks the section task. A mixture for fine-tuning has its tasks in its entries.
func (c *Config) task(kind string) []problem {
	if kind == pretraining || len(c.Data.Mixture) == 0 {
		return taskProblems(c.Task)
	}
	const ownKeys = "got %s, want it unset with data.mixture, whose entries have keys of their own: move it there"
	var ps []problem
	for key, v := range setKeys(taskFields(), c.Task) {
		ps = append(ps, mistake(key.path, ownKeys, show(v)))
	}
	if len(c.Data.Validation) > 0 {
		ps = append(ps, mistake("data.validation",
			"got %s, want none with data.mixture: give each entry its validation", c.Data.Validation))
	}
	return ps
}

func taskProblems(t task.Spec) (ps []problem) {
	for _, m := range t.Mistakes() {
		ps = append(ps, mistake("task."+m.Key, "%s", m.Text))
	}
	if task.Has(t.Name, "target_template") && t.TargetTemplate == "" == (t.TargetColumn == "") {
		keys := []string{"task.target_template", "task.target_column"}
		ps = append(ps, problem{keys: keys, text: "want exactly one of them"})
	}
	return ps
}

// mixture checks every component of the mixture.
func (c *Config) mixture(kind string) []problem {
	d := &c.Data
	var ps []problem
	if len(d.Mixture) == 0 {
		const without = "got %g, want none without data.mixture: remove it"
		if d.MixtureCap > 0 {
			ps = append(ps, mistake("data.mixture_cap", without, d.MixtureCap))
		}
		if d.MixtureTemperature > 1 {
			ps = append(ps, mistake("data.mixture_temperature", without, d.MixtureTemperature))
		}
	}
	hasVectors := func(p Component) bool { return p.VectorColumn != "" }
	if c.Objective.VectorWeight != nil && !slices.ContainsFunc(d.Mixture, hasVectors) {
		ps = append(ps, mistake("objective.vector_weight",
			"got %g, but no component of data.mixture has a vector_column: remove it, or name one",
			*c.Objective.VectorWeight))
	}
	var names []string
	for i, p := range d.Mixture {
		bad := func(key, format string, args ...any) {
			text := fmt.Sprintf("entry %d: %s: ", i+1, key) + fmt.Sprintf(format, args...)
			ps = append(ps, problem{keys: []string{"data.mixture"}, text: text})
		}
		switch {
		case p.Name == "":
			bad("name", "got nothing, want a name for messages, such as books")
		case slices.Contains(names, p.Name):
			bad("name", "got %s, which another entry has: want another one", quote(p.Name))
		}
		names = append(names, p.Name)
		if len(p.Train) == 0 {
			bad("train", "got nothing, want a list of parquet files, such as [train.parquet]")
		}
		for _, f := range componentFields() {
			v, ok := f.valueIn(reflect.ValueOf(p))
			if !ok {
				continue
			}
			if f.foreign(kind) && !f.unset(v) {
				bad(f.path, "is a key of %s, but this is %s: remove it", f.use, kind)
			}
			if wrong := f.check(v); wrong != "" {
				bad(f.path, "%s", wrong)
			}
		}
		switch {
		case p.Task.Name != textTask:
			if p.VectorColumn != "" && kind == pretraining {
				bad("vector_column", "got %s, which is for text, but task is %s: remove one", quote(p.VectorColumn),
					p.Task.Name)
			}
			for _, wrong := range taskProblems(p.Task) {
				text := strings.ReplaceAll(wrong.text, "task.name", "task")
				bad(strings.TrimPrefix(wrong.keys[0], "task."), "%s", strings.ReplaceAll(text, "task.", ""))
			}
		case kind == finetuning:
			bad("task", "got text, which is for pre-training, want a task such as classification")
		default:
			p.textProblems(bad)
		}
	}
	return ps
}

// textProblems are those of a corpus, which has a column at most.
func (p Component) textProblems(bad func(key, format string, args ...any)) {
	for f := range setKeys(componentFields(), p) {
		if f.owner == reflect.TypeFor[task.Spec]() && f.path != "text_columns" && f.use == "" {
			bad(f.path, "is a key of tasks, but task is text: remove it, or set task")
		}
	}
	if n := len(p.Task.TextColumns); n > 1 {
		bad("text_columns", "got %d columns, want one for text", n)
	}
}

// isText reports whether a component is of plain text.
func (p Component) isText() bool { return p.Task.Name == "" || p.Task.Name == textTask }

// isEvaluated reports whether a component has data to evaluate on.
func isEvaluated(p Component) bool { return len(p.Validation) > 0 }
