package optim

import (
	"math"
	"strings"
	"testing"
)

// TestPaper_PretrainingRate: 1/sqrt(max(step, 10,000)), section 3.1.2 of the T5 paper.
func TestPaper_PretrainingRate(t *testing.T) {
	s, err := NewSchedule("rsqrt", ScheduleOptions{LR: 1, Warmup: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	for step, want := range map[int64]float64{
		0: 0.01, 1: 0.01, 10_000: 0.01, 65_536: 0.00390625, 250_000: 0.002, 1_000_000: 0.001,
	} {
		if got := s.LR(step); math.Abs(got-want) > 1e-15 {
			t.Errorf("step %d: learning rate is %v, want %v", step, got, want)
		}
	}
}

func TestNewScheduleRefuses(t *testing.T) {
	tests := []struct {
		name, schedule string
		options        ScheduleOptions
		want           string
	}{
		{"an unknown name", "lineal", ScheduleOptions{LR: 1},
			`schedule "lineal" is unknown, want one of constant, constant_with_warmup, linear, cosine, polynomial, inverse_sqrt, rsqrt`},
		{"no end", "linear", ScheduleOptions{LR: 1}, "total is 0 steps, want more than the 0 of the warm-up"},
		{"a warm-up past the end", "cosine", ScheduleOptions{LR: 1, Warmup: 9, Total: 9},
			"total is 9 steps, want more than the 9"},
		{"a negative warm-up", "rsqrt", ScheduleOptions{LR: 1, Warmup: -1}, "warm-up is -1 steps"},
		{"a negative rate", "constant", ScheduleOptions{LR: -1}, "learning rate is -1"},
		{"no number", "constant", ScheduleOptions{LR: math.NaN()}, "learning rate is NaN"},
		{"a rate below its end", "polynomial", ScheduleOptions{LR: 1e-8, Total: 1},
			"learning rate is 1e-08, want above its end at 1e-07"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := NewSchedule(test.schedule, test.options)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestSchedulesStayInRange(t *testing.T) {
	for _, name := range ScheduleNames() {
		s, err := NewSchedule(name, ScheduleOptions{LR: 0.5, Warmup: 7, Total: 40})
		if err != nil {
			t.Fatal(err)
		}
		for step := range int64(100) {
			if lr := s.LR(step); !(lr >= 0 && lr <= 0.5) {
				t.Errorf("%s: learning rate of step %d is %v, want from 0 to 0.5", name, step, lr)
			}
		}
	}
}
