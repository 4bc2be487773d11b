package trainer

import (
	"fmt"
	"time"
)

// stepLog writes a line of the log now and then, with what happened since the last one. The losses are part of the run's
// state, so that a run that goes on writes the lines of one that never stopped.
type stepLog struct {
	loop     *loop
	progress *Progress
	begun    time.Time
	since    time.Time     // last line
	paused   time.Duration // spent on other things since then
	pausedAt time.Time
	total    time.Duration // training time of this process
	first    int           // step at which this process began
	tokens   int
}

func newStepLog(l *loop, p *Progress) *stepLog {
	now := time.Now()
	return &stepLog{loop: l, progress: p, begun: now, since: now, first: l.state.Step}
}

// pause and resume leave evaluations and checkpoints out of the throughput.
func (s *stepLog) pause()  { s.pausedAt = time.Now() }
func (s *stepLog) resume() { s.paused += time.Since(s.pausedAt) }

func (s *stepLog) step(r stepResult) error {
	l := s.loop
	l.state.LossSum += r.Loss
	l.state.LossSteps++
	s.tokens += r.Tokens
	step := l.state.Step
	s.progress.Set(int64(step))
	if step%l.config.Train.LogEvery != 0 && step != l.total {
		return nil
	}
	spent := max(time.Since(s.since)-s.paused, time.Microsecond) // a coarse clock may not have moved
	s.total += spent
	rate := float64(s.tokens) / spent.Seconds()
	loss := l.state.LossSum / float64(l.state.LossSteps)
	line := fmt.Sprintf("loss %.4f  lr %.2e  %s tokens/s", loss, r.LearningRate, grouped(int(rate)))
	if s.progress.console.terminal {
		s.progress.Describe("train  %s", line)
	} else {
		left := ""
		if done := step - s.first; step < l.total {
			left = "  " + remaining(s.total, int64(done), int64(l.total-s.first)) + " left"
		}
		l.console.Say("step %d/%d  epoch %.2f  %s%s", step, l.total, l.epoch(), line, left)
	}
	s.since, s.paused, s.tokens = time.Now(), 0, 0
	l.state.LossSum, l.state.LossSteps = 0, 0
	return l.history.add(trainRecord{
		Kind: kindTrain, Step: step, Epoch: l.epoch(), Loss: loss, LearningRate: r.LearningRate,
		GradNorm: r.GradNorm, TokensPerSecond: rate, Seconds: time.Since(s.begun).Seconds(),
	})
}
