package predict

import (
	"context"
	"errors"
	"math"
	"reflect"
	"sync"
	"testing"

	"t5train/checkpoints"
	"t5train/data/task"
	"t5train/internal/testrun"
	"t5train/model/generate"
	"t5train/model/kernel"
	"t5train/trainer/predict/inputfile"
)

// untrained returns a classification with a new model.
func untrained(t *testing.T) *checkpoints.Folder {
	t.Helper()
	return testrun.Classifier(t)
}

func newTestPredictor(t *testing.T, folder *checkpoints.Folder, spec task.Spec) *Predictor {
	t.Helper()
	p := NewPredictor(folder, spec, kernel.NewWorkers(1), PredictorOptions{})
	return p
}

// Predictors of one folder work at the same time, and each answers as it does alone.
func TestPredictorsShareAFolder(t *testing.T) {
	b := untrained(t)
	w := kernel.NewWorkers(2)
	texts := []string{"win a prize", "see you", ""}
	answer := func() (all [3]any, err error) {
		p := NewPredictor(b, *b.Info.Task, w, PredictorOptions{MaxOutputLength: 6})
		var errs [3]error
		all[0], errs[0] = p.Classify(t.Context(), texts)
		all[1], errs[1] = p.Generate(t.Context(), texts, generate.Options{})
		all[2], errs[2] = p.Score(t.Context(), texts, [][]string{{"spam", "ham"}, {"spam"}, nil})
		return all, errors.Join(errs[:]...)
	}
	want, err := answer()
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 3 {
				if got, err := answer(); err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("got %+v, %v, want %+v", got, err, want)
				}
			}
		})
	}
	group.Wait()
}

// The probabilities of the labels are the scores of their texts in relation to each other.
func TestClassifyAndScoreAgree(t *testing.T) {
	b := untrained(t)
	p := newTestPredictor(t, b, *b.Info.Task)
	labels := []string{b.Info.Task.Labels[0].Text, b.Info.Task.Labels[1].Text}
	classified, err := p.Classify(t.Context(), []string{"win a prize"})
	if err != nil {
		t.Fatal(err)
	}
	scored, err := p.Score(t.Context(), []string{"win a prize"}, [][]string{labels})
	if err != nil {
		t.Fatal(err)
	}
	targets := scored[0].Targets
	want := Softmax([]float64{targets[0].LogProb, targets[1].LogProb})
	for i, got := range classified[0].Probabilities {
		if !(math.Abs(got-want[i]) <= 1e-6) {
			t.Errorf("label %d: probability %g, by the scores %g", i, got, want[i])
		}
		if tokens := len(b.Tokenizer.Encode(labels[i])) + 1; targets[i].Tokens != tokens {
			t.Errorf("label %d: %d tokens, want %d", i, targets[i].Tokens, tokens)
		}
	}
	if c := classified[0]; c.Label != b.Info.Task.Labels[Largest(want)] ||
		c.Probability != c.Probabilities[Largest(want)] {
		t.Errorf("answered %+v, want label %d", c, Largest(want))
	}
}

func TestPredictorRefuses(t *testing.T) {
	b := untrained(t)
	p := newTestPredictor(t, b, task.Spec{Name: task.Seq2Seq, TextColumns: []string{"text"}})
	if _, err := p.Classify(t.Context(), []string{"a"}); err == nil {
		t.Error("a classification without labels: no error")
	}
	if _, err := p.Score(t.Context(), []string{"a", "b"}, [][]string{{"a"}}); err == nil {
		t.Error("targets for one of two texts: no error")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	labelled := newTestPredictor(t, b, *b.Info.Task)
	_, classifyErr := labelled.Classify(ended, []string{"a"})
	_, generateErr := p.Generate(ended, []string{"a"}, generate.Options{})
	_, scoreErr := p.Score(ended, []string{"a"}, [][]string{{"b"}})
	for _, err := range []error{classifyErr, generateErr, scoreErr} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("a context that has ended: error %v", err)
		}
	}
}

// The temperature of a checkpoint divides the log-probabilities of its labels, and of no others.
func TestTemperature(t *testing.T) {
	b := untrained(t)
	texts := []string{"win a prize"}
	classify := func(b *checkpoints.Folder, spec task.Spec) Classified {
		answers, err := newTestPredictor(t, b, spec).Classify(t.Context(), texts)
		if err != nil {
			t.Fatal(err)
		}
		return answers[0]
	}
	spec := *b.Info.Task
	plain := classify(b, spec)
	warm := *b
	warm.Info.Temperature = 2.5
	got := classify(&warm, spec)
	odds := func(c Classified) float64 { return math.Log(c.Probabilities[1] / c.Probabilities[0]) }
	if !(math.Abs(odds(got)-odds(plain)/2.5) <= 1e-6) || got.Label != plain.Label {
		t.Errorf("log-odds %g with temperature 2.5, %g without", odds(got), odds(plain))
	}
	spec.Labels = []task.Label{{Name: "a", Text: "one"}, {Name: "b", Text: "two"}}
	if got, want := classify(&warm, spec), classify(b, spec); !reflect.DeepEqual(got, want) {
		t.Errorf("other labels: %+v, want %+v", got, want)
	}
}

// What is sampled for an input depends on its number among all, not on the batch that it is in.
func TestPredictSamplesByNumber(t *testing.T) {
	b := testrun.TinyFolder(t)
	spec := task.Spec{Name: task.Seq2Seq, TextColumns: []string{"text"}, TargetColumn: "target"}
	p := newTestPredictor(t, b, spec)
	inputs := []inputfile.Input{{Text: "a day"}, {Text: "a day"}, {Text: "a day"}, {Text: "a day"}}
	o := generate.Options{Sampling: &generate.Sampling{Temperature: 1, Seed: 3}}
	outputs := func(first int64, inputs []inputfile.Input) (texts []string) {
		var cuts Cuts
		predictions, err := p.Predict(t.Context(), first, inputs, o, &cuts)
		if err != nil {
			t.Fatal(err)
		}
		for _, answer := range predictions {
			texts = append(texts, answer.Output)
		}
		return texts
	}
	want := outputs(0, inputs)
	if want[0] == want[2] {
		t.Fatalf("inputs have the same sample %q, so that the test shows nothing", want[0])
	}
	if got := append(outputs(0, inputs[:2]), outputs(2, inputs[2:])...); !reflect.DeepEqual(got, want) {
		t.Errorf("in two batches %q, in one %q", got, want)
	}
}
