package trainer

import (
	"context"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"t5train/data"
	"t5train/data/parquetio"
	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/trainer/metric"
	"t5train/trainer/record"
	"t5train/trainer/report"
)

// memoryTable is a table of texts in memory; a cell is a text, or a number where it is one.
type memoryTable [][]parquetio.Cell

func (t memoryTable) Rows() int64                      { return int64(len(t)) }
func (t memoryTable) Locate(row int64) (string, int64) { return "memory", row }

func (t memoryTable) Scan(_ context.Context, _ []string, yield func(int64, []parquetio.Cell) error) error {
	for i, cells := range t {
		if err := yield(int64(i), cells); err != nil {
			return err
		}
	}
	return nil
}

func text(s string) parquetio.Cell     { return parquetio.Cell{Kind: parquetio.String, Str: s} }
func decimal(v float64) parquetio.Cell { return parquetio.Cell{Kind: parquetio.Float, Float: v} }
func words(list ...string) parquetio.Cell {
	c := parquetio.Cell{Kind: parquetio.List}
	for _, s := range list {
		c.Items = append(c.Items, text(s))
	}
	return c
}

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
			task.Spec{Name: task.Classification, TextColumns: []string{"x"}, LabelColumn: "y", Labels: []task.Label{{Name: "ham", Text: "h"}, {Name: "spam", Text: "s"}}},
			memoryTable{{text("a"), text("spam")}, {text("b"), text("ham")}, {text("c"), text("spam")}, {text("d"), text("spam")}},
			"spam", map[string]float64{task.Accuracy: 0.75, task.Matthews: 0, task.RecallMacro: 0.5},
		},
		"numbers": {
			task.Spec{Name: task.Regression, TextColumns: []string{"x"}, LabelColumn: "y", Step: 0.5},
			memoryTable{{text("a"), decimal(1)}, {text("b"), decimal(2)}, {text("c"), decimal(6)}},
			"3", map[string]float64{task.Pearson: 0, task.MSE: 14. / 3},
		},
		"entities": {
			task.Spec{Name: task.NER, TextColumns: []string{"x"}, LabelColumn: "y", Entities: []task.Label{{Name: "p", Text: "person"}}},
			memoryTable{{words("Ann", "is"), words("B-p", "O")}, {words("so", "so"), words("O", "O")}},
			task.NoEntities, map[string]float64{task.F1: 0, task.TagAccuracy: 0.75},
		},
		"questions": {
			task.Spec{Name: task.QuestionAnswering, TextColumns: []string{"q", "c"}, TargetColumn: "a"},
			memoryTable{{text("q"), text("c"), text("Ann")}, {text("q"), text("c"), words()}, {text("q"), text("c"), words()}, {text("q"), text("c"), text("Bo")}},
			task.Unanswerable, map[string]float64{task.ExactMatch: 0.5, task.F1: 0.5},
		},
		"texts that differ": {
			task.Spec{Name: task.Translation, TextColumns: []string{"x"}, TargetColumn: "y"},
			memoryTable{{text("a"), text("b")}, {text("c"), text("d")}}, "", nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			examples, err := data.Build(t.Context(), c.rows, c.spec, data.HeldOut, tok, data.Limits{MaxInput: 20, MaxTarget: 20}, 1, nil)
			if err != nil {
				t.Fatal(err)
			}
			a, err := (&Evaluator{spec: c.spec, tokenizer: tok}).answers(examples)
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
	spec := task.Spec{Name: task.Classification, Labels: []task.Label{{Name: "ham", Text: "ham"}, {Name: "spam", Text: "spam"}}}
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
		e := &Evaluator{spec: spec, known: knownConstant{Constant: record.Constant{Answer: "ham", Values: map[string]float64{"accuracy": 0.5, "f1": 0}}}}
		r := &ranked{evaluator: e, names: labels, classes: classes}
		if err := e.compare(t.Context(), r, metricMap(r.scores())); err != nil {
			t.Fatal(err)
		}
		if got := e.seen.Notes; (c.want == "") != (len(got) == 0) || len(got) > 0 && (!strings.HasPrefix(got[0].Text, c.want) || got[0].Kind != record.NoteConstant) {
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
		r := &ranked{evaluator: &Evaluator{Fit: true, labels: labelScorer{temperature: 1}}}
		for i := range 10 {
			label := 0
			if i >= c.right {
				label = 1
			}
			if err := r.calibration.Add([]float64{3, 0}, label); err != nil {
				t.Fatal(err)
			}
		}
		values := metricMap(r.calibrate())
		if c.want == "" {
			if len(r.notes) > 0 || values["calibrated_ece"] > values["ece"] || values["temperature"] == 1 {
				t.Errorf("%s: %v, noted %+v", name, values, r.notes)
			}
			continue
		}
		if len(r.notes) != 1 || !strings.Contains(r.notes[0].Text, c.want) || values["temperature"] != 1 || values["calibrated_ece"] != values["ece"] {
			t.Errorf("%s: %v, noted %+v, want %q", name, values, r.notes, c.want)
		}
	}
}

