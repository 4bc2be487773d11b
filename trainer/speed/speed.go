// Package speed measures the steps of a run.
package speed

import (
	"sync"
	"time"

	"t5train/internal/sysinfo"
	"t5train/model/kernel"
	"t5train/trainer/runlog"
)

// Meter measures the steps of this process: reading batches and computing with them, without evaluations,
// checkpoints and hooks.
type Meter struct {
	workers *kernel.Workers
	peak    float64 // most floating-point operations a second that the machine has been seen to reach
	begun   time.Time
	first   int // steps that were done when this process began

	// Since the last row.
	spent   time.Duration
	flops   float64 // of matrix products
	tokens  int
	waiting time.Duration // for gradients of other ranks
}

// NewMeter returns a meter of steps on w, of which first are done.
func NewMeter(w *kernel.Workers, first int) *Meter {
	return &Meter{workers: w, peak: peakOf(w), begun: time.Now(), first: first}
}

// Start begins to measure a step; the function that it returns ends that, and takes the tokens of the step and how long
// this process waited for gradients of others. Counting takes a tenth of a microsecond a
// product.
func (s *Meter) Start() (done func(tokens int, waited time.Duration)) {
	begun, stop := time.Now(), s.workers.Measure()
	return func(tokens int, waited time.Duration) {
		flops, _ := stop()
		s.flops += flops
		s.spent += time.Since(begun)
		s.tokens += tokens
		s.waiting += waited
	}
}

// Fill sets the figures of a row about the steps since the last one, of which step is the last and total those of the
// run. The rest of the run is expected to have its share of evaluations and checkpoints too.
func (s *Meter) Fill(row *runlog.Train, step, total int) {
	seconds := max(s.spent, time.Microsecond).Seconds() // a coarse clock may not have moved
	rate := s.flops / seconds
	s.peak = max(s.peak, rate) // other work may have disturbed the measurement
	row.TokensPerSecond, row.PeakShare = float64(s.tokens)/seconds, rate/s.peak
	row.PeakMemoryMB, row.ReduceShare = sysinfo.PeakRSS(), s.waiting.Seconds()/seconds
	row.Seconds = time.Since(s.begun).Seconds()
	row.SecondsLeft = row.Seconds / float64(step-s.first) * float64(total-step)
	row.Time = runlog.Now()
	s.spent, s.flops, s.tokens, s.waiting = 0, 0, 0, 0
}

// peaks holds what PeakGFLOPS has measured in this process. It is a property of the machine, and measuring it takes
// longer than a short run.
var peaks sync.Map // peakKey to float64, operations a second

type peakKey struct {
	isa       string
	precision kernel.Precision
	threads   int
}

func peakOf(w *kernel.Workers) float64 {
	key := peakKey{w.ISA(), w.Precision(), w.Threads()}
	if peak, ok := peaks.Load(key); ok {
		return peak.(float64)
	}
	peak, _ := peaks.LoadOrStore(key, 1e9*kernel.PeakGFLOPS(w))
	return peak.(float64)
}
