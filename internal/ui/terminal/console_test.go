package terminal

import (
	"testing"
	"time"

	"t5train/internal/ui"
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
		p := &progress{work: ui.Work{Name: "predict", Unit: "inputs", Total: c.total}}
		if got := p.line(c.done, c.elapsed); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// Lines about steps keep their distance.
func TestStepLines(t *testing.T) {
	console := &Console{steps: plainEvery}
	for since, want := range map[time.Duration]bool{plainEvery + time.Second: true, plainEvery - time.Second: false} {
		if got := console.saysStep(time.Now().Add(-since), false); got != want {
			t.Errorf("%v after a line: says %v", since, got)
		}
	}
}
