package trainer

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"
)

func TestProgressLine(t *testing.T) {
	for name, c := range map[string]struct {
		total, done int64
		elapsed     time.Duration
		want        string
	}{
		"fast":         {1000, 500, 5 * time.Second, "predict: 500 of 1000 inputs, 100 a second, 5s left"},
		"slow":         {8, 2, 8 * time.Second, "predict: 2 of 8 inputs, 0.25 a second, 24s left"},
		"nothing yet":  {8, 0, time.Second, "predict: 0 of 8 inputs, 0.00 a second"},
		"no known end": {-1, 500, 5 * time.Second, "predict: 500 inputs, 100 a second"},
	} {
		p := &Progress{what: "predict", unit: "inputs", total: c.total}
		if got := p.line(c.done, c.elapsed); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A log has a line for the first row of metrics and for the last one, and between them one every ten seconds; metrics.jsonl
// has every row.
func TestLogLinesOfSteps(t *testing.T) {
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	c := tinyConfig(t)
	c.Train.LogEvery = 1
	r := finetune(t, c, FinetuneOptions{Console: NewConsole(log)})
	lines := regexp.MustCompile(`(?m)^step \d+/\d+`).FindAllString(string(mustRead(t, log.Name())), -1)
	if want := []string{"step 1/8", "step 8/8"}; !slices.Equal(lines, want) {
		t.Errorf("lines %q, want %q", lines, want)
	}
	if rows := trainLosses(t, c.Output); len(rows) != r.Step {
		t.Errorf("%d rows of metrics, want %d", len(rows), r.Step)
	}
	console := &Console{steps: plainEvery}
	for since, want := range map[time.Duration]bool{plainEvery + time.Second: true, plainEvery - time.Second: false} {
		if got := console.saysStep(time.Now().Add(-since), false); got != want {
			t.Errorf("%v after a line: says %v", since, got)
		}
	}
}
