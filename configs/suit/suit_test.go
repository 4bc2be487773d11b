package suit

import "testing"

func TestEpochs(t *testing.T) {
	small := Facts{Pretrained: true, Parameters: 9e6}
	large := Facts{Pretrained: true, Parameters: 60e6}
	for _, test := range []struct {
		name   string
		facts  Facts
		rows   int
		tokens float64
		usual  float64
		want   float64
	}{
		{"small, 5 rows", small, 5, 20, 3, 50},
		{"small, 100 rows", small, 100, 20, 3, 50},
		{"small, 1,000 rows", small, 1000, 20, 3, 16},
		{"small, 9,000 rows", small, 9000, 20, 3, 5},
		{"small, 9,000 rows, lengths unknown", small, 9000, 0, 3, 5},
		{"small, 1,000 long rows", small, 1000, 500, 3, 3},
		{"small, very much text", small, 100_000, 500, 3, 1},
		{"new, 100 rows", Facts{}, 100, 20, 10, 50},
		{"new, 9,000 rows", Facts{}, 9000, 10, 10, 10},
		{"new, 9,000 long rows", Facts{}, 9000, 50, 10, 3},
		{"large, 100 rows", large, 100, 20, 3, 29}, // 7 steps an epoch
		{"large, 9,000 rows", large, 9000, 500, 3, 3},
		{"unknown", small, 0, 0, 3, 3},
	} {
		f := test.facts
		f.Rows, f.Tokens = test.rows, test.tokens
		if got := f.Epochs(test.usual, SmallBatch, 1); got != test.want {
			t.Errorf("%s: got %g epochs, want %g", test.name, got, test.want)
		}
	}
	if got := (Facts{Rows: 100}).Epochs(10, 0, 1); got != 10 {
		t.Errorf("batches of tokens: got %g epochs, want 10", got)
	}
}

func TestEvaluations(t *testing.T) {
	for steps, want := range map[float64]int{0: 20, 5: 20, 160: 20, 161: 21, 1000: 125} {
		if got := EverySteps(steps); got != want {
			t.Errorf("%g steps: got an evaluation every %d, want %d", steps, got, want)
		}
	}
	for _, test := range []struct {
		rows, heldOut int
		epochs        float64
		want          int
	}{{100, 200, 50, 0}, {100, 1000, 50, 500}, {100, 1000, 3, 200}, {9000, 5000, 5, 4500}, {0, 5000, 5, 0}} {
		if got := (Facts{Rows: test.rows, HeldOut: test.heldOut}).MaxHeldOut(test.epochs); got != test.want {
			t.Errorf("%+v: got %d rows to evaluate on", test, got)
		}
	}
}
