package report

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// What evaluate wrote into the folder of a run is shown beside its own evaluations, and other JSON is not.
func TestResults(t *testing.T) {
	dir := writeRun(t, filepath.Join(t.TempDir(), "run"))
	write(t, dir, "test.json", `{"examples": 9, "accuracy": 0.5, "loss": null, "intervals": {"accuracy": [0.25, 0.75]},
		"constant_answer": "ham", "constant": {"accuracy": 0.5}, "notes": null}`)
	write(t, dir, "other.json", `{"examples": 9}`)
	write(t, dir, "list.json", `[]`)
	run := Read(dir)
	if len(run.Results) != 1 || len(run.Notes) > 0 {
		t.Fatalf("results %v, notes %q", run.Results, run.Notes)
	}
	r := run.Results[0]
	if loss, ok := r.Values["loss"]; r.Name != "test" || len(r.Values) != 3 || *r.Values["accuracy"] != 0.5 || !ok ||
		loss != nil || *r.Intervals["accuracy"][1] != 0.75 {
		t.Errorf("%+v", r)
	}
	best := filepath.Join(dir, "checkpoints", "checkpoint-00000002")
	if err := os.MkdirAll(best, 0o777); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(best, later, later); err != nil {
		t.Fatal(err)
	}
	if r := Read(dir).Results[0]; !r.Older {
		t.Error("results of an earlier checkpoint are not called older")
	}
}
