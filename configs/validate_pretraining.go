package configs

import (
	"reflect"
	"slices"
	"strings"
)

// The objectives.
const (
	spanCorruption = "span_corruption"
	iid            = "iid"
	prefixLM       = "prefix_lm"
	lm             = "lm"
	ul2            = "ul2"
)

// problems reports the keys of other objectives than the chosen one.
func (o *Objective) problems() []problem {
	if !slices.Contains([]string{spanCorruption, iid, prefixLM, lm, ul2}, o.Name) {
		return nil // of an unknown objective nothing is foreign
	}
	var ps []problem
	for _, k := range []struct {
		path   string
		set    bool
		owners []string
	}{
		{"objective.density", o.Density != nil, []string{spanCorruption, iid, prefixLM}},
		{"objective.mean_span_length", o.MeanSpanLength != nil, []string{spanCorruption}},
		{"objective.final_sentinel", o.FinalSentinel != nil, []string{spanCorruption}},
		{"objective.mode_tokens", o.ModeTokens != nil, []string{ul2}},
		{"objective.sequential_rate", o.SequentialRate != nil, []string{ul2}},
	} {
		if k.set && !slices.Contains(k.owners, o.Name) {
			ps = append(ps, mistake(k.path, "is a key of %s, but objective.name is %s: remove it, or unset it with --set %s=null",
				strings.Join(k.owners, " and "), o.Name, k.path))
		}
	}
	return ps
}

// mixture checks every part of the mixture.
func (d *Data) mixture(kind string) []problem {
	var ps []problem
	if len(d.Mixture) == 0 {
		if d.MixtureCap > 0 {
			ps = append(ps, mistake("data.mixture_cap", "got %g, want none without data.mixture: remove it", d.MixtureCap))
		}
		if d.MixtureTemperature > 1 {
			ps = append(ps, mistake("data.mixture_temperature", "got %g, want none without data.mixture: remove it", d.MixtureTemperature))
		}
	}
	var names []string
	for i, p := range d.Mixture {
		bad := func(format string, args ...any) {
			ps = append(ps, mistake("data.mixture", "entry %d: "+format, append([]any{i + 1}, args...)...))
		}
		switch {
		case p.Name == "":
			bad("name: got nothing, want a name for messages, such as books")
		case slices.Contains(names, p.Name):
			bad("name: got %s, which another entry has: want another one", quote(p.Name))
		}
		names = append(names, p.Name)
		if len(p.Train) == 0 {
			bad("train: got nothing, want a list of parquet files, such as [train.parquet]")
		}
		for _, f := range partFields() {
			if v, ok := f.valueIn(reflect.ValueOf(p)); ok {
				if f.foreign(kind) && !f.unset(v) {
					bad("%s: is a key of %s, but this is %s: remove it", f.path, f.use, kind)
				}
				if wrong := f.check(v); wrong != "" {
					bad("%s: %s", f.path, wrong)
				}
			}
		}
		if kind == finetuning && p.Task == "text" {
			bad("task: got text, which is for pre-training, want a task such as classification")
			continue
		}
		for _, wrong := range p.problems() {
			bad("%s: %s", strings.TrimPrefix(wrong.keys[0], "task."), strings.ReplaceAll(strings.ReplaceAll(wrong.text, "task.name", "task"), "task.", ""))
		}
	}
	return ps
}

// AsTask returns the task of a part that is none of text.
func (p Part) AsTask() Task {
	return Task{
		Name: p.Task, Prefix: p.Prefix, TextColumns: p.TextColumns, Template: p.Template, LabelColumn: p.LabelColumn, Labels: p.Labels,
		TargetColumn: p.TargetColumn, TargetTemplate: p.TargetTemplate, SourceLanguage: p.SourceLanguage, TargetLanguage: p.TargetLanguage,
		Step: p.Step, Metrics: p.Metrics,
	}
}

// problems are those of the part's task. A corpus has at most a column.
func (p *Part) problems() []problem {
	if p.Task != "text" {
		t := p.AsTask()
		return t.problems()
	}
	var ps []problem
	t := p.AsTask()
	keys := append(taskKeys(&t), taskKey{"task.prefix", p.Prefix != nil}, taskKey{"task.template", p.Template != ""})
	for _, k := range keys {
		if k.set {
			ps = append(ps, mistake(k.path, "is a key of tasks, but task is text: remove it, or set task"))
		}
	}
	if len(p.TextColumns) > 1 {
		ps = append(ps, mistake("text_columns", "got %d columns, want one for text", len(p.TextColumns)))
	}
	return ps
}