func TestStillBetter(t *testing.T) {
	for name, c := range map[string]struct {
		metric string
		values []float64 // at steps 10, 20, ...
		steps  int
		want   bool
	}{
		"rises to the end":         {"accuracy", []float64{0.3, 0.4, 0.5, 0.6}, 40, true},
		"falls to the end":         {"loss", []float64{3, 2.5, 2, 1.5}, 40, true},
		"a loss that rises":        {"loss", []float64{3, 2, 1, 1.5}, 40, false},
		"has come to rest":         {"accuracy", []float64{0.3, 0.9, 0.97, 0.971}, 40, false},
		"the best is before":       {"accuracy", []float64{0.3, 0.4, 0.6, 0.5}, 40, false},
		"the same as before":       {"accuracy", []float64{0.3, 0.4, 0.6, 0.6}, 40, false},
		"hardly moves":             {"accuracy", []float64{0.9, 0.901, 0.902, 0.903}, 40, false},
		"small steps, many":        {"accuracy", []float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9}, 130, true},
		"one evaluation":           {"accuracy", []float64{0.3}, 10, false},
		"two":                      {"accuracy", []float64{0.3, 0.5}, 20, true},
		"stopped before the end":   {"accuracy", []float64{0.3, 0.5}, 100, false},
		"nothing":                  {"accuracy", nil, 10, false},
		"of another metric":        {"f1", []float64{0.3, 0.5}, 20, false},
		"from nothing to nothing":  {"f1_macro", []float64{0, 0}, 20, false},
		"from nothing to anything": {"f1_macro", []float64{0, 0.1}, 20, true},
	} {
		var evals []record.Eval
		for i, v := range c.values {
			name := c.metric
			if name == "f1" {
				name = "accuracy"
			}
			evals = append(evals, record.Eval{Step: 10 * (i + 1), Metrics: map[string]float64{name: v}})
		}
		if n, ok := stillBetter(c.metric, evals, c.steps); ok != c.want || ok && (n.Kind != record.NoteImproving || !strings.Contains(n.Text, "train longer")) {
			t.Errorf("%s: noted %+v, %v, want %v", name, n, ok, c.want)
		}
	}
}

// A loss that falls to the last evaluation is noted at the end of the run.
func TestNoteOfARunThatStillLearns(t *testing.T) {
	c := tinyConfig(t)
	c.Eval.Metric, c.Eval.EverySteps = "loss", 2
	r := finetune(t, c, FinetuneOptions{})
	if !slices.ContainsFunc(r.Notes, func(n record.Note) bool { return n.Kind == record.NoteImproving }) || r.BestStep != r.Step {
		t.Errorf("the best of %d steps is %d, noted %+v", r.Step, r.BestStep, r.Notes)
	}
}

// What a run has found is in its result, also when it is asked for again, and in its report.
func TestNotesOfARun(t *testing.T) {
	c := tinyConfig(t)
	rate := 1e-12 // nothing is learnt: all answers are the same
	c.Optimizer.LearningRate = &rate
	r := finetune(t, c, FinetuneOptions{})
	kinds := func(notes []record.Note) (list []string) {
		for _, n := range notes {
			list = append(list, n.Kind)
		}
		return list
	}
	if got := kinds(r.Notes); !slices.Contains(got, record.NoteOneAnswer) || !slices.Contains(got, record.NoteConstant) {
		t.Errorf("noted %+v", r.Notes)
	}
	if len(r.Constants) != 1 || r.Constants[0].Values["accuracy"] < 0.5 || slices.Contains(slices.Collect(maps.Keys(r.Constants[0].Values)), "examples") {
		t.Errorf("the constant answers are %+v", r.Constants)
	}
	again := finetune(t, c, FinetuneOptions{})
	if !slices.Equal(again.Notes, r.Notes) || len(again.Constants) != 1 {
		t.Errorf("asked again it has the notes %+v and the constant answers %+v", again.Notes, again.Constants)
	}
	shown := report.Read(c.Output)
	if v := shown.Constant(); !slices.Equal(shown.Findings, r.Notes) || v == nil || *v != r.Constants[0].Values["accuracy"] {
		t.Errorf("the report has %+v and the constant %v", shown.Findings, v)
	}
	b, _, err := Open(c.Output)
	if err != nil {
		t.Fatal(err)
	}
	e, err := Evaluate(t.Context(), b, EvaluateOptions{Data: c.Data.Validation, BatchSize: 20, MaxExamples: 20})
	if err != nil || len(e.Constants) != 1 || !slices.Contains(kinds(e.Notes), record.NoteOneAnswer) {
		t.Errorf("the evaluation has %+v and %+v, %v", e.Constants, e.Notes, err)
	}
}
