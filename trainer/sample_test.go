package trainer

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"t5train/internal/testrun"
	"t5train/internal/ui"
	"t5train/internal/ui/terminal"
)

// A limit draws rows from all over a file, whose order may be that of the labels.
func TestMaxExamplesAreASample(t *testing.T) {
	var rows []testrun.LabelledText
	for i := range 300 {
		rows = append(rows, testrun.LabelledText{Text: fmt.Sprintf("text %d", i),
			Label: []string{"a", "b", "c"}[i/100]})
	}
	sorted := testrun.ParquetOf(t, rows)
	c := testrun.TinyConfig(t)
	c.Data.Train, c.Data.Validation, c.Data.MaxTrainExamples, c.Data.MaxValidationExamples = []string{sorted},
		[]string{sorted}, 30, 20
	drawn := func() (labels map[string]int, held, said string) {
		labels = map[string]int{}
		var out bytes.Buffer
		if err := TrainExamples(t.Context(), c, 3, terminal.Plain(&out), func(e Example) error {
			labels[e.Targets]++
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := HeldOutExamples(t.Context(), c, terminal.Plain(&out), func(e Example) error {
			held += e.Inputs + e.Targets
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return labels, held, out.String()
	}
	labels, held, said := drawn()
	if len(labels) != 3 {
		t.Errorf("30 of 300 rows in the order of their labels have the labels %v, want all three", labels)
	}
	if !strings.Contains(said, "a sample: 30 of 300 rows, drawn with seed 1\n") || !strings.Contains(said,
		"a sample: 20 of 300 rows, drawn with seed 0\n") {
		t.Errorf("said %s, want both samples", said)
	}
	c.Train.Seed++
	if _, other, _ := drawn(); other != held {
		t.Error("runs of two seeds are evaluated on different examples")
	}
}

// Of text too, and where kinds of noise share it.
func TestMaxExamplesOfTextAreASample(t *testing.T) {
	c := tinyPretraining(t)
	var first bytes.Buffer
	inputs := func(limit int) (all []string) {
		c.Data.MaxValidationExamples = limit
		if err := HeldOutExamples(t.Context(), c, terminal.Plain(&first), func(e Example) error {
			all = append(all, e.Targets)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return all
	}
	all, some := inputs(0), inputs(20)
	if len(some) != 20 || strings.Join(all[:20], "\n") == strings.Join(some, "\n") {
		t.Errorf("got %d chunks, want 20 that are not the first ones", len(some))
	}
	if want := fmt.Sprintf("a sample: 20 of %s chunks, drawn with seed 0\n",
		ui.Grouped(len(all))); !strings.Contains(first.String(), want) {
		t.Errorf("said %s, want %s", first.String(), want)
	}
}
