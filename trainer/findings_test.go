package trainer

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/internal/testrun"
	"t5train/internal/ui"
	"t5train/trainer/evaluate"
	"t5train/trainer/report"
	"t5train/trainer/runlog"
)

func TestStillBetter(t *testing.T) {
	for name, c := range map[string]struct {
		metric string
		values []float64 // at steps 10, 20, ...
		steps  int
		want   bool
	}{
		"rises to the end":   {"accuracy", []float64{0.3, 0.4, 0.5, 0.6}, 40, true},
		"falls to the end":   {"loss", []float64{3, 2.5, 2, 1.5}, 40, true},
		"a loss that rises":  {"loss", []float64{3, 2, 1, 1.5}, 40, false},
		"has come to rest":   {"accuracy", []float64{0.3, 0.9, 0.97, 0.971}, 40, false},
		"the best is before": {"accuracy", []float64{0.3, 0.4, 0.6, 0.5}, 40, false},
		"the same as before": {"accuracy", []float64{0.3, 0.4, 0.6, 0.6}, 40, false},
		"hardly moves":       {"accuracy", []float64{0.9, 0.901, 0.902, 0.903}, 40, false},
		"small steps, many": {"accuracy",
			[]float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9}, 130, true},
		"one evaluation":           {"accuracy", []float64{0.3}, 10, false},
		"two":                      {"accuracy", []float64{0.3, 0.5}, 20, true},
		"stopped before the end":   {"accuracy", []float64{0.3, 0.5}, 100, false},
		"nothing":                  {"accuracy", nil, 10, false},
		"of another metric":        {"f1", []float64{0.3, 0.5}, 20, false},
		"from nothing to nothing":  {"f1_macro", []float64{0, 0}, 20, false},
		"from nothing to anything": {"f1_macro", []float64{0, 0.1}, 20, true},
	} {
		var evals []runlog.Eval
		for i, v := range c.values {
			name := c.metric
			if name == "f1" {
				name = "accuracy"
			}
			evals = append(evals, runlog.Eval{Step: 10 * (i + 1), Metrics: map[string]float64{name: v}})
		}
		if n, ok := stillBetter(c.metric, evals, c.steps); ok != c.want || ok &&
			(n.Kind != ui.NoteImproving || !strings.Contains(n.Text, "train longer")) {
			t.Errorf("%s: noted %+v, %v, want %v", name, n, ok, c.want)
		}
	}
}

// A loss that falls to the last evaluation is noted at the end of the run.
func TestNoteOfARunThatStillLearns(t *testing.T) {
	c := testrun.TinyConfig(t)
	c.Eval.Metric, c.Eval.EverySteps = "loss", 2
	r := finetune(t, c, Options{})
	if !slices.ContainsFunc(r.Notes, func(n ui.Note) bool { return n.Kind == ui.NoteImproving }) ||
		r.BestStep != r.Step {
		t.Errorf("the best of %d steps is %d, noted %+v", r.Step, r.BestStep, r.Notes)
	}
}

// What a run has found is in its result, also when it is asked for again, and in its report.
func TestNotesOfARun(t *testing.T) {
	c := testrun.TinyConfig(t)
	rate := 1e-12 // nothing is learnt: all answers are the same
	c.Optimizer.LearningRate = &rate
	r := finetune(t, c, Options{})
	kinds := func(notes []ui.Note) (list []string) {
		for _, n := range notes {
			list = append(list, n.Kind)
		}
		return list
	}
	if got := kinds(r.Notes); !slices.Contains(got, ui.NoteOneAnswer) || !slices.Contains(got, ui.NoteConstant) {
		t.Errorf("noted %+v", r.Notes)
	}
	if len(r.Constants) != 1 || r.Constants[0].Values["accuracy"] < 0.5 ||
		slices.Contains(slices.Collect(maps.Keys(r.Constants[0].Values)), "examples") {
		t.Errorf("the constant answers are %+v", r.Constants)
	}
	again := finetune(t, c, Options{})
	if !slices.Equal(again.Notes, r.Notes) || len(again.Constants) != 1 {
		t.Errorf("asked again it has the notes %+v and the constant answers %+v", again.Notes, again.Constants)
	}
	shown := report.Read(c.Output)
	if v := shown.Constant(); !slices.Equal(shown.Findings, r.Notes) || v == nil ||
		*v != r.Constants[0].Values["f1_macro"] {
		t.Errorf("the report has %+v and the constant %v", shown.Findings, v)
	}
	b, _, err := checkpoints.Open(c.Output)
	if err != nil {
		t.Fatal(err)
	}
	e, err := evaluate.Evaluate(t.Context(), b,
		evaluate.Options{Data: c.Data.Validation, BatchSize: 20, MaxExamples: 20})
	if err != nil || len(e.Constants) != 1 || !slices.Contains(kinds(e.Notes), ui.NoteOneAnswer) {
		t.Errorf("the evaluation has %+v and %+v, %v", e.Constants, e.Notes, err)
	}
}
