package evaluate

import (
	"math"
	"strings"
	"testing"

	"t5train/data"
	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/internal/ui"
	"t5train/trainer/metric"
	"t5train/trainer/predict"
	"t5train/trainer/runlog"
)

// What a constant answer is worth is computed by the metrics of the task.
func TestConstantAnswer(t *testing.T) {
	tok, err := tokenizer.T5()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		spec   task.Spec
		rows   memoryTable
		answer string
		want   map[string]float64 // some of the values
	}{
		"labels": {
			task.Spec{Name: task.Classification, TextColumns: []string{"x"}, LabelColumn: "y",
				Labels: []task.Label{{Name: "ham", Text: "h"}, {Name: "spam", Text: "s"}}},
			memoryTable{{text("a"), text("spam")}, {text("b"), text("ham")}, {text("c"), text("spam")},
				{text("d"), text("spam")}},
			"spam", map[string]float64{task.Accuracy: 0.75, task.Matthews: 0, task.RecallMacro: 0.5},
		},
		"numbers": {
			task.Spec{Name: task.Regression, TextColumns: []string{"x"}, LabelColumn: "y", RoundTo: new(0.5)},
			memoryTable{{text("a"), decimal(1)}, {text("b"), decimal(2)}, {text("c"), decimal(6)}},
			"3", map[string]float64{task.Pearson: 0, task.MSE: 14. / 3},
		},
		"entities": {
			task.Spec{Name: task.NER, TextColumns: []string{"x"}, LabelColumn: "y",
				Entities: []task.Label{{Name: "p", Text: "person"}}},
			memoryTable{{words("Ann", "is"), words("B-p", "O")}, {words("so", "so"), words("O", "O")}},
			task.NoEntities, map[string]float64{task.F1: 0, task.TagAccuracy: 0.75},
		},
		"questions": {
			task.Spec{Name: task.QuestionAnswering, TextColumns: []string{"q", "c"}, TargetColumn: "a"},
			memoryTable{{text("q"), text("c"), text("Ann")}, {text("q"), text("c"), words()},
				{text("q"), text("c"), words()},
				{text("q"), text("c"), text("Bo")}},
			task.Unanswerable, map[string]float64{task.ExactMatch: 0.5, task.F1: 0.5},
		},
		"texts that differ": {
			task.Spec{Name: task.Translation, TextColumns: []string{"x"}, TargetColumn: "y"},
			memoryTable{{text("a"), text("b")}, {text("c"), text("d")}}, "", nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			examples, err := data.Build(t.Context(), c.rows, c.spec, data.HeldOut, tok,
				data.Limits{MaxInput: 20, MaxTarget: 20},
				1, nil)
			if err != nil {
				t.Fatal(err)
			}
			a, err := (&Evaluator{spec: c.spec, tokenizer: tok}).newAnswerEvaluator(examples)
			if err != nil {
				t.Fatal(err)
			}
			got, err := a.constant()
			if err != nil || got.Answer != c.answer || len(c.want) == 0 != (len(got.Values) == 0) {
				t.Fatalf("the constant answer is %+v, %v, want %q", got, err, c.answer)
			}
			for name, want := range c.want {
				if v, ok := got.Values[name]; !ok || math.Abs(v-want) > 1e-12 {
					t.Errorf("%s is %g (%v), want %g", name, v, ok, want)
				}
			}
		})
	}
}

// A metric is noted that is not better than that of the constant answer, by more than chance.
func TestNoBetterThanConstant(t *testing.T) {
	labels := []string{"ham", "spam"}
	spec := task.Spec{Name: task.Classification,
		Labels: []task.Label{{Name: "ham", Text: "ham"}, {Name: "spam", Text: "spam"}}}
	for name, c := range map[string]struct {
		right int // of 50 of each label
		want  string
	}{
		"the same": {50, "accuracy 0.5000 is no better than the 0.5000 of answering \"ham\" always"},
		"worse":    {40, "accuracy 0.4000 is no better than the 0.5000"},
		"by luck":  {55, "accuracy 0.5500 (95 % interval 0.4"},
		"better":   {90, ""},
	} {
		classes, err := metric.NewClassification(labels)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 100 {
			answer := i % 2
			if i >= c.right {
				answer = 1 - answer
			}
			if err := classes.Add(i%2, answer); err != nil {
				t.Fatal(err)
			}
		}
		e := &Evaluator{spec: spec, known: knownConstant{Constant: runlog.Constant{Answer: "ham",
			Values: map[string]float64{"accuracy": 0.5, "f1": 0}}}}
		r := &labelEvaluator{evaluator: e, names: labels, classes: classes}
		if err := e.compare(t.Context(), r, metric.Map(r.scores())); err != nil {
			t.Fatal(err)
		}
		if got := e.seen.Notes; (c.want == "") != (len(got) == 0) || len(got) > 0 &&
			(!strings.HasPrefix(got[0].Text, c.want) || got[0].Kind != ui.NoteConstant) {
			t.Errorf("%s: noted %+v, want %q", name, got, c.want)
		}
	}
}

// A temperature is kept only if it makes probabilities better.
func TestCalibrationIsKeptOnlyIfItHelps(t *testing.T) {
	for name, c := range map[string]struct {
		right int // of 10 that are given 0.95
		want  string
	}{
		"too sure":    {7, ""},
		"never right": {0, "is at its bound"},
		"about right": {9, "it makes the expected calibration error 0.0667, which is 0.0526 without it"},
	} {
		r := &labelEvaluator{evaluator: &Evaluator{Fit: true, labels: predict.LabelScorer{Temperature: 1}}}
		for i := range 10 {
			label := 0
			if i >= c.right {
				label = 1
			}
			if err := r.calibration.Add([]float64{3, 0}, label); err != nil {
				t.Fatal(err)
			}
		}
		values := metric.Map(r.calibrate())
		if c.want == "" {
			if len(r.notes) > 0 || values["calibrated_ece"] > values["ece"] || values["temperature"] == 1 {
				t.Errorf("%s: %v, noted %+v", name, values, r.notes)
			}
			continue
		}
		if len(r.notes) != 1 || !strings.Contains(r.notes[0].Text, c.want) || values["temperature"] != 1 ||
			values["calibrated_ece"] != values["ece"] {
			t.Errorf("%s: %v, noted %+v, want %q", name, values, r.notes, c.want)
		}
	}
}
