package evaluate

import (
	"slices"
	"testing"

	"t5train/data"
	"t5train/data/dataset"
	"t5train/internal/testrun"
	"t5train/model/kernel"
)

// An evaluation that scores all labels of some examples only finds the same labels.
func TestCalibrateOnASample(t *testing.T) {
	b := testrun.Classifier(t)
	table, err := dataset.Open(t.Context(), []string{testrun.ValidationFile}, dataset.ForValidation, 20, 0)
	if err != nil {
		t.Fatal(err)
	}
	examples, err := table.Build(t.Context(), "validation", *b.Info.Task, data.HeldOut, b.Tokenizer,
		data.Limits{MaxInput: 24, MaxTarget: 6}, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	rows := TaskSet{NewEvaluator(b, *b.Info.Task, 6, kernel.NewWorkers(1)), examples, 20}
	rows.Fit = true
	batches, err := data.NewBatches(rows.Examples, data.Size{Examples: rows.Len()}, data.Order{})
	if err != nil {
		t.Fatal(err)
	}
	var batch data.Batch
	batches.Read(0, &batch)
	answers := make(map[int][]int)
	for _, size := range []int{0, 5} {
		r, err := newLabelEvaluator(rows.Evaluator,
			exampleCollector{examples: rows.Examples, tokenizer: rows.tokenizer})
		if err != nil {
			t.Fatal(err)
		}
		r.calibrated = data.NewSample(rows.Len(), size, 0)
		a, err := r.compute(t.Context(), &batch, kernel.Totals{})
		if err != nil {
			t.Fatal(err)
		}
		a.Index = batch.Index
		if err := r.add(a); err != nil {
			t.Fatal(err)
		}
		answers[size] = a.Answers
		scored := 0
		for _, logits := range a.Logits {
			if len(logits) > 0 {
				scored++
			}
		}
		if scored != r.calibrated.Len() {
			t.Errorf("sample of %d: all labels of %d examples are scored", r.calibrated.Len(), scored)
		}
		if notes := r.close().Notes; len(notes) != min(size, 1) {
			t.Errorf("sample of %d: notes %+v", r.calibrated.Len(), notes)
		}
	}
	if !slices.Equal(answers[0], answers[5]) {
		t.Errorf("answers %v, want %v", answers[5], answers[0])
	}
}
