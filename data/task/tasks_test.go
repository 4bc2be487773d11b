package task

import (
	"reflect"
	"slices"
	"testing"
)

// TestGeneralTasks checks the table of tasks: keys are those of [Spec], and what a task usually has is a valid spec
// with keys of its own.
func TestGeneralTasks(t *testing.T) {
	var keys []string
	for f := range reflect.TypeFor[Spec]().Fields() {
		keys = append(keys, f.Tag.Get("yaml"))
	}
	for _, g := range generals {
		for _, key := range g.keys {
			if key == "" || !slices.Contains(keys, key) || slices.Contains(Owners(key), g.name) != Has(g.name, key) {
				t.Errorf("%s: %q is no key of a task, or has other owners, %q", g.name, key, Owners(key))
			}
		}
		s := g.usual
		s.Name = g.name
		if g.labels != nil {
			list := g.labels.of(&s)
			for _, text := range []string{"a", "b"}[:g.labels.least] {
				*list = append(*list, Label{Name: text, Text: text})
			}
		}
		if g.columns == 0 && Has(g.name, "target_template") {
			s.Template = "{text}"
		}
		if err := s.Validate(); err != nil {
			t.Errorf("%s: %v", g.name, err)
		}
		for _, column := range [][2]string{{"label_column", s.LabelColumn}, {"target_column", s.TargetColumn}} {
			if Has(g.name, column[0]) != (column[1] != "") {
				t.Errorf("%s: usual %s %q", g.name, column[0], column[1])
			}
		}
	}
}
