package speed

import (
	"testing"
	"time"

	"t5train/model/kernel"
	"t5train/trainer/runlog"
)

// The time that is left counts evaluations and checkpoints too, at the rate at which they came so far.
func TestTimeLeft(t *testing.T) {
	m := NewMeter(kernel.NewWorkers(1), 0)
	m.Start()(7, time.Second)
	m.begun = m.begun.Add(-time.Minute) // an evaluation of a minute
	m.spent = time.Second
	var row runlog.Train
	m.Fill(&row, 2, 8)
	if row.SecondsLeft < 3*60 { // six steps of half a minute
		t.Errorf("%g seconds are left, want three minutes", row.SecondsLeft)
	}
	if row.TokensPerSecond != 7 || row.ReduceShare != 1 {
		t.Errorf("%g tokens a second, %g of it waiting, want 7 and 1", row.TokensPerSecond, row.ReduceShare)
	}
}
