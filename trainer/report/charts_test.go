package report

import (
	"fmt"
	"slices"
	"testing"
)

// The metrics that a person looks at first come first, whatever names they have.
func TestCharts(t *testing.T) {
	r := &Run{Metric: "label_nll", Eval: Lines{Values: make(map[string]Numbers)}}
	for _, name := range []string{"loss", "examples", "sst2/accuracy", "sst2/tokens", "label_nll", "invalid", "bleu",
		"chrf++", "../x", "matthews_correlation"} {
		r.Eval.Values[name] = Numbers{1}
	}
	var got []string
	for _, c := range chartsOf([]*Run{r}) {
		got = append(got, fmt.Sprintf("%s: %s (%s)", c.Group, c.Title, c.ID))
	}
	want := []string{
		"Loss and metrics: Validation loss (validation-loss)", "Loss and metrics: BLEU (bleu)",
		"Loss and metrics: label_nll (metric-label-nll)", "Loss and metrics: Accuracy of sst2 (metric-sst2-accuracy)",
		"More metrics: Matthews correlation (matthews)", "More metrics: ../x (metric----x)",
		"More metrics: chrf++ (metric-chrf--)", "More metrics: invalid (metric-invalid)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
}
