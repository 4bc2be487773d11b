package task

import (
	"slices"
	"testing"
)

// TestBest holds the metric that decides to the first one of each task, and to what evaluations compute.
func TestBest(t *testing.T) {
	labels := []Label{{Name: "a", Text: "a"}, {Name: "b", Text: "b"}}
	for _, c := range []struct {
		spec Spec
		want string
	}{
		{Spec{Name: Classification, Labels: labels}, "accuracy"},
		{Spec{Name: Classification, Labels: labels, Metrics: []string{Matthews}}, "matthews_correlation"},
		{Spec{Name: Regression}, "pearson"},
		{Spec{Name: NER}, "f1"},
		{Spec{Name: Translation}, "bleu"},
		{Spec{Name: Summarization}, "rouge1"},
		{Spec{Name: QuestionAnswering}, "f1"},
		{Spec{Name: Seq2Seq}, "loss"},
		{Spec{Name: Template, Metrics: []string{ChrF, BLEU}}, "chrf"},
	} {
		if got := c.spec.Best(); got != c.want || !slices.Contains(c.spec.Values(), got) {
			t.Errorf("%s, metrics %q: got %s, want %s, one of %q", c.spec.Name, c.spec.Metrics, got, c.want, c.spec.Values())
		}
	}
}
