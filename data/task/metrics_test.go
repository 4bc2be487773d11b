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
			t.Errorf("%s, metrics %q: got %s, want %s, one of %q", c.spec.Name, c.spec.Metrics, got, c.want,
				c.spec.Values())
		}
	}
}

// TestMetricTable checks that every value of a metric stands in the table itself, for the same kinds, and no name
// twice.
func TestMetricTable(t *testing.T) {
	seen, places := map[string]bool{}, map[int]bool{}
	for _, m := range metrics {
		if seen[m.Name] || m.Shown > 0 && places[m.Shown] {
			t.Errorf("%s stands twice, or another metric at its place %d", m.Name, m.Shown)
		}
		seen[m.Name], places[m.Shown] = true, true
		for _, value := range m.Values {
			for _, kind := range m.Kinds {
				if !slices.Contains(kind.Metrics(), value) {
					t.Errorf("%s gives %s, which is no metric of kind %d", m.Name, value, kind)
				}
			}
		}
	}
	for name, want := range map[string]bool{"mnli/ter": true, "bleu-intl": true, "sts/mse": false, "f1_PER": false} {
		if got := MetricOf(name).Percent; got != want {
			t.Errorf("%s goes to 100: %v, want %v", name, got, want)
		}
	}
}
