package trainer

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"t5train/internal/sysinfo"
	"t5train/internal/ui"
	"t5train/model/kernel"
	"t5train/trainer/runlog"
)

// stepLog writes a row of metrics now and then, with what happened since the last one. The losses are part of the run's
// state, so that a run that goes on writes the lines of one that never stopped.
type stepLog struct {
	loop     *loop
	progress *ui.Progress
	begun    time.Time
	since    time.Time     // last row of the metrics
	said     time.Time     // last line of the log
	paused   time.Duration // spent on other things since then
	pausedAt time.Time
	first    int // step at which this process began
	tokens   int
	waited   time.Duration // for the sums of gradients, until the last line
	work     *workMeter
}

func newStepLog(l *loop, p *ui.Progress) *stepLog {
	work := newWorkMeter(l.stepper.workers)
	now := time.Now()
	return &stepLog{loop: l, progress: p, begun: now, since: now, first: l.state.Step, work: work}
}

// pause and resume leave evaluations and checkpoints out of the throughput.
func (s *stepLog) pause() {
	s.pausedAt = time.Now()
	s.work.pause()
}

func (s *stepLog) resume() {
	s.paused += time.Since(s.pausedAt)
	s.work.resume()
}

func (s *stepLog) step(r stepResult) error {
	l := s.loop
	l.state.LossSum += r.Loss
	l.state.LossSteps++
	s.tokens += r.Tokens
	step := l.state.Step
	defer s.progress.Set(int64(step)) // behind what is described
	if step%l.config.Train.LogEvery != 0 && step != l.total {
		return nil
	}
	spent := max(time.Since(s.since)-s.paused, time.Microsecond) // a coarse clock may not have moved
	rate := float64(s.tokens) / spent.Seconds()
	share := s.work.share(spent.Seconds())
	loss := l.state.LossSum / float64(l.state.LossSteps)
	details := []string{fmt.Sprintf("loss %.4f", loss), fmt.Sprintf("lr %.2e", r.LearningRate), ui.Grouped(int(rate)) + " tokens/s", fmt.Sprintf("%.0f %% of peak", 100*share)}
	waited := l.stepper.reducer.Waited()
	reduce := (waited - s.waited).Seconds() / spent.Seconds()
	if waited > 0 {
		details = append(details, fmt.Sprintf("%.0f %% reducing", 100*reduce))
	}
	// With evaluations and checkpoints, of which the rest of the run has its part too.
	ran := time.Since(s.begun)
	left := time.Duration(float64(ran) / float64(step-s.first) * float64(l.total-step))
	s.progress.Describe(details...)
	if l.console.SaysStep(s.said, step == l.total) {
		s.said = time.Now()
		if step < l.total && ran >= ui.SpeedAfter {
			details = append(details, left.Round(time.Second).String()+" left")
		}
		l.console.Say("step %d/%d  epoch %.2f  %s", step, l.total, l.epoch(), strings.Join(details, ui.Gap))
	}
	s.since, s.paused, s.tokens, s.waited = time.Now(), 0, 0, waited
	l.state.LossSum, l.state.LossSteps = 0, 0
	if !l.group.First() {
		return nil
	}
	return l.history.AddTrain(runlog.Train{
		Kind: runlog.KindTrain, Step: step, Epoch: l.epoch(), Position: l.state.Position, Loss: loss, LearningRate: r.LearningRate,
		GradNorm: r.GradNorm, TokensPerSecond: rate, PeakShare: share, PeakMemoryMB: sysinfo.PeakRSS(), ReduceShare: reduce,
		Seconds: time.Since(s.begun).Seconds(), SecondsLeft: left.Seconds(), Time: runlog.Now(),
	})
}

// workMeter counts the floating-point operations of matrix products. Counting takes a tenth of a microsecond a product.
type workMeter struct {
	workers *kernel.Workers
	peak    float64 // most operations a second that the machine has been seen to reach
	done    float64 // operations since the last take that are counted
	stop    func() (flops, seconds float64)
}

func newWorkMeter(w *kernel.Workers) *workMeter {
	return &workMeter{workers: w, peak: 1e9 * peakOf(w), stop: w.Measure()}
}

// peaks holds what PeakGFLOPS has measured in this process. It is a property of the machine, and measuring it takes
// longer than a short run.
var peaks sync.Map // peakKey to float64

type peakKey struct {
	path    string
	threads int
}

func peakOf(w *kernel.Workers) float64 {
	key := peakKey{w.ISA(), w.Threads()}
	if peak, ok := peaks.Load(key); ok {
		return peak.(float64)
	}
	peak, _ := peaks.LoadOrStore(key, kernel.PeakGFLOPS(w))
	return peak.(float64)
}

func (m *workMeter) pause() {
	flops, _ := m.stop()
	m.done += flops
}

func (m *workMeter) resume() { m.stop = m.workers.Measure() }

// share returns which part of the peak the work of some seconds was, since the last call.
func (m *workMeter) share(seconds float64) float64 {
	rate := m.take() / seconds
	m.peak = max(m.peak, rate) // other work may have disturbed the measurement
	return rate / m.peak
}

// take returns the operations since the last take.
func (m *workMeter) take() float64 {
	m.pause()
	m.resume()
	flops := m.done
	m.done = 0
	return flops
}
