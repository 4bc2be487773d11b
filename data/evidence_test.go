package data

import (
	"context"
	"slices"
	"testing"

	"t5train/data/table"
	"t5train/data/task"
)

// questions is a source with the columns question, context and answer.
type questions [][3]string

func (q questions) Rows() int64                      { return int64(len(q)) }
func (q questions) Locate(row int64) (string, int64) { return "table", row }

func (q questions) Scan(_ context.Context, _ []string, yield func(int64, []table.Cell) error) error {
	for i, row := range q {
		var cells []table.Cell
		for _, text := range row {
			cells = append(cells, table.Cell{Kind: table.String, Str: text})
		}
		if err := yield(int64(i), cells); err != nil {
			return err
		}
	}
	return nil
}

// A question whose answer lies behind the cut of its context is counted, and not trained on.
func TestBuildLeavesOutCutAnswers(t *testing.T) {
	spec := task.Spec{Name: task.QuestionAnswering, TextColumns: []string{"q", "c"}, TargetColumn: "a"}
	const head = "question: q context: "
	rows := questions{
		{"q", "Ann met Bo", "Ann"},          // fits
		{"q", "Ann met Bo by chance", "Bo"}, // is cut behind the answer
		{"q", "Ann met Bo by chance", "chance"},
		{"q", "Ann met Bo by chance", "nobody"}, // is no part of the text
	}
	limits := Limits{MaxInput: len(head) + len("Ann met Bo") + 1, MaxTarget: 10}
	for name, c := range map[string]struct {
		use     Use
		targets []string
	}{
		"training": {ForTraining, []string{"Ann", "Bo", "nobody"}},
		"held out": {HeldOut, []string{"Ann", "Bo", "chance", "nobody"}},
	} {
		for _, threads := range []int{1, 3} {
			e, err := Build(t.Context(), rows, spec, c.use, letters{}, limits, threads, nil)
			if err != nil {
				t.Fatal(err)
			}
			if e.CutAnswers != 1 || e.CutInputs != 3 || e.Len() != len(c.targets) {
				t.Fatalf("%s: %d examples with %d answers and %d inputs cut, want %d, 1 and 3", name, e.Len(),
					e.CutAnswers, e.CutInputs, len(c.targets))
			}
			for i, target := range c.targets {
				input := e.Input(i)
				if !slices.Equal(e.Target(i), ids(target)) || !slices.Equal(input[:len(head)], ids(head)[:len(head)]) ||
					len(input) > limits.MaxInput {
					t.Errorf("%s, example %d: %v for %v, want %q", name, i, e.Target(i), input, target)
				}
			}
		}
	}
}
