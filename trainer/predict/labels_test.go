package predict

import (
	"testing"
)

// Few labels are all scored for thousands of examples; of many the sample is large enough for a temperature.
func TestAffordableCalibration(t *testing.T) {
	var two, many LabelScorer
	for i := range int32(150) {
		many.targets = append(many.targets, []int32{2 + i%50, 3 + i/50, 4, 1})
	}
	two.targets = [][]int32{{2, 1}, {3, 1}}
	if got := two.Affordable(); got != calibrationRows/3 {
		t.Errorf("two labels: %d examples, want %d", got, calibrationRows/3)
	}
	if got := many.Affordable(); got != calibrationExamples {
		t.Errorf("150 labels: %d examples, want %d", got, calibrationExamples)
	}
}
