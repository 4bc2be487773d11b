package trainer

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"t5train/internal/testdir"
	"t5train/internal/testrun"
	"t5train/internal/ui/terminal"
)

// A log has a line for the first row of metrics and for the last one, and between them one every ten seconds;
// metrics.jsonl has every row.
func TestLogLinesOfSteps(t *testing.T) {
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	c := testrun.TinyConfig(t)
	c.Train.LogEvery = 1
	r := finetune(t, c, Options{Sink: terminal.New(log, nil)})
	lines := regexp.MustCompile(`(?m)^step \d+/\d+`).FindAllString(string(testdir.Read(t, log.Name())), -1)
	if want := []string{"step 1/8", "step 8/8"}; !slices.Equal(lines, want) {
		t.Errorf("lines %q, want %q", lines, want)
	}
	if rows := testrun.TrainLosses(t, c.Output); len(rows) != r.Step {
		t.Errorf("%d rows of metrics, want %d", len(rows), r.Step)
	}
}
