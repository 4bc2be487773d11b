package evaluate

import (
	"math"
	"strings"
	"testing"

	"t5train/data"
	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/internal/ui"
	"t5train/trainer/baseline"
	"t5train/trainer/runlog"
)

// TestCompareBaseline: a model is compared with the answers of a baseline to the same examples.
func TestCompareBaseline(t *testing.T) {
	tok, err := tokenizer.T5()
	if err != nil {
		t.Fatal(err)
	}
	spec := task.Spec{Name: task.Classification, TextColumns: []string{"x"}, LabelColumn: "y",
		Labels: []task.Label{{Name: "ham", Text: "h"}, {Name: "spam", Text: "s"}}}
	var rows memoryTable
	for range 50 {
		rows = append(rows, memoryTable{{text("a"), text("spam")}, {text("b"), text("ham")}}...)
	}
	examples, err := data.Build(t.Context(), rows, spec, data.HeldOut, tok, data.Limits{MaxInput: 9, MaxTarget: 9}, 1,
		nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		model, rival func(i int) int
		want         string
		difference   float64
	}{
		"better": {examples.Label, always(0), "1.0000 is better than the 0.5000", 0.5},
		"worse":  {always(1), examples.Label, "0.5000 is worse than the 1.0000", -0.5},
		"nearly": {butFor(examples, 0), butFor(examples, 3), "0.9000 is not clearly better or worse than", 0},
	} {
		e := &Evaluator{spec: spec, Baseline: &Baseline{Method: "TF-IDF"}}
		model, err := newLabelEvaluator(e, exampleCollector{examples: examples})
		if err != nil {
			t.Fatal(err)
		}
		for i := range examples.Len() {
			e.Baseline.Answers = append(e.Baseline.Answers, spec.Labels[c.rival(i)].Text)
			if err := model.count(i, c.model(i)); err != nil {
				t.Fatal(err)
			}
		}
		if err := e.compareBaseline(t.Context(), examples, model); err != nil {
			t.Fatal(err)
		}
		b := e.seen.Baseline
		if len(e.seen.Notes) != 1 || e.seen.Notes[0].Kind != ui.NoteBaseline ||
			!strings.Contains(e.seen.Notes[0].Text, c.want) || math.Abs(b.Difference-c.difference) > 1e-12 ||
			b.Metric != task.Accuracy || len(b.Interval) != 2 {
			t.Errorf("%s: %+v, noted %+v", name, b, e.seen.Notes)
		}
	}
}

func always(label int) func(int) int { return func(int) int { return label } }

// butFor is right but for every tenth example.
func butFor(examples *data.Examples, wrong int) func(int) int {
	return func(i int) int {
		if i%10 == wrong {
			return 1 - examples.Label(i)
		}
		return examples.Label(i)
	}
}

// TestBaselineScore: a baseline is chosen by the metric that is asked for, or the best one of its task that its
// answers have; of errors the smaller ones win.
func TestBaselineScore(t *testing.T) {
	numbers := []baseline.Row{{Ref: task.Reference{Number: 1}}, {Ref: task.Reference{Number: 3}}}
	labels := []baseline.Row{{Ref: task.Reference{Label: 0}}, {Ref: task.Reference{Label: 0}}}
	classes := task.Spec{Name: task.Classification,
		Labels: []task.Label{{Name: "a", Text: "a"}, {Name: "b", Text: "b"}}}
	for _, c := range []struct {
		spec    task.Spec
		metric  string
		answers []string
		rows    []baseline.Row
		want    float64
	}{
		{task.Spec{Name: task.Regression}, task.MSE, []string{"1", "5"}, numbers, -2},
		{task.Spec{Name: task.Regression}, "", []string{"1", "5"}, numbers, 1},
		{classes, task.Loss, []string{"a", "b"}, labels, 0.5},
		{classes, "", []string{"a", "a"}, labels, 1},
	} {
		got, err := scoreBy(c.spec, c.metric)(c.answers, c.rows)
		if err != nil || math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s by %q: %g, %v, want %g", c.spec.Name, c.metric, got, err, c.want)
		}
	}
}

func TestBaselineTextWithoutInterval(t *testing.T) {
	b := &runlog.Baseline{Method: "the first sentence", Metric: task.Rouge1,
		Values: map[string]float64{task.Rouge1: 0.4}}
	if got := baselineText(b, 0.3); !strings.Contains(got, "worse than the 0.4000") || !strings.Contains(got, "take") {
		t.Errorf("got %s", got)
	}
}
