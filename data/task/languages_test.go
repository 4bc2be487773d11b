package task_test

import (
	"testing"

	"t5train/data/task"
)

func TestLanguages(t *testing.T) {
	wmt, _ := task.Named("wmt/en-ro")
	other, _ := task.Named("cnn_dailymail")
	for name, c := range map[string]struct {
		spec task.Spec
		want string
	}{
		"prefix": {task.Spec{Name: task.Translation, Prefix: new("translate English to German: ")},
			"en de true"},
		"T5's own": {wmt, "en ro true"},
		"two words": {task.Spec{Name: task.Translation, Prefix: new(task.TranslatePrefix("en", "nb"))},
			"en nb true"},
		"unknown codes": {task.Spec{Name: task.Translation, Prefix: new(task.TranslatePrefix("tlh", "qya"))},
			"tlh qya true"},
		"columns": {task.Spec{Name: task.Translation, Prefix: new(""), TextColumns: []string{"translation.fr"},
			TargetColumn: "de"}, "fr de true"},
		"nothing": {task.Spec{Name: task.Translation, Prefix: new("say it: "), TextColumns: []string{"text"},
			TargetColumn: "target"}, "  false"},
		"half a prefix": {task.Spec{Name: task.Translation, Prefix: new("translate: ")}, "  false"},
		"another task":  {other, "  false"},
	} {
		from, to, ok := c.spec.Languages()
		if got := from + " " + to + map[bool]string{true: " true", false: " false"}[ok]; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
