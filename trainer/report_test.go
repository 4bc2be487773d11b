package trainer

import (
	"os"
	"path/filepath"
	"testing"

	"t5train/internal/testdir"
	"t5train/internal/testrun"
	"t5train/trainer/runlog"
)

// A run notes what it is, where it was computed, and what its evaluations have seen.
func TestRunIsRecorded(t *testing.T) {
	c := testrun.TinyConfig(t)
	result := finetune(t, c, Options{})
	run, err := runlog.Read[runlog.Run](filepath.Join(c.Output, runlog.RunName))
	if err != nil {
		t.Fatal(err)
	}
	if run.Steps != result.Step || run.Parameters == 0 || run.Metric != "f1_macro" || len(run.Sessions) != 1 ||
		run.Sessions[0].Threads == 0 || run.Sessions[0].Kernels == "" {
		t.Errorf("the run is recorded as %+v", run)
	}
	if l := run.Lengths["train"]; l.Examples == 0 || l.Inputs.Max < 2 || run.Lengths["validation"].Examples == 0 {
		t.Errorf("its lengths are %+v", run.Lengths)
	}
	best, err := runlog.Read[runlog.Evaluation](filepath.Join(c.Output, runlog.BestName))
	if err != nil {
		t.Fatal(err)
	}
	seen, right := 0, 0
	for i, row := range best.Confusion {
		for j, n := range row {
			seen += n
			if i == j {
				right += n
			}
		}
	}
	if accuracy := float64(right) / float64(seen); best.Step != result.BestStep ||
		seen != run.Lengths["validation"].Examples || accuracy != result.Metrics["accuracy"] {
		t.Errorf("step %d: %d of %d are right, want the accuracy %g at step %d", best.Step, right, seen,
			result.Metrics["accuracy"], result.BestStep)
	}
	if first, last := best.Worst[0], best.Best[0]; first.Loss < last.Loss || first.Input == "" || first.Target == "" ||
		first.Prediction == "" || first.Probability == nil {
		t.Errorf("the worst example is %+v, the best %+v", first, last)
	}
}

// Of evaluations, what a stopped run has seen after its last checkpoint is dropped: it comes again.
func TestReportDropsWhatWillComeAgain(t *testing.T) {
	for name, c := range map[string]struct {
		state state
		kept  bool
	}{
		"a new run":          {state{}, false},
		"before":             {state{Step: 4, LastEvalStep: 4}, false},
		"yet to be done":     {state{Step: 5, LastEvalStep: 4}, false},
		"the same":           {state{Step: 5, LastEvalStep: 5}, true},
		"a later checkpoint": {state{Step: 9, LastEvalStep: 5}, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := reportNotes{t.TempDir()}
			if err := runlog.Write(r.path(runlog.BestName), runlog.Evaluation{Step: 5}); err != nil {
				t.Fatal(err)
			}
			testdir.Write(t, r.path(runlog.DirName), "latest.json", "{") // damaged
			if err := r.dropAfter(c.state); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(r.path(runlog.BestName)); (err == nil) != c.kept {
				t.Errorf("the best evaluation is kept: %v, want %v", err == nil, c.kept)
			}
			if _, err := os.Stat(r.path(runlog.LatestName)); !os.IsNotExist(err) {
				t.Errorf("the damaged one is still there: %v", err)
			}
		})
	}
}
