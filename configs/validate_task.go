package configs

import (
	"reflect"
	"slices"
	"strings"

	"t5train/data/task"
	"t5train/internal/nearest"
)

// taskKeys are the keys that only some tasks have, which are for package task to say.
func taskKeys(t *Task) []taskKey {
	return []taskKey{
		{"task.label_column", t.LabelColumn != ""},
		{"task.labels", t.Labels != nil},
		{"task.target_column", t.TargetColumn != ""},
		{"task.target_template", t.TargetTemplate != ""},
		{"task.source_language", t.SourceLanguage != ""},
		{"task.target_language", t.TargetLanguage != ""},
		{"task.step", t.Step != nil},
	}
}

type taskKey struct {
	path string
	set  bool
}

// task checks the section task. A mixture for fine-tuning has its tasks in its entries.
func (c *Config) task(kind string) []problem {
	if kind == pretraining || len(c.Data.Mixture) == 0 {
		return c.Task.problems()
	}
	var ps []problem
	for _, f := range fields() {
		v, ok := f.value(c)
		if ok && f.owner == reflect.TypeFor[Task]() && !f.unset(v) {
			ps = append(ps, mistake(f.path, "got %s, want it unset with data.mixture, whose entries have keys of their own: move it there", show(v)))
		}
	}
	if len(c.Data.Validation) > 0 {
		ps = append(ps, mistake("data.validation", "got %s, want none with data.mixture: give each entry its validation", show(reflect.ValueOf(c.Data.Validation))))
	}
	return ps
}

func (t *Task) problems() []problem {
	if !task.Known(t.Name) {
		return t.columnProblems() // of an unknown task nothing is foreign
	}
	var ps []problem
	general := slices.Contains(task.General(), t.Name)
	for _, k := range taskKeys(t) {
		if key := strings.TrimPrefix(k.path, "task."); k.set && !task.Has(t.Name, key) {
			ps = append(ps, mistake(k.path, "is a key of %s, but task.name is %s: remove it", strings.Join(task.Owners(key), ", "), quote(t.Name)))
		}
	}
	switch {
	case t.Template != "" && !general:
		ps = append(ps, mistake("task.template", "got %s, but %s has the input of T5: remove it, or set task.name to %s",
			quote(t.Template), t.Name, task.Base(t.Name)))
	case t.Template != "" && t.TextColumns != nil:
		ps = append(ps, mistake("task.text_columns", "got a list, want none beside task.template, which names the columns: remove it"))
	case t.Template != "":
		if _, err := task.TemplateColumns(t.Template); err != nil {
			ps = append(ps, mistake("task.template", "%v", err))
		}
	case t.Name == task.Template:
		ps = append(ps, mistake("task.template", `got nothing, want the input with columns in braces, such as "question: {question} context: {context}"`))
	}
	if t.TargetTemplate != "" {
		if _, err := task.TemplateColumns(t.TargetTemplate); err != nil {
			ps = append(ps, mistake("task.target_template", "%v", err))
		}
	}
	if t.Name == task.Template && t.TargetTemplate == "" == (t.TargetColumn == "") {
		ps = append(ps, problem{keys: []string{"task.target_template", "task.target_column"}, text: "want exactly one of them"})
	}
	if t.SourceLanguage != "" && t.SourceLanguage == t.TargetLanguage {
		ps = append(ps, mistake("task.target_language", "got %s, which is task.source_language too, want two languages", quote(t.TargetLanguage)))
	}
	if known := task.MetricsOf(t.Name); known != nil {
		for _, m := range t.Metrics {
			if !slices.Contains(known, m) {
				ps = append(ps, mistake("task.metrics", "got %s, want some of %s for %s%s", quote(m), strings.Join(known, ", "), t.Name, nearest.DidYouMean(m, known, ": ")))
			}
		}
	}
	if n := len(t.TextColumns); n > 1 && slices.Contains([]string{task.NER, task.Translation, task.Summarization, task.Seq2Seq}, t.Name) {
		ps = append(ps, mistake("task.text_columns", "got %d columns, want one for %s, or a task.template that has them all", n, t.Name))
	}
	return append(ps, t.columnProblems()...)
}

// columnProblems are those of lists that no task may have.
func (t *Task) columnProblems() []problem {
	var ps []problem
	if twice := repeated(t.TextColumns); twice != "" {
		ps = append(ps, mistake("task.text_columns", "got %s twice, want every column once", twice))
	}
	if twice := repeated(t.Metrics); twice != "" {
		ps = append(ps, mistake("task.metrics", "got %s twice, want every metric once", twice))
	}
	if twice := repeated(t.Labels); twice != "" {
		ps = append(ps, mistake("task.labels", "got %s twice, want every label once", twice))
	}
	if len(t.Labels) == 1 && task.Base(t.Name) != task.NER {
		ps = append(ps, mistake("task.labels", "got 1 label, want at least 2"))
	}
	if t.LabelColumn != "" && slices.Contains(t.TextColumns, t.LabelColumn) {
		ps = append(ps, mistake("task.label_column",
			"got %s, which is in task.text_columns too: the answer would be in the input", quote(t.LabelColumn)))
	}
	if t.TargetColumn != "" && slices.Contains(t.TextColumns, t.TargetColumn) {
		ps = append(ps, mistake("task.target_column",
			"got %s, which is in task.text_columns too: the answer would be in the input", quote(t.TargetColumn)))
	}
	return ps
}

// repeated returns the first text that a list holds twice, quoted, or "".
func repeated(list []string) string {
	for i, s := range list {
		if slices.Contains(list[:i], s) {
			return quote(s)
		}
	}
	return ""
}
