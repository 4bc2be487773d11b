package trainer

import (
	"io"
	"slices"
	"testing"

	"t5train/data"
	"t5train/model/kernel"
)

// An evaluation that scores all labels of some examples only finds the same labels.
func TestCalibrateOnASample(t *testing.T) {
	rows := newTestLoop(t, tinyConfig(t), PlainConsole(io.Discard)).heldOut.(heldOutRows)
	batches, err := data.NewBatches(rows.examples, data.Size{Examples: rows.Len()}, data.Order{})
	if err != nil {
		t.Fatal(err)
	}
	var batch data.Batch
	batches.Read(0, &batch)
	answers := make(map[int][]int)
	for _, size := range []int{0, 5} {
		r, err := newRanked(rows.Evaluator, exhibition{examples: rows.examples, tokenizer: rows.tokenizer})
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

// Few labels are all scored for thousands of examples; of many the sample is large enough for a temperature.
func TestAffordableCalibration(t *testing.T) {
	var two, many labelScorer
	for i := range int32(150) {
		many.targets = append(many.targets, []int32{2 + i%50, 3 + i/50, 4, 1})
	}
	two.targets = [][]int32{{2, 1}, {3, 1}}
	if got := two.affordable(); got != calibrationRows/3 {
		t.Errorf("two labels: %d examples, want %d", got, calibrationRows/3)
	}
	if got := many.affordable(); got != calibrationExamples {
		t.Errorf("150 labels: %d examples, want %d", got, calibrationExamples)
	}
}
